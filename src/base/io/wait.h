// A Wait is what a strand stands in when it cannot go on: a timer, a descriptor, a job, other strands.
// It is an awaitable that lives in the waiting frame:
//
//   start()  registers with whatever will wake it (which may call wake() or fail() at once)
//   stop()   takes that back; afterwards nobody may call wake()
//
// wake() lets the frame go on, fail(error) fails it. A wait that was woken is not cancelled any more: what it
// waited for is not lost; the strand's next wait fails instead. Lives on its strand's loop.
#pragma once

#include "base/io/strand.h"

namespace podo::io {

class Wait {
 public:
  Wait(const Wait&) = delete;

  bool await_ready() const { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(handle.promise());
  }
  void await_resume() const {}

  virtual std::string what() const = 0;  // "what the strand waits for", in a report

 protected:
  enum class Cancelling : bool { stops_at_once, joins_first };

  explicit Wait(Cancelling cancelling = Cancelling::stops_at_once) : cancelling_(cancelling) {}
  virtual ~Wait() { forget(); }  // a derived class calls end() in its own destructor

  virtual void start() = 0;
  virtual void stop() = 0;
  // Passes the wish on, and wakes or fails when that is done: only for a wait that joins_first.
  virtual void cancel_and_join() {}

  bool waiting() const { return strand_ != nullptr; }
  Strand& strand() { return *strand_; }  // only while waiting
  void wake();
  void fail(Error error);
  void end() {
    if (!waiting()) return;
    stop();
    forget();
  }

 private:
  friend class Strand;
  void begin(Frame& frame);
  void cancel();
  void forget();

  Strand* strand_ = nullptr;
  Cancelling cancelling_;
};

// co_await this_loop(): the loop that runs this Task. Does not wait.
class ThisLoop {
 public:
  bool await_ready() const { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    loop_ = &handle.promise().strand().loop();
    return false;
  }
  Loop& await_resume() const { return *loop_; }

 private:
  Loop* loop_ = nullptr;
};
inline ThisLoop this_loop() { return {}; }

// co_await checkpoint(): fails when the strand is cancelled, else does not wait. Operations that often need
// not wait begin with it, so that a loop of them can be cancelled.
class Checkpoint {
 public:
  bool await_ready() const { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    Frame& frame = handle.promise();
    if (!frame.strand().cancelled()) return false;
    frame.fail(Error(ErrorKind::cancelled, "cancelled"));
    return true;
  }
  void await_resume() const {}
};
inline Checkpoint checkpoint() { return {}; }

// co_await yield(): lets every other ready strand have a turn first.
class Yield final : public Wait {
 public:
  ~Yield() override { end(); }
  std::string what() const override { return "its turn"; }

 private:
  void start() override;
  void stop() override {}
};
inline Yield yield() { return {}; }

}  // namespace podo::io
