// The path of a build: stages side by side, their steps one by one.
#include "container/builder/solve.h"

#include <algorithm>

#include "base/io/combine.h"
#include "container/builder/base_image.h"
#include "container/builder/config_change.h"
#include "container/builder/expand_step.h"
#include "container/builder/step_failed.h"
#include "container/builder/step_key.h"

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;

Task<void> joined(io::TaskGroup& group) { co_await group.join(); }

bool lists(const std::vector<std::string>& names, const dockerfile::Stage& stage, std::size_t index) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == text("{}", index) || (!stage.name.empty() && name == stage.name);
  });
}

}  // namespace

bool makes_layer(Kind kind) {
  return kind == Kind::run || kind == Kind::copy || kind == Kind::add || kind == Kind::workdir;
}

Solve::Solve(Work& work, SolvePlan plan)
    : work_(work),
      plan_(std::move(plan)),
      done_(work.file.stages.size()),
      waits_(work.file.stages.size()),
      packing_(work.ground.loop),
      stages_(work.ground.loop) {}

Task<State> Solve::run() {
  for (const std::size_t stage : plan_.graph.needed)
    stages_.spawn(solve_stage(stage), text("stage {} of a build", stage));
  const auto solved = co_await joined(stages_).result();
  if (!solved) {
    packing_.cancel();
    co_await io::shielded(joined(packing_));
    co_return Failure(solved.error());
  }
  co_await packing_.join();
  co_return *std::move(done_[plan_.graph.target]);
}

Task<void> Solve::solve_stage(std::size_t index) {
  const dockerfile::Stage& stage = work_.file.stages[index];
  StageRun run{.index = index, .stage = stage, .number = plan_.numbers[index]};
  run.no_cache = work_.request.no_cache || lists(work_.request.no_cache_stages, stage, index);
  co_await take_step(run, stage.from);
  for (const Instruction& step : stage.steps) {
    ++run.number;
    co_await take_step(run, step);
  }
  done_[index] = std::move(run.state);
  changed_.notify_all();
}

Task<void> Solve::take_step(StageRun& run, const Instruction& step) {
  const Monotonic start = work_.ground.clock.now();
  BuildEvent event{.kind = BuildEvent::Kind::started, .step = run.number};
  event.line = step.place.line;
  event.text = step.text;
  event.stage = run.stage.name;
  event.name = step_name(run, step);
  if (makes_layer(step.kind)) ++run.part;
  work_.tell(event);
  auto done = co_await perform(run, step).result();
  if (!done) {
    if (done.error().kind() != ErrorKind::cancelled) co_await tell_failure(run, step, done.error());
    co_await Failure(located(step, done.error()));
  }
  event.kind = BuildEvent::Kind::done;
  event.cached = done->cached;
  if (step.kind != Kind::from) run.state.image_id.clear();
  event.state = (run.state.image_id.empty() ? run.state.id() : run.state.image_id).substr(7);
  event.took = work_.ground.clock.now() - start;
  work_.tell(event);
}

Task<StepDone> Solve::perform(StageRun& run, const Instruction& step) {
  if (step.kind == Kind::from) {
    co_await begin(run);
    co_await run_triggers(run);
    co_return StepDone{};
  }
  if (step.kind == Kind::arg) co_return co_await declare(run, step);
  Instruction expanded = co_await expand(run, step);
  switch (step.kind) {
    case Kind::run: co_return co_await run_step(*this, run, std::move(expanded));
    case Kind::add:
    case Kind::copy: co_return co_await copy_step(*this, run, std::move(expanded));
    case Kind::workdir: co_return co_await workdir_step(*this, run, std::move(expanded));
    default: co_return co_await change(run, expanded);
  }
}

// --- FROM ------------------------------------------------------------------------------------------------

Task<void> Solve::begin(StageRun& run) {
  const StageNode& node = plan_.graph.nodes[run.index];
  run.platform = plan_.platform;
  if (!node.platform.empty()) {
    const auto platform = oci::Platform::parse(node.platform);
    if (!platform) co_await invalid("\"{}\": unknown operating system or architecture", node.platform);
    run.platform = *platform;
  }
  if (node.base.kind == Origin::Kind::stage) {
    const State* base = co_await wait_for(run.index, node.base.stage);
    run.state = *base;
    run.state.command_set = false;
    co_return;
  }
  run.state = co_await begin_state(work_, node.base, run.platform, run.number);
  for (const std::string& chain_id : run.state.chain_ids) work_.lease->hold(chain_id);
}

Task<void> Solve::run_triggers(StageRun& run) {
  const std::vector<std::string> triggers = std::move(run.state.config.on_build);
  run.state.config.on_build.clear();
  if (triggers.empty()) co_return;
  run.state.image_id.clear();
  BuildEvent note{.kind = BuildEvent::Kind::note, .step = run.number};
  note.text = text("Executing {} build trigger{}", triggers.size(), triggers.size() == 1 ? "" : "s");
  work_.tell(note);
  run.in_trigger = true;
  for (const std::string& trigger : triggers) {
    auto parsed = dockerfile::parse_instruction(trigger);
    if (!parsed) co_await Failure(std::move(parsed).error().within(text("ONBUILD {}", trigger)));
    const Instruction step = *std::move(parsed);
    co_await perform(run, step);
  }
  run.in_trigger = false;
}

Task<const State*> Solve::wait_for(std::size_t waiting, std::size_t wanted) {
  if (!plan_.graph.needs(wanted)) co_return invalid("the stage {} is not part of this build", wanted);
  for (std::optional<std::size_t> next = wanted; next; next = waits_[*next])
    if (*next == waiting) co_return invalid("circular dependency detected on stage: {}", wanted);
  waits_[waiting] = wanted;
  while (!done_[wanted]) co_await changed_.wait();
  waits_[waiting].reset();
  co_return &*done_[wanted];
}

Task<Source> Solve::find_source(StageRun& run, std::string name) {
  if (name.empty()) co_return Source{.tree = &work_.context->tree()};
  std::set<std::string> contexts;
  for (const auto& [context, where] : work_.request.named_contexts) contexts.insert(context);
  const std::size_t before = run.in_trigger ? run.index : work_.file.stages.size();
  const Origin origin = co_await find_origin(work_.file, contexts, name, before);
  switch (origin.kind) {
    case Origin::Kind::scratch: co_return Source{};
    case Origin::Kind::stage:
      co_return Source{.chain_ids = (co_await wait_for(run.index, origin.stage))->chain_ids};
    case Origin::Kind::image: {
      const image::ImagePtr image = co_await find_image(work_, origin.name, run.platform, run.number);
      work_.lease->hold(image->chain_ids.empty() ? "" : image->chain_ids.back());
      co_return Source{.chain_ids = image->chain_ids};
    }
    case Origin::Kind::context: co_return co_await find_context(work_, origin.name, run.platform, run.number);
  }
  co_return internal("no such origin");
}

// --- steps -----------------------------------------------------------------------------------------------

Task<StepDone> Solve::add_layer(StageRun& run, std::string key, std::string what, Make make) {
  const auto use = [&](const CachedStep& step, bool cached) {
    run.state.add_layer({.chain_id = step.chain_id, .diff_id = step.diff_id, .bytes = step.bytes}, key);
    work_.keys_used.push_back(key);
    if (is_below_target(run.index) && !step.diff_id.empty())
      packing_.spawn(pack_ahead(run.state.top()), "pack a layer");
    return StepDone{.cached = cached,
                    .created = work_.epoch || step.created.ns == 0 ? work_.now() : step.created};
  };
  std::unique_ptr<Cache::Claim> claim;
  if (!run.no_cache) {
    if (const auto found = work_.lease->find(key)) co_return use(*found, true);
    claim = co_await work_.cache.claim(key);
    if (const auto found = work_.lease->find(key)) co_return use(*found, true);
  }
  const Places::Held place = co_await work_.places.take();
  const image::Images::KeptLayer kept = co_await make();
  const CachedStep step{.parent_chain_id = run.state.top(),
                        .chain_id = kept.chain_id,
                        .diff_id = kept.diff_id,
                        .bytes = kept.bytes,
                        .what = std::move(what),
                        .created = work_.ground.clock.wall()};
  co_await work_.lease->keep(key, step);
  co_return use(step, false);
}

// When a step without a layer was made first: images of unchanged steps are what they were.
Task<StepDone> Solve::remember_time(StageRun& run, const std::string& kind, std::string what) {
  if (work_.epoch) co_return StepDone{.created = work_.now()};
  const std::string key = "time/" + StepKey(kind).add("parent", run.state.id()).add("what", what).digest();
  if (!run.no_cache) {
    if (const auto known = work_.cache.fact(key)) {
      std::int64_t ns = 0;
      for (const char digit : *known) ns = ns * 10 + (digit - '0');
      co_return StepDone{.cached = true, .created = {ns}};
    }
  }
  const Wall now = work_.now();
  co_await work_.cache.keep_fact(key, text("{}", now.ns));
  co_return StepDone{.created = now};
}

Task<StepDone> Solve::change(StageRun& run, const Instruction& step) {
  oci::ImageConfig config = run.state.config;
  bool command_set = run.state.command_set;
  std::string history = co_await change_config(config, step, command_set);
  const StepDone done = co_await remember_time(run, "change", step.text + "\n" + history);
  run.state.config = std::move(config);
  run.state.command_set = command_set;
  if (step.kind == Kind::env)
    for (const auto& [name, value] : step.pairs) run.state.scope.hide(name);
  if (!history.empty()) run.state.add_history(done.created, std::move(history), true);
  co_return done;
}

Task<StepDone> Solve::declare(StageRun& run, const Instruction& step) {
  std::string history = "ARG";
  for (const auto& [written, standard] : step.pairs) {
    const dockerfile::Lookup lookup = [&](std::string_view name) { return run.state.find(name); };
    const char escape = work_.file.directives.escape;
    const std::string name = co_await dockerfile::expand(written, lookup, escape);
    std::optional<std::string> value;
    if (standard) value = co_await dockerfile::expand(*standard, lookup, escape);
    run.state.scope.declare(name, value, plan_.globals, work_.given);
    if (const auto given = work_.given.find(name); given != work_.given.end()) value = given->second;
    history += " " + name + (value ? "=" + *value : std::string());
  }
  const StepDone done = co_await remember_time(run, "arg", history);
  run.state.add_history(done.created, std::move(history), true);
  co_return done;
}

Result<Instruction> Solve::expand(StageRun& run, const Instruction& step) {
  std::vector<std::string> unknown;
  const dockerfile::Lookup lookup = [&](std::string_view name) {
    auto value = run.state.find(name);
    if (!value && std::find(unknown.begin(), unknown.end(), name) == unknown.end())
      unknown.emplace_back(name);
    return value;
  };
  auto expanded = expand_step(step, lookup, work_.file.directives.escape);
  if (!expanded || run.in_trigger) return expanded;
  for (const std::string& name : unknown) {
    const bool declared = std::any_of(run.state.scope.arguments().begin(), run.state.scope.arguments().end(),
                                      [&](const Argument& each) { return each.name == name; });
    if (declared || has_standard_value(step.text, name)) continue;
    std::vector<std::string_view> known;
    for (const Argument& each : run.state.scope.arguments()) known.emplace_back(each.name);
    for (const std::string& each : run.state.config.env)
      known.push_back(std::string_view(each).substr(0, each.find('=')));
    const std::string_view near = dockerfile::nearest(name, known);
    work_.warn("UndefinedVar",
               text("Usage of undefined variable '${}'{}", name,
                    near.empty() ? std::string() : text(" (did you mean ${}?)", near)),
               step.place.line);
  }
  return expanded;
}

// --- what is said of it ----------------------------------------------------------------------------------

std::string Solve::step_name(const StageRun& run, const Instruction& step) const {
  std::string where = run.stage.name;
  if (where.empty() && plan_.graph.needed.size() > 1) where = text("stage-{}", run.index);
  where.insert(0, plan_.prefix);
  if (step.kind == Kind::from || makes_layer(step.kind)) {
    const auto& steps = run.stage.steps;
    const auto parts = 1 + std::count_if(steps.begin(), steps.end(),
                                         [](const Instruction& each) { return makes_layer(each.kind); });
    if (!where.empty() && !where.ends_with(' ')) where += ' ';
    where += text("{}/{}", step.kind == Kind::from ? 1 : run.part + 1, parts);
  }
  if (where.ends_with(' ')) where.pop_back();
  return where.empty() ? step.text : text("[{}] {}", where, step.text);
}

Error Solve::located(const Instruction& step, Error error) const {
  if (error.kind() == ErrorKind::cancelled || step_failed(error)) return error;
  if (error.message().starts_with(work_.file.name + ":")) return error;
  return {error.kind(), dockerfile::at(work_.file, step.place, error.message()).message()};
}

// --- layers of the result are packed while later steps run -----------------------------------------------

bool Solve::is_below_target(std::size_t stage) const {
  for (std::size_t at = plan_.graph.target;;) {
    if (at == stage) return true;
    const Origin& base = plan_.graph.nodes[at].base;
    if (base.kind != Origin::Kind::stage) return false;
    at = base.stage;
  }
}

Task<void> Solve::pack_ahead(std::string chain_id) {
  if (!work_.packs || chain_id.empty()) co_return;
  co_await work_.ground.images.pack_layer(std::move(chain_id));
}

Task<void> Solve::tell_failure(StageRun& run, const Instruction& step, const Error& error) {
  BuildEvent event{.kind = BuildEvent::Kind::failed, .step = run.number, .line = step.place.line};
  event.text = error.message();
  if (const auto failed = step_failed(error)) {
    event.exit_code = failed->exit_code;
    if (work_.request.keep_going_for_debug) {
      const auto image = co_await work_.ground.images.add_built(run.state.config, {}, "", {}).result();
      if (image) event.state = (*image)->id;
    }
  }
  work_.tell(event);
  if (event.state.empty()) co_return;
  BuildEvent note{.kind = BuildEvent::Kind::note};
  note.text = text("a shell in the last good state: podo run --rm -it {} sh", event.state.substr(7, 12));
  work_.tell(note);
}

}  // namespace podo::builder
