#include "container/engine/events.h"

namespace podo::engine {

void Events::publish(Event event) {
  event.at = clock_.wall();
  event.number = published_++;
  ring_.push_back(std::make_shared<const Event>(std::move(event)));
  if (ring_.size() > kept) ring_.pop_front();
  changed_.notify_all();
}

Events::Subscription Events::subscribe(std::optional<Wall> since) {
  std::uint64_t next = published_;
  if (since) {
    for (const EventPtr& event : ring_) {
      if (event->at < *since) continue;
      next = event->number;
      break;
    }
  }
  return {*this, next};
}

EventPtr Events::Subscription::take() {
  if (next_ >= events_.published_) return nullptr;
  next_ = std::max(next_, events_.ring_.front()->number);
  return events_.ring_[next_++ - events_.ring_.front()->number];
}

io::Task<EventPtr> Events::Subscription::next() {
  for (;;) {
    if (EventPtr event = take()) co_return event;
    co_await events_.changed_.wait();
  }
}

}  // namespace podo::engine
