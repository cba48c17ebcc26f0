#include "container/engine/container_state.h"

namespace podo::engine {
namespace {

Failure not_running(std::string_view id) { return conflict("container {} is not running", id); }

Failure restarting(std::string_view id) {
  return conflict("Container {} is restarting, wait until the container is running", id);
}

// A container that goes, or could not be removed as a whole.
Failure going(Verb verb, Status status, std::string_view id) {
  const std::string_view how = status == Status::dead ? "which is Dead" : "which is being removed";
  switch (verb) {
    case Verb::start: return conflict("container is marked for removal and cannot be started");
    case Verb::rename:
    case Verb::update:
      return conflict("Container {} is marked for removal and cannot be \"{}\".", id,
                      verb == Verb::update ? "update" : "rename");
    case Verb::connect:
      return conflict(
          "Container {} is marked for removal and cannot be connected or disconnected to the network", id);
    case Verb::commit: return conflict("You cannot commit container {} {}", id, how);
    case Verb::attach: return conflict("You cannot attach to container {} {}", id, how);
    default: return not_running(id);
  }
}

Result<Allowed> may_remove(Status status, std::string_view name) {
  switch (status) {
    case Status::created:
    case Status::exited:
    case Status::dead: return Allowed::yes;
    case Status::removing: return conflict("removal of container {} is already in progress", name);
    case Status::paused:
      return conflict("cannot remove container \"/{}\": container is paused and must be unpaused first",
                      name);
    default:
      return conflict(
          "cannot remove container \"/{}\": container is {}: stop the container before removing "
          "or force remove",
          name, name_of(status));
  }
}

Result<Allowed> may_start(Status status) {
  if (status == Status::paused) return conflict("cannot start a paused container, try unpause instead");
  if (status == Status::running || status == Status::restarting) return Allowed::nothing_to_do;
  return Allowed::yes;
}

Result<Allowed> may_pause(Verb verb, Status status, std::string_view id) {
  if (status == Status::restarting) return restarting(id);
  if (verb == Verb::unpause) {
    if (status == Status::paused) return Allowed::yes;
    return conflict("Container {} is not paused", id);
  }
  if (status == Status::paused) return conflict("Container {} is already paused", id);
  if (status == Status::running) return Allowed::yes;
  return not_running(id);
}

Result<Allowed> may_exec(Status status, std::string_view id) {
  if (status == Status::paused)
    return conflict("Container {} is paused, unpause the container before exec", id);
  if (status == Status::restarting) return restarting(id);
  if (status == Status::running) return Allowed::yes;
  return not_running(id);
}

Result<Allowed> may_attach(Status status, std::string_view id) {
  if (status == Status::paused)
    return conflict("container {} is paused, unpause the container before attach", id);
  if (status == Status::restarting)
    return conflict("container {} is restarting, wait until the container is running", id);
  return Allowed::yes;
}

Result<Allowed> if_alive(bool alive, std::string_view id) {
  if (alive) return Allowed::yes;
  return not_running(id);
}

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::created: return "created";
    case Status::running: return "running";
    case Status::paused: return "paused";
    case Status::restarting: return "restarting";
    case Status::removing: return "removing";
    case Status::exited: return "exited";
    case Status::dead: return "dead";
  }
  return "dead";
}

Result<Allowed> may(Verb verb, Status status, std::string_view id, std::string_view name) {
  if (verb == Verb::remove) return may_remove(status, name);
  if (verb == Verb::force_remove) {
    if (status != Status::removing) return Allowed::yes;
    return may_remove(status, name);
  }
  if (status == Status::dead || status == Status::removing) return going(verb, status, id);

  switch (verb) {
    case Verb::start: return may_start(status);
    case Verb::stop:
      return is_alive(status) || status == Status::restarting ? Allowed::yes : Allowed::nothing_to_do;
    case Verb::kill: return if_alive(is_alive(status) || status == Status::restarting, id);
    case Verb::pause:
    case Verb::unpause: return may_pause(verb, status, id);
    case Verb::exec: return may_exec(status, id);
    case Verb::attach: return may_attach(status, id);
    case Verb::resize: return if_alive(is_alive(status), id);
    default: return Allowed::yes;
  }
}

}  // namespace podo::engine
