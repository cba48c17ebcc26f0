// What the engine holds in memory of one container, and of one exec.
//
// Whoever changes a container has its turn, for the whole of the change. Three things do not wait for it: a
// signal, so that a container which takes long to stop can be killed; the end of its process, which is noted
// at once and settled by whoever has the turn, or gets it next; and the state of its health.
#pragma once

#include <memory>
#include <optional>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "container/archive/archive.h"
#include "container/config/container.h"
#include "container/sandbox/turn.h"
#include "container/streams/logs.h"
#include "container/streams/monitor_client.h"

namespace podo::engine {

// One life of the process: from the moment its monitor is asked for until its end was settled.
struct Run {
  std::unique_ptr<MonitorClient> monitor;
  std::optional<Ended> ended;
  io::Condition over{"the end of the container's process"};
};

// The exit code, as a shell has it: 128 and the signal; 255 when nobody knows.
inline int code_of(const Ended& ended) {
  if (ended.lost) return 255;
  return ended.signal != 0 ? 128 + ended.signal : ended.code;
}

struct Slot {
  enum class Kind : bool { container, step };  // step: Engine::create_step
  Slot(ContainerPtr first, Kind of) : container(std::move(first)), kind(of) {}

  ContainerPtr container;
  const Kind kind;
  bool complete = true, starting = false;  // as in the record
  Turn turn{"another change of the container"};
  Turn saving{"the container's record to be written"};
  io::Condition changed{"a change of the container's state"};

  std::shared_ptr<Run> run;            // while it runs
  std::shared_ptr<AttachRelay> relay;  // since the first attach or start
  std::shared_ptr<LogLife> log_life;   // of this run, or the last
  Duration back_off;                   // the last pause before a restart
  std::unique_ptr<io::TaskGroup> health;

  std::uint64_t exits = 0;  // how many ends, or failed starts, there were
  int last_code = 0;        // of the last one
  bool removed = false;

  bool is_step() const { return kind == Kind::step; }
  const std::string& id() const { return container->id; }
  Status status() const { return container->state.status; }
};
using SlotPtr = std::shared_ptr<Slot>;

// A container's files, for whoever has its turn.
struct OpenFiles {
  FileViewPtr view;
  Turn::Held held;
};

enum class StopBy : std::uint8_t { user, restart, daemon };

struct ExecSlot {
  ExecPtr exec;
  SlotPtr container;
  std::shared_ptr<AttachRelay> relay;
  std::unique_ptr<MonitorClient> monitor;  // while it runs
  Wall ended_at;
  io::Condition changed{"a change of the exec's state"};
};
using ExecSlotPtr = std::shared_ptr<ExecSlot>;

}  // namespace podo::engine
