// What may be done to a container in which state: the table, and Docker's words for what may not. Pure.
//
//              created  running  paused   restarting  exited   dead/removing
//   start      yes      nothing  no       nothing     yes      no
//   stop       nothing  yes      yes      yes         nothing  no
//   restart    yes      yes      yes      yes         yes      no
//   kill       no       yes      yes      yes         no       no
//   pause      no       yes      no       no          no       no
//   unpause    no       no       yes      no          no       no
//   exec       no       yes      no       no          no       no
//   attach     yes      yes      no       no          yes      no
//   resize     no       yes      yes      no          no       no
//   rename     yes      yes      yes      yes         yes      no
//   update     yes      yes      yes      yes         yes      no
//   connect    yes      yes      yes      yes         yes      no
//   commit     yes      yes      yes      yes         yes      no
//   remove     yes      no       no       no          yes      dead: yes
//   remove by force, always, unless it is being removed
//
// "nothing": it is so already; HTTP says 304.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/core/error.h"
#include "container/config/container.h"

namespace podo::engine {

enum class Verb : std::uint8_t {
  start,
  stop,
  restart,
  kill,
  pause,
  unpause,
  exec,
  attach,
  resize,
  rename,
  update,
  connect,
  commit,
  remove,
  force_remove,
};

enum class Allowed : bool { nothing_to_do, yes };

// Conflict, with the words a client expects, when the verb does not fit the status.
Result<Allowed> may(Verb verb, Status status, std::string_view id, std::string_view name);

inline bool is_alive(Status status) { return status == Status::running || status == Status::paused; }

}  // namespace podo::engine
