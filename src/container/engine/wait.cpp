// POST /containers/{id}/wait.
#include "container/engine/local_engine.h"

namespace podo::engine {

// What it waits for is noted when it is made, so that nothing that happens afterwards is missed.
class LocalEngine::LocalWaiter final : public Engine::Waiter {
 public:
  LocalWaiter(SlotPtr slot, WaitFor what) : slot_(std::move(slot)), what_(what), exits_(slot_->exits) {}

  Task<Waited> done() override {
    while (!is_done()) co_await slot_->changed.wait();
    const bool was_down = slot_->exits == exits_;
    co_return Waited{.exit_code = was_down ? slot_->container->state.exit_code : slot_->last_code,
                     .error = {}};
  }

 private:
  bool is_done() const {
    if (slot_->removed) return true;
    switch (what_) {
      case WaitFor::next_exit: return slot_->exits > exits_;
      case WaitFor::removed: return slot_->status() == Status::dead;
      case WaitFor::not_running: break;
    }
    return !is_alive(slot_->status()) && slot_->status() != Status::restarting;
  }

  SlotPtr slot_;
  WaitFor what_;
  std::uint64_t exits_;
};

Result<std::unique_ptr<Engine::Waiter>> LocalEngine::wait(std::string reference, WaitFor what) {
  return std::make_unique<LocalWaiter>(TRY(find(reference)), what);
}

}  // namespace podo::engine
