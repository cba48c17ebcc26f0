// One build for one platform: every stage that is needed is a strand; each goes on until it has to wait for
// another one, takes its steps in order, and leaves its last State. The first failure cancels the others.
//
//   Solve solve(work, plan);
//   State target = co_await solve.run();
//
// Life: made for one run(), within one Work. Lives on the loop.
#pragma once

#include "base/io/group.h"
#include "container/builder/graph.h"
#include "container/builder/state.h"
#include "container/builder/work.h"

namespace podo::builder {

struct SolvePlan {
  oci::Platform platform;  // of the result, and of FROM without --platform
  Globals globals;
  Graph graph;
  std::vector<int> numbers = {};  // of each stage's FROM; 0: the stage is not needed
  int total = 0;                  // steps, with those of the plans before it
  std::string prefix = {};        // of names: the platform, when there are several
};
// `numbered`: how many steps the plans for other platforms have.
Result<SolvePlan> plan_solve(Work& work, oci::Platform platform, int numbered);

// A stage while its steps are taken.
struct StageRun {
  std::size_t index = 0;
  const dockerfile::Stage& stage;
  State state = {};
  int number = 0;  // of the step
  int part = 1;    // of the steps that make layers, for names: [builder 2/4]
  bool no_cache = false;
  oci::Platform platform = {};
  bool in_trigger = false;
};

// What files are taken from.
struct Source {
  const Tree* tree = nullptr;               // a folder; null: a tree of layers
  std::vector<std::string> chain_ids = {};  // of these, from the lowest
};

// How a step ended: found in the cache or not, and when it was made.
struct StepDone {
  bool cached = false;
  Wall created = {};
};

class Solve {
 public:
  Solve(Work& work, SolvePlan plan);
  Task<State> run();

  Work& work() { return work_; }
  const SolvePlan& plan() const { return plan_; }

  // `name` of --from or a mount; "" is the build's context. Waits for a stage.
  Task<Source> find_source(StageRun& run, std::string name);

  // A layer over the state's: from the cache by `key`, else made, one builder at a time. `what`: for people.
  using Make = std::function<Task<image::Images::KeptLayer>()>;
  Task<StepDone> add_layer(StageRun& run, std::string key, std::string what, Make make);

 private:
  Task<void> solve_stage(std::size_t index);
  Task<void> begin(StageRun& run);
  Task<void> run_triggers(StageRun& run);
  Task<void> take_step(StageRun& run, const dockerfile::Instruction& step);
  Task<StepDone> perform(StageRun& run, const dockerfile::Instruction& step);
  Task<StepDone> change(StageRun& run, const dockerfile::Instruction& step);
  Task<StepDone> declare(StageRun& run, const dockerfile::Instruction& step);
  Task<StepDone> remember_time(StageRun& run, const std::string& kind, std::string what);
  Result<dockerfile::Instruction> expand(StageRun& run, const dockerfile::Instruction& step);
  Task<const State*> wait_for(std::size_t waiting, std::size_t wanted);
  Task<void> pack_ahead(std::string chain_id);
  Task<void> tell_failure(StageRun& run, const dockerfile::Instruction& step, const Error& error);
  Error located(const dockerfile::Instruction& step, Error error) const;
  std::string step_name(const StageRun& run, const dockerfile::Instruction& step) const;
  bool is_below_target(std::size_t stage) const;

  Work& work_;
  SolvePlan plan_;
  std::vector<std::optional<State>> done_;         // of each stage
  std::vector<std::optional<std::size_t>> waits_;  // which stage it waits for
  io::Condition changed_{"a stage of a build"};
  io::TaskGroup packing_, stages_;
};

// --- the steps that make layers, each in a file of its own ---------------------------------------------
Task<StepDone> copy_step(Solve& solve, StageRun& run, dockerfile::Instruction step);
Task<StepDone> run_step(Solve& solve, StageRun& run, dockerfile::Instruction step);
Task<StepDone> workdir_step(Solve& solve, StageRun& run, dockerfile::Instruction step);
// Whether the instruction is one of them.
bool makes_layer(dockerfile::Kind kind);

}  // namespace podo::builder
