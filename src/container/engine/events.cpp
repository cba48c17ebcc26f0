#include "container/engine/events.h"

namespace podo::engine {

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
  store::put_le64(packed_, static_cast<std::uint64_t>(clock_.wall().ns));
  store::put_varint(packed_, event.attributes.size());
  for (const std::string* text : {&event.type, &event.action, &event.actor_id})
    store::put_sized(packed_, *text);
  for (const auto& [name, value] : event.attributes) {
    store::put_sized(packed_, name);
    store::put_sized(packed_, value);
  }
  changed_.notify_all();
}

store::WireReader Events::packed(std::uint64_t number) const {
  return store::WireReader(std::string_view(packed_).substr(places_[number - oldest()]));
}

Wall Events::at(std::uint64_t number) const { return {static_cast<std::int64_t>(packed(number).le64())}; }

EventPtr Events::event(std::uint64_t number) const {
  store::WireReader from = packed(number);
  Event event;
  event.number = number;
  event.at = {static_cast<std::int64_t>(from.le64())};
  const std::uint64_t attributes = from.varint();
  for (std::string* text : {&event.type, &event.action, &event.actor_id}) *text = from.sized();
  for (std::uint64_t i = 0; i < attributes; ++i) {
    const std::string_view name = from.sized();
    event.attributes.emplace_hint(event.attributes.end(), name, from.sized());
  }
  return std::make_shared<const Event>(std::move(event));
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
