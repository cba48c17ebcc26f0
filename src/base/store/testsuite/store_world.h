// What the properties of Store stand on: a store made anew for each of them, and short ways to ask it.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/io/combine.h"
#include "base/store/store.h"

namespace podo::store {

using io::Task;

struct StoreWorld {
  std::unique_ptr<Store> store;  // new, with the limits the property was run with
  // Opens the same data again once `store` is gone; empty for a maker that keeps nothing.
  std::function<Task<std::unique_ptr<Store>>()> open = {};
};
using StoreProperty = std::function<Task<void>(StoreWorld&)>;
using RunProperty = std::function<void(StoreProperty, const Limits&)>;

inline Task<void> open_again(StoreWorld& world) {
  co_await world.store->close();
  world.store.reset();
  world.store = co_await world.open();
}

inline Task<Outcome> commit(StoreWorld& world, std::vector<Operation> then) {
  co_return co_await world.store->commit(Transaction{.then = std::move(then)});
}

inline Task<Revision> newest(StoreWorld& world) { co_return (co_await world.store->status()).revision; }

// "ok", or the name of the Error's kind.
template <class T>
Task<std::string> verdict(Task<T> task) {
  Result<T> result = co_await task.result();
  co_return std::string(result ? "ok" : name_of(result.error().kind()));
}

// Ends the property when it cannot go on.
inline Result<void> must(bool holds, std::string_view what) {
  if (!holds) return internal("this does not hold: {}", what);
  return {};
}

// "a b c"
inline std::string keys_of(const std::vector<Entry>& entries) {
  std::string out;
  for (const Entry& entry : entries) out.append(out.empty() ? "" : " ").append(entry.key());
  return out;
}
inline std::string keys_of(const Page& page) { return keys_of(page.entries); }

// "a=1 b=2"
inline std::string shown(const std::vector<Entry>& entries) {
  std::string out;
  for (const Entry& entry : entries)
    out += text("{}{}={}", out.empty() ? "" : " ", entry.key(), entry.value());
  return out;
}
inline std::string shown(const Page& page) { return shown(page.entries); }

// The same of the store's keys, all of them.
inline Task<std::string> contents(StoreWorld& world, Revision at = 0) {
  co_return shown(co_await world.store->range(Range::prefix(""), 0, at));
}

// "1", or "none"
inline Task<std::string> value_of(StoreWorld& world, std::string key, Revision at = 0) {
  std::optional<Entry> entry = co_await world.store->find(std::move(key), at);
  co_return std::string(entry ? entry->value() : "none");
}

// "a=1 b=2 a gone"
inline std::string told(const std::vector<Event>& events) {
  std::string out;
  for (const Event& event : events) {
    if (!out.empty()) out += " ";
    if (event.entry.erased()) out += text("{} gone", event.entry.key());
    else out += text("{}={}", event.entry.key(), event.entry.value());
  }
  return out;
}

// What a watch tells until everything up to `revision` has been told.
inline Task<std::vector<Event>> events_through(Watch& watch, Revision revision) {
  std::vector<Event> events;
  for (Revision through = 0; through < revision;) {
    Events news = co_await watch.next(milliseconds(10));
    CHECK_GE(news.through, through);
    through = news.through;
    events.insert(events.end(), news.events.begin(), news.events.end());
  }
  co_return events;
}

}  // namespace podo::store
