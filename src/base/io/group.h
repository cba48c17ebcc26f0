// TaskGroup: strands that run side by side, and their owner. No strand runs without one.
//
//   TaskGroup group(co_await this_loop());
//   group.spawn(serve(first));
//   group.spawn(serve(second));
//   co_await group.join();          // both have ended
//
// The first child that fails cancels the others, and join() fails with its Error. Cancelling the strand that
// joins cancels the children; join() ends when they have unwound. A group that is destroyed earlier destroys
// its children where they stand: destructors run, nothing is awaited.
//
// A child that may fail without harm to the others catches its own Error (`.result()`).
// Lives on one loop; it may be used from its own children.
#pragma once

#include "base/io/loop.h"

namespace podo::io {

class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop) : loop_(loop) {}
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup();

  void spawn(Task<void> task, std::string name = {});
  // Every child, and every later one, is cancelled. That is then no failure: join() does not report it.
  void cancel();
  std::size_t size() const { return size_; }

  class [[nodiscard]] Join final : public Wait {
   public:
    explicit Join(TaskGroup& group) : Wait(Cancelling::joins_first), group_(group) {}
    ~Join() override { end(); }
    std::string what() const override { return text("{} strands", group_.size_); }

   private:
    friend class TaskGroup;
    void start() override;
    void stop() override { group_.joining_ = nullptr; }
    void cancel_and_join() override { group_.cancel(); }
    TaskGroup& group_;
  };
  Join join() { return Join(*this); }  // one at a time

  Loop& loop() { return loop_; }

 private:
  class Child;
  void child_ended(Child& child, std::unique_ptr<Error> error);
  void wake_joining();

  Loop& loop_;
  List<Strand, Siblings> children_;
  std::size_t size_ = 0;
  std::unique_ptr<Error> error_;  // the first child's that failed
  Join* joining_ = nullptr;
  bool cancelled_ = false;
};

// While a Shield stands in a strand, cancelling the strand does not end its waits: for the few steps that
// must be done even so (a child process is killed and reaped). What is cancelled meanwhile shows afterwards.
//
//   Shield shield = co_await raise_shield();
class [[nodiscard]] Shield {
 public:
  explicit Shield(Strand& strand) : strand_(strand) { ++strand_.shields_; }
  Shield(const Shield&) = delete;
  ~Shield() { --strand_.shields_; }

 private:
  Strand& strand_;
};

class RaiseShield {
 public:
  bool await_ready() const { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    strand_ = &handle.promise().strand();
    return false;
  }
  Shield await_resume() const { return Shield(*strand_); }

 private:
  Strand* strand_ = nullptr;
};
inline RaiseShield raise_shield() { return {}; }

}  // namespace podo::io
