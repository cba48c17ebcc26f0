// Tasks put together. Each form ends only when every Task given to it has ended; cancelling the form cancels
// them.
//
//   auto [image, network] = co_await all(pull(name), attach(link));   // a tuple; void becomes Nothing
//   std::vector<Layer> layers = co_await all(std::move(fetches));     // in the order given
//   co_await first(serve(), signals.next(), ...);                     // same type: the first to end decides
//   co_await deadline(ask(peer), seconds(5));                         // else unavailable (ETIMEDOUT)
//   co_await shielded(reap(process));                                 // goes on although cancelled
//
// all() fails with the first failure, the others are cancelled. first() takes the outcome, good or bad, of
// the Task that ends first; the others are cancelled and their outcomes dropped.
#pragma once

#include <tuple>
#include <vector>

#include "base/io/group.h"

namespace podo::io {

struct Nothing {
  bool operator==(const Nothing&) const = default;
};
template <class T>
using Something = std::conditional_t<std::is_void_v<T>, Nothing, T>;

template <class T>
Task<void> keep_value(Task<T> task, std::optional<Something<T>>& value) {
  if constexpr (std::is_void_v<T>) {
    co_await task;
    value.emplace();
  } else {
    value.emplace(co_await task);
  }
}

template <class T>
Task<void> keep_if_first(Task<T> task, std::optional<Result<T>>& outcome, TaskGroup& group) {
  Result<T> mine = co_await task.result();
  if (outcome) co_return;
  outcome.emplace(std::move(mine));
  group.cancel();
}

template <class... T>
Task<std::tuple<Something<T>...>> all(Task<T>... tasks) {
  std::tuple<std::optional<Something<T>>...> values;
  TaskGroup group(co_await this_loop());
  std::apply([&](auto&... value) { (group.spawn(keep_value(std::move(tasks), value)), ...); }, values);
  co_await group.join();
  co_return std::apply([](auto&... value) { return std::tuple(*std::move(value)...); }, values);
}

template <class T>
Task<std::vector<Something<T>>> all(std::vector<Task<T>> tasks) {
  std::vector<std::optional<Something<T>>> values(tasks.size());
  TaskGroup group(co_await this_loop());
  for (std::size_t i = 0; i < tasks.size(); ++i) group.spawn(keep_value(std::move(tasks[i]), values[i]));
  co_await group.join();
  std::vector<Something<T>> all_values;
  for (auto& value : values) all_values.push_back(*std::move(value));
  co_return all_values;
}

template <class T>
Task<T> first(std::vector<Task<T>> tasks) {
  ENSURE(!tasks.empty());
  std::optional<Result<T>> outcome;
  TaskGroup group(co_await this_loop());
  for (Task<T>& task : tasks) group.spawn(keep_if_first(std::move(task), outcome, group));
  co_await group.join();
  if constexpr (std::is_void_v<T>) co_await *std::move(outcome);
  else co_return *std::move(outcome);
}

template <class T, class... More>
Task<T> first(Task<T> task, More... more) {
  std::vector<Task<T>> tasks;
  tasks.reserve(1 + sizeof...(more));
  tasks.push_back(std::move(task));
  (tasks.push_back(std::move(more)), ...);
  return first(std::move(tasks));
}

inline Task<void> ring_after(Duration duration, bool& late, TaskGroup& group) {
  co_await sleep(duration);
  late = true;
  group.cancel();
}

template <class T>
Task<T> deadline(Task<T> task, Duration duration) {
  std::optional<Result<T>> outcome;
  bool late = false;
  TaskGroup group(co_await this_loop());
  group.spawn(keep_if_first(std::move(task), outcome, group));
  group.spawn(ring_after(duration, late, group));
  co_await group.join();
  if (late && !*outcome && outcome->error().kind() == ErrorKind::cancelled)
    co_await failed_errno(ETIMEDOUT, "not done within {} ms", duration.ns / 1'000'000);
  if constexpr (std::is_void_v<T>) co_await *std::move(outcome);
  else co_return *std::move(outcome);
}

template <class T>
Task<T> shielded(Task<T> task) {
  Shield shield = co_await raise_shield();
  co_return co_await task;
}
template <>
inline Task<void> shielded(Task<void> task) {
  Shield shield = co_await raise_shield();
  co_await task;
}

}  // namespace podo::io
