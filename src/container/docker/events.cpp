// GET /events: what happened since, and what happens from now on, a JSON object a line.
#include <algorithm>

#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/names.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

constexpr std::string_view types_with_status[] = {"container", "image"};

std::string event_json(const engine::Event& event) {
  json::Writer out;
  out.object();
  const auto attribute = [&](const std::string& name) {
    const auto found = event.attributes.find(name);
    return found == event.attributes.end() ? "" : found->second;
  };
  if (std::find(std::begin(types_with_status), std::end(types_with_status), event.type) !=
      std::end(types_with_status)) {
    member(out, "status", event.action);
    member(out, "id", event.actor_id);
    if (event.type == "container") member(out, "from", attribute("image"));
  }
  member(out, "Type", event.type);
  member(out, "Action", event.action);
  out.key("Actor").object();
  member(out, "ID", event.actor_id);
  member(out, "Attributes", event.attributes);
  out.end().key("scope").string("local");
  out.key("time").number(event.at.ns / 1'000'000'000).key("timeNano").number(event.at.ns).end();
  return out.take();
}

// An actor is meant by its id, the beginning of it, or its name.
bool takes_actor(const Filters& filters, std::string_view key, const engine::Event& event) {
  if (!filters.has(key)) return true;
  if (event.type != key) return false;
  const auto name = event.attributes.find("name");
  return filters.prefix(key, event.actor_id) ||
         (name != event.attributes.end() && filters.exact(key, name->second));
}

bool takes_action(const Filters& filters, std::string_view action) {
  return filters.exact("event", action) || filters.exact("event", action.substr(0, action.find(':')));
}

bool takes_image(const Filters& filters, const engine::Event& event) {
  if (!filters.has("image")) return true;
  const auto attribute = event.attributes.find(event.type == "image" ? "name" : "image");
  const std::string name = attribute == event.attributes.end() ? "" : attribute->second;
  return filters.exact("image", event.actor_id) || filters.exact("image", name) ||
         filters.exact("image", familiar_name(name));
}

// Filters of one key are alternatives, different keys must all fit; of these, any one.
bool takes(const Filters& filters, const engine::Event& event) {
  return filters.exact("type", event.type) && filters.exact("scope", "local") &&
         takes_action(filters, event.action) && takes_actor(filters, "container", event) &&
         takes_actor(filters, "volume", event) && takes_actor(filters, "network", event) &&
         takes_actor(filters, "daemon", event) && takes_image(filters, event) &&
         filters.labels(event.attributes);
}

struct Window {
  std::optional<Wall> since, until;
};
Result<Window> window_of(const Call& call) {
  Window window;
  if (const std::string since = call.query("since"); !since.empty())
    window.since = TRY(parse_instant(since, call.now()));
  if (const std::string until = call.query("until"); !until.empty())
    window.until = TRY(parse_instant(until, call.now()));
  if (window.since && window.until && *window.until < *window.since)
    return invalid("`since` time ({}) cannot be after `until` time ({})", call.query("since"),
                   call.query("until"));
  return window;
}

Task<void> send(Call& call, const Filters& filters, const engine::Event& event) {
  if (takes(filters, event)) co_await call.exchange.write(event_json(event) + "\n");
}

// What is in the ring already, up to `until`.
Task<void> send_past(Call& call, const Filters& filters, engine::Events::Subscription& events,
                     std::optional<Wall> until) {
  while (const engine::EventPtr event = events.take()) {
    if (!until || event->at <= *until) co_await send(call, filters, *event);
  }
}

Task<void> send_new(Call& call, const Filters& filters, engine::Events::Subscription& events) {
  for (;;) co_await send(call, filters, *co_await events.next());
}

Task<void> send_all(Call& call, const Filters& filters, Window window) {
  auto events = call.ground.events.subscribe(window.since);
  co_await send_past(call, filters, events, window.until);
  if (!window.until) co_return co_await send_new(call, filters, events);
  const Duration left{window.until->ns - call.now().ns};
  if (left.ns > 0) (void)co_await io::deadline(send_new(call, filters, events), left).result();
  co_await call.exchange.end();
}

}  // namespace

Task<void> stream_events(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  const Window window = co_await window_of(call);
  co_await call.begin(200, "application/json");
  co_await while_client_stays(call, send_all(call, filters, window));
}

}  // namespace podo::docker
