#include "container/builder/graph.h"

#include <algorithm>

#include "model/oci/image.h"

namespace podo::builder {
namespace {

using dockerfile::Dockerfile;
using dockerfile::Instruction;
using dockerfile::Kind;

bool is_number(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The name that the caller gave a context, when it means `name`: "alpine" is alpine:latest, too.
std::string context_called(const std::set<std::string>& contexts, const std::string& name) {
  if (contexts.contains(name)) return name;
  const auto complete = oci::Reference::parse(name);
  for (const std::string& context : contexts) {
    const auto other = oci::Reference::parse(context);
    if (complete && other && complete->to_text() == other->to_text()) return context;
  }
  return {};
}

// from= among the parts of a mount, which are separated by commas.
std::string mounted_from(std::string_view value) {
  while (!value.empty()) {
    std::string_view part = value.substr(0, value.find(','));
    value.remove_prefix(std::min(value.size(), part.size() + 1));
    if (part.starts_with('"')) part.remove_prefix(1);
    if (!part.starts_with("from=")) continue;
    part.remove_prefix(5);
    if (part.ends_with('"')) part.remove_suffix(1);
    return std::string(part);
  }
  return {};
}

class Walk {
 public:
  Walk(const Dockerfile& file, const GraphWish& wish) : file_(file), wish_(wish) {
    graph_.nodes.resize(file.stages.size());
    seen_.resize(file.stages.size());
  }

  Result<Graph> from_target() {
    graph_.target = file_.stages.size() - 1;
    if (!wish_.target.empty()) {
      const auto found = dockerfile::find_stage(file_, wish_.target, file_.stages.size());
      if (!found || is_number(wish_.target))
        return invalid("target stage \"{}\" could not be found", wish_.target);
      graph_.target = *found;
    }
    TRY(visit(graph_.target));
    for (std::size_t i = 0; i < seen_.size(); ++i)
      if (seen_[i]) graph_.needed.push_back(i);
    return std::move(graph_);
  }

 private:
  Result<> visit(std::size_t stage) {
    if (seen_[stage]) return {};
    seen_[stage] = true;
    const dockerfile::Stage& what = file_.stages[stage];
    TRY(find_base(stage));
    if (graph_.nodes[stage].base.kind == Origin::Kind::stage)
      TRY(follow(stage, graph_.nodes[stage].base.stage));
    for (const Instruction& step : what.steps) {
      for (const std::string& name : sources_of(step)) {
        auto origin = find_source(step, name, stage);
        if (!origin) return Failure(dockerfile::at(file_, step.place, origin.error().message()));
        if (origin->kind == Origin::Kind::stage) TRY(follow(stage, origin->stage));
      }
    }
    return {};
  }

  std::string called(std::size_t stage) const {
    const std::string& name = file_.stages[stage].name;
    return name.empty() ? text("stage-{}", stage) : name;
  }

  Result<Origin> find_source(const Instruction& step, const std::string& name, std::size_t stage) {
    Origin origin = TRY(find_origin(file_, wish_.contexts, name, file_.stages.size()));
    if (origin.kind != Origin::Kind::stage || origin.stage < stage) return origin;
    if (origin.stage == stage) return invalid("circular dependency detected on stage: {}", called(stage));
    return invalid("cannot {} from stage \"{}\", it needs to be defined before current stage \"{}\"",
                   step.kind == Kind::copy ? "copy" : "mount", name, called(stage));
  }

  Result<> find_base(std::size_t stage) {
    const Instruction& from = file_.stages[stage].from;
    StageNode& node = graph_.nodes[stage];
    const auto wrong = [&](const Error& error) {
      return Failure(dockerfile::at(file_, from.place, error.message()));
    };
    if (from.words.empty()) return wrong(Error(ErrorKind::invalid, "FROM requires an image"));
    auto name = wish_.expand(from, from.words[0]);
    if (!name) return wrong(name.error());
    if (name->empty())
      return wrong(Error(ErrorKind::invalid, text("base name ({}) should not be blank", from.words[0])));
    if (const dockerfile::Flag* flag = from.flag("platform")) {
      auto platform = wish_.expand(from, flag->value);
      if (!platform) return wrong(platform.error());
      node.platform = *std::move(platform);
    }
    // A context can stand for the whole stage.
    const std::string& own = file_.stages[stage].name;
    if (!own.empty() && wish_.contexts.contains(own)) {
      node.base = {.kind = Origin::Kind::context, .name = own};
      return {};
    }
    if (*name == "scratch") return {};
    auto origin = find_origin(file_, wish_.contexts, *name, stage);
    if (!origin || is_number(*name)) {  // FROM knows stages by name alone
      origin = Origin{.kind = Origin::Kind::image, .name = *name};
    }
    node.base = *std::move(origin);
    return {};
  }

  Result<> follow(std::size_t stage, std::size_t needed) {
    TRY(visit(needed));
    std::vector<std::size_t>& needs = graph_.nodes[stage].needs;
    const auto place = std::lower_bound(needs.begin(), needs.end(), needed);
    if (place == needs.end() || *place != needed) needs.insert(place, needed);
    return {};
  }

  const Dockerfile& file_;
  const GraphWish& wish_;
  Graph graph_;
  std::vector<bool> seen_;
};

}  // namespace

bool Graph::needs(std::size_t stage) const { return std::binary_search(needed.begin(), needed.end(), stage); }

Result<Origin> find_origin(const Dockerfile& file, const std::set<std::string>& contexts,
                           const std::string& name, std::size_t before) {
  if (std::string context = context_called(contexts, name); !context.empty())
    return Origin{.kind = Origin::Kind::context, .name = std::move(context)};
  if (const auto stage = dockerfile::find_stage(file, name, before)) {
    if (std::string context = context_called(contexts, file.stages[*stage].name); !context.empty())
      return Origin{.kind = Origin::Kind::context, .name = std::move(context)};
    return Origin{.kind = Origin::Kind::stage, .stage = *stage};
  }
  if (is_number(name)) return invalid("invalid stage index {}", name);
  if (name == "scratch") return Origin{};
  return Origin{.kind = Origin::Kind::image, .name = name};
}

std::vector<std::string> sources_of(const Instruction& step) {
  std::vector<std::string> names;
  const auto add = [&names](std::string name) {
    if (!name.empty()) names.push_back(std::move(name));
  };
  for (const dockerfile::Flag& flag : step.flags) {
    if (step.kind == Kind::copy && flag.name == "from") add(flag.value);
    if (step.kind == Kind::run && flag.name == "mount") add(mounted_from(flag.value));
  }
  return names;
}

Result<Graph> make_graph(const Dockerfile& file, const GraphWish& wish) {
  return Walk(file, wish).from_target();
}

}  // namespace podo::builder
