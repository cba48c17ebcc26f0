// pause and unpause: the freezer of the container's control group.
#include "base/io/combine.h"
#include "container/engine/local_engine.h"

namespace podo::engine {

Task<void> LocalEngine::pause(std::string reference) {
  co_await io::shielded(freeze(co_await find(reference), Verb::pause));
}

Task<void> LocalEngine::unpause(std::string reference) {
  co_await io::shielded(freeze(co_await find(reference), Verb::unpause));
}

Task<void> LocalEngine::freeze(SlotPtr slot, Verb verb) {
  const Turn::Held held = co_await slot->turn.take();
  co_await may(verb, slot->status(), slot->id(), slot->container->name);
  co_await freeze_or_thaw(slot, verb);
}

// Whoever calls it has the container's turn.
Task<void> LocalEngine::freeze_or_thaw(SlotPtr slot, Verb verb) {
  const bool pausing = verb == Verb::pause;
  co_await ground_.pool.run([&runtime = runtime_, id = slot->id(), pausing]() -> Result<void> {
    return pausing ? runtime.pause(id) : runtime.resume(id);
  });
  if (!is_alive(slot->status())) co_return;
  edit(*slot,
       [&](Container& container) { container.state.status = pausing ? Status::paused : Status::running; });
  co_await save(slot);
  tell(*slot, pausing ? "pause" : "unpause");
}

}  // namespace podo::engine
