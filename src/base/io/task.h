// Task<T>: a coroutine that yields a T or fails with an Error. It is lazy: it runs when it is awaited, on the
// strand of its awaiter. A Task is awaited once, or dropped (it then never runs).
//
//   Task<Config> load(Disk& disk) {
//     std::string bytes = co_await read_file(disk, "/etc/x", 1 << 20);  // fails -> load fails, same Error
//     Value value = co_await parse(bytes);                              // so does a Result
//     if (value.empty()) co_return invalid("nothing in it");            // a failure of its own
//     co_return Config(value);
//   }
//   Result<Config> tried = co_await load(disk).result();                // the catching form
//
// A Task<void> ends with `co_return;` and fails with `co_await invalid("...")`.
//
// When the catching form resumes, the failed frames are gone: their locals are destroyed, the innermost
// frame's first, as by an exception. A Task belongs to one loop. Its arguments are kept in its frame, so take
// by value what the caller may not keep until the Task has ended; what a lambda captured is not kept.
#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "base/core/ensure.h"
#include "base/io/strand.h"

namespace podo::io {

template <class T>
class Task;

// co_await of a Result: its value, or the frame fails with its Error.
template <class T>
class [[nodiscard]] ResultAwait {
 public:
  explicit ResultAwait(Result<T>&& result) : result_(std::move(result)) {}
  bool await_ready() const { return result_.has_value(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    handle.promise().fail(std::move(result_).error());
  }
  T await_resume() { return *std::move(result_); }

 private:
  Result<T> result_;
};

class PromiseBase : public Frame {
 public:
  using Frame::Frame;
  using Frame::returned;

  template <class A>
  A&& await_transform(A&& awaitable) {
    return std::forward<A>(awaitable);
  }
  template <class T>
  ResultAwait<T> await_transform(Result<T>&& result) {
    return ResultAwait<T>(std::move(result));
  }
  ResultAwait<void> await_transform(Failure&& failure) { return ResultAwait<void>(std::move(failure)); }
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Promise() : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}
  Task<T> get_return_object() { return Task<T>(this); }
  void return_value(T value) { value_.emplace(std::move(value)); }
  template <std::same_as<Failure> F>
  void return_value(F&& failure) {
    fail(std::move(failure).error());
  }
  template <std::same_as<Result<T>> R>
  void return_value(R&& result) {
    if (result) value_.emplace(*std::move(result));
    else fail(std::move(result).error());
  }
  T take() { return *std::move(value_); }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Promise() : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}
  inline Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

template <class T>
class [[nodiscard]] TaskAwait : public ChildAwait {
 public:
  explicit TaskAwait(Frame* child, bool catches = false) : ChildAwait(child, catches) {}
  bool await_ready() const { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) {
    call_from(parent.promise());
  }
  T await_resume() { return static_cast<Promise<T>&>(child()).take(); }
};

template <class T>
class [[nodiscard]] TaskResultAwait final : public TaskAwait<T> {
 public:
  explicit TaskResultAwait(Frame* child) : TaskAwait<T>(child, true) {}
  Result<T> await_resume() {
    if (std::unique_ptr<Error> error = this->take_error()) return Failure(std::move(*error));
    if constexpr (std::is_void_v<T>) return {};
    else return TaskAwait<T>::await_resume();
  }
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_ != nullptr) frame_->handle_.destroy();
  }

  TaskAwait<T> operator co_await() { return TaskAwait<T>(release()); }
  TaskResultAwait<T> result() { return TaskResultAwait<T>(release()); }

  // The frame, for a strand that will run it.
  Frame* release() {
    ENSURE(frame_ != nullptr);  // a Task is awaited once
    return std::exchange(frame_, nullptr);
  }

 private:
  friend promise_type;
  explicit Task(Frame* frame) : frame_(frame) {}
  Frame* frame_;
};

inline Task<void> Promise<void>::get_return_object() { return Task<void>(this); }

}  // namespace podo::io
