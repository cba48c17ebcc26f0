// What runs: a Strand is one line of execution, a stack of suspended coroutine frames. The innermost frame
// runs or waits; when it returns, the frame that awaits it goes on; when it fails, frames are destroyed from
// the innermost outwards until one that awaits with `.result()`, or the strand itself, takes the Error.
//
// Life:  made with its outermost frame -> ready -> turns on the loop, waiting in between -> ended() once.
//        A strand destroyed before that destroys its frames where they stand, innermost first.
//
// Frames are resumed and destroyed by the loop only, never by one another: neither a million awaits nor a
// deep chain of failing frames grows the machine stack.
//
// Cancellation is a state, not an event: once cancelled, the wait the strand is in fails with
// ErrorKind::cancelled, and so does every later one, except while a Shield stands (see group.h).
//
// Every object here belongs to one loop and is touched on that loop's thread only.
#pragma once

#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/core/error.h"
#include "base/io/list.h"

namespace podo::io {

class ChildAwait;
class Loop;
class Strand;
class Wait;
struct ReadyQueue;
struct Living;
struct Siblings;

// The part of a Task's promise that does not know its type.
class Frame {
 public:
  struct Returned {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      handle.promise().returned();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Returned final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() { std::abort(); }

  Strand& strand() { return *strand_; }
  void fail(Error error);  // the frame is, or is about to be, suspended for good

 protected:
  explicit Frame(std::coroutine_handle<> handle) : handle_(handle) {}
  void returned();

 private:
  friend class ChildAwait;
  friend class Strand;
  template <class T>
  friend class Task;
  std::coroutine_handle<> handle_;
  Strand* strand_ = nullptr;
  ChildAwait* awaited_by_ = nullptr;  // null: the strand's outermost
};

// A frame that awaits another one, and owns it meanwhile.
class ChildAwait {
 public:
  ChildAwait(const ChildAwait&) = delete;
  ~ChildAwait();

 protected:
  ChildAwait(Frame* child, bool catches) : child_(child), catches_(catches) {}
  void call_from(Frame& parent);
  Frame& child() { return *child_; }
  std::unique_ptr<Error> take_error() { return std::move(error_); }

 private:
  friend class Frame;
  friend class Strand;
  Frame* child_;
  Frame* parent_ = nullptr;
  std::unique_ptr<Error> error_;
  bool catches_;
};

class Strand : public Link<ReadyQueue>, public Link<Living>, public Link<Siblings> {
 public:
  Strand(Loop& loop, Frame* outermost, std::string name);  // ready at once
  virtual ~Strand();

  Loop& loop() { return loop_; }
  const std::string& name() const { return name_; }
  std::uint64_t number() const { return number_; }  // counts from 1 on each loop
  const Wait* waits_for() const { return wait_; }

  void cancel();
  bool cancelled() const { return cancelled_ && shields_ == 0; }

 protected:
  virtual void ended(std::unique_ptr<Error> error) = 0;  // called by the loop; may destroy the strand

 private:
  friend class ChildAwait;
  friend class Frame;
  friend class Loop;
  friend class Shield;
  friend class Wait;
  bool step();  // runs to the next await; true once no frame is left
  void unwind();
  void drop_innermost();
  void fail(Error error);

  Loop& loop_;
  Frame* innermost_;
  Wait* wait_ = nullptr;
  std::unique_ptr<Error> error_;  // on its way outwards
  std::string name_;
  std::uint64_t number_;
  std::uint32_t shields_ = 0;
  bool cancelled_ = false;
  bool continues_ = false;  // has another step in this turn
  bool outermost_returned_ = false;
};

}  // namespace podo::io
