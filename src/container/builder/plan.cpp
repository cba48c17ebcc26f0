// What a build will do, before it does any of it: the stages it needs, and its steps by number.
#include <algorithm>

#include "container/builder/solve.h"

namespace podo::builder {
namespace {

// FROM's words see the global arguments only.
Result<std::string> expand_from(Work& work, const Globals& globals, const dockerfile::Instruction& from,
                                const std::string& word) {
  const dockerfile::Lookup lookup = [&](std::string_view name) {
    auto value = globals.find(name);
    const auto& known = globals.arguments();
    const bool declared =
        std::any_of(known.begin(), known.end(), [&](const Argument& each) { return each.name == name; });
    if (!declared && !has_standard_value(word, name)) {
      std::vector<std::string_view> names;
      for (const Argument& each : known) names.emplace_back(each.name);
      work.warn("UndefinedArgInFrom",
                text("FROM argument '{}' is not declared{}", name, dockerfile::suggestion(name, names)),
                from.place.line);
    }
    return value;
  };
  return dockerfile::expand(word, lookup, work.file.directives.escape);
}

}  // namespace

Result<SolvePlan> plan_solve(Work& work, oci::Platform platform, int numbered) {
  const BuildRequest& request = work.request;
  Globals globals = TRY(Globals::make(work.file, work.given,
                                      {.build = oci::Platform::own(), .target = platform}, request.target));
  GraphWish wish{.target = request.target, .contexts = {}, .expand = {}};
  for (const auto& [name, place] : request.named_contexts) wish.contexts.insert(name);
  wish.expand = [&](const dockerfile::Instruction& from, const std::string& word) {
    return expand_from(work, globals, from, word);
  };
  Graph graph = TRY(make_graph(work.file, wish));
  SolvePlan plan{.platform = std::move(platform), .globals = std::move(globals), .graph = std::move(graph)};
  plan.total = numbered;
  if (request.platforms.size() > 1) plan.prefix = plan.platform.to_text() + " ";
  plan.numbers.resize(work.file.stages.size());
  for (const std::size_t stage : plan.graph.needed) {
    plan.numbers[stage] = plan.total + 1;
    plan.total += 1 + static_cast<int>(work.file.stages[stage].steps.size());
  }
  return plan;
}

void Work::warn(std::string_view rule, std::string message, int line) {
  if (!file.directives.checks(rule)) return;
  BuildEvent event{.kind = BuildEvent::Kind::warning, .line = line};
  event.rule = rule;
  event.text = std::move(message);
  const bool told = std::any_of(warned.begin(), warned.end(), [&](const BuildEvent& other) {
    return other.rule == event.rule && other.text == event.text && other.line == event.line;
  });
  if (told) return;
  warned.push_back(event);
  tell(event);
}

}  // namespace podo::builder
