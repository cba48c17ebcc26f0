#include "container/engine/events.h"

#include <cstring>

namespace podo::engine {
namespace {

template <class Number>
void add_number(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class Number>
Number take_number(const char*& from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  from += sizeof number;
  return number;
}

void add_text(std::string& out, std::string_view text) {
  add_number(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string take_text(const char*& from) {
  const auto size = take_number<std::uint32_t>(from);
  from += size;
  return {from - size, size};
}

}  // namespace

void Events::publish(Event event) {
  if (places_.size() == kept) places_.pop_front();
  if (const std::size_t gone = places_.empty() ? packed_.size() : places_.front();
      2 * gone > packed_.size()) {
    if (packed_.capacity() > 8 * (packed_.size() - gone)) packed_ = std::string(packed_, gone);  // gives back
    else packed_.erase(0, gone);
    for (std::size_t& place : places_) place -= gone;
  }
  places_.push_back(packed_.size());
  ++published_;
  add_number(packed_, clock_.wall().ns);
  add_number(packed_, static_cast<std::uint32_t>(event.attributes.size()));
  for (const std::string* text : {&event.type, &event.action, &event.actor_id}) add_text(packed_, *text);
  for (const auto& [name, value] : event.attributes) {
    add_text(packed_, name);
    add_text(packed_, value);
  }
  changed_.notify_all();
}

EventPtr Events::event(std::uint64_t number) const {
  const char* from = packed_.data() + places_[number - oldest()];
  Event event;
  event.number = number;
  event.at = {take_number<std::int64_t>(from)};
  const auto attributes = take_number<std::uint32_t>(from);
  for (std::string* text : {&event.type, &event.action, &event.actor_id}) *text = take_text(from);
  for (std::uint32_t i = 0; i < attributes; ++i) {
    std::string name = take_text(from);
    event.attributes.emplace_hint(event.attributes.end(), std::move(name), take_text(from));
  }
  return std::make_shared<const Event>(std::move(event));
}

Wall Events::at(std::uint64_t number) const {
  const char* from = packed_.data() + places_[number - oldest()];
  return {take_number<std::int64_t>(from)};
}

Events::Subscription Events::subscribe(std::optional<Wall> since) {
  std::uint64_t next = since ? oldest() : published_;
  while (next < published_ && at(next) < *since) ++next;
  return {*this, next};
}

EventPtr Events::Subscription::take() {
  if (next_ >= events_.published_) return nullptr;
  next_ = std::max(next_, events_.oldest());
  return events_.event(next_++);
}

io::Task<EventPtr> Events::Subscription::next() {
  for (;;) {
    if (EventPtr event = take()) co_return event;
    co_await events_.changed_.wait();
  }
}

}  // namespace podo::engine
