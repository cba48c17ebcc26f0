// GET of a collection's changes, for as long as the client stays or a while that it names.
//
//   (objects that are there, as ADDED) -> (bookmark: that was all) -> changes, bookmarks ... -> end
//
// A client that takes its events slower than they come is not waited for: it reads on in the store's
// history, and when that is gone it is told 410 Expired and has to list again.
#include "base/io/combine.h"
#include "base/io/wait.h"
#include "cluster/api_request/watch_event.h"
#include "cluster/apiserver/metrics.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/audit/audit.h"

namespace podo::apiserver {
namespace {

using objects::Changes;
using objects::Object;
using objects::Revision;

constexpr std::size_t piece_bytes = 64 << 10, page_objects = 500;
constexpr Duration bookmark_every = seconds(60), bookmark_before_end = seconds(2);
constexpr std::int64_t least_seconds = 1800;  // without timeoutSeconds; at most twice as long
constexpr std::int64_t most_seconds = 10LL * 365 * 24 * 3600;

struct Counted {
  explicit Counted(Metrics& metrics_) : metrics(metrics_) { ++metrics.watches; }
  Counted(const Counted&) = delete;
  ~Counted() { --metrics.watches; }
  Metrics& metrics;
};

kube::Status too_old(Revision from, Revision newest) {
  return kube::expired(text("too old resource version: {} ({})", from, newest));
}

// One watch that is being answered.
struct Watching {
  Call& call;
  const ListOptions& options;
  const Selection selection;
  WatchEvents events;
  Revision from = 0;           // changes behind it are told
  bool shows_initial = false;  // what there is at `from`, first
  Monotonic end = {}, next_bookmark = {};
  std::string out = {};
  std::unique_ptr<Changes> changes = {};  // null: `from` is too old

  objects::Objects& objects() const { return call.parts.ground.objects; }
  Monotonic now() const { return call.ground.loop.clock().now(); }
};

Task<void> pass_on(Watching& watching) {
  const std::string piece = std::exchange(watching.out, {});
  if (!piece.empty()) co_await watching.call.exchange.write(piece);
}

// All of it first, by reference, so that a slow client does not outlast the history.
Task<std::vector<Object>> read_initial(Watching& watching) {
  std::vector<Object> selected;
  objects::ListPage page;
  for (page.more = true; page.more; co_await io::yield()) {
    page = co_await watching.objects().list(*watching.call.storage, watching.call.info.name_space,
                                            page_objects, page.last_key, watching.from);
    for (Object& object : page.objects) {
      const bool is_selected =
          watching.selection.selects_all() || co_await watching.selection.selects(object);
      if (is_selected) selected.push_back(std::move(object));
    }
  }
  co_return selected;
}

Task<void> tell_initial(Watching& watching) {
  std::vector<Object> initial = co_await read_initial(watching);
  for (Object& object : initial) {
    co_await watching.events.append_added(watching.out, object);
    object = {};
    if (watching.out.size() >= piece_bytes) co_await pass_on(watching);
  }
  if (watching.options.send_initial_events && watching.options.allow_bookmarks)
    co_await watching.events.append_bookmark(watching.out, watching.from, true);
  co_await pass_on(watching);
}

void plan_bookmark(Watching& watching) {
  const Monotonic now = watching.now(), last = {watching.end.ns - bookmark_before_end.ns};
  watching.next_bookmark = now + bookmark_every;
  if (now < last && last < watching.next_bookmark) watching.next_bookmark = last;
}

Task<void> tell_changes(Watching& watching) {
  plan_bookmark(watching);
  while (watching.now() < watching.end) {
    const bool bookmarks = watching.options.allow_bookmarks;
    const Monotonic until = bookmarks ? std::min(watching.end, watching.next_bookmark) : watching.end;
    Changes::News news = co_await watching.changes->next(std::max(until - watching.now(), Duration{}));
    for (objects::ChangePtr& change : news.changes) {
      co_await watching.events.append_change(watching.out, *change, watching.selection);
      change.reset();
      if (watching.out.size() >= piece_bytes) co_await pass_on(watching);
    }
    if (bookmarks && watching.now() >= watching.next_bookmark) {
      co_await watching.events.append_bookmark(watching.out, news.through, false);
      plan_bookmark(watching);
    }
    co_await pass_on(watching);
  }
}

Task<void> tell_all(Watching& watching) {
  if (watching.shows_initial) co_await tell_initial(watching);
  co_await tell_changes(watching);
}

// What goes wrong once the head is sent is an event of its own.
Task<void> tell(Watching& watching) {
  Result<void> told = watching.changes == nullptr ? Result<void>(not_found("compacted"))
                                                  : co_await tell_all(watching).result();
  if (!told) {
    const ErrorKind kind = told.error().kind();
    if (kind != ErrorKind::not_found && kind != ErrorKind::corrupt) co_await std::move(told);
    const Revision newest = co_await watching.objects().newest();
    watching.events.append_error(watching.out, kind == ErrorKind::not_found
                                                   ? too_old(watching.from, newest)
                                                   : kube::internal_error(told.error().message()));
    co_await pass_on(watching);
  }
  co_await watching.call.exchange.end();
}

// resourceVersion: N begins behind it. "" and "0" begin now, and what there is comes first unless the client
// says otherwise; with sendInitialEvents it does in any case.
Task<void> open(Watching& watching) {
  Request& request = watching.call;
  const Revision asked = co_await read_revision(request, watching.options.resource_version);
  const Revision newest = co_await watching.objects().newest();
  if (asked > newest) co_await request.refuse(too_large_revision(asked, newest));
  watching.shows_initial = watching.options.send_initial_events.value_or(asked == 0);
  watching.from = asked == 0 || watching.shows_initial ? newest : asked;
  auto changes =
      co_await watching.objects().watch(*request.storage, request.info.name_space, watching.from).result();
  if (!changes && changes.error().kind() == ErrorKind::not_found) co_return;
  watching.changes = co_await std::move(changes);
}

Monotonic end_of(const Call& call, const ListOptions& options) {
  const std::int64_t asked = std::min(options.timeout_s.value_or(0), most_seconds);
  const auto chosen = static_cast<std::int64_t>(call.parts.ground.random.below(least_seconds));
  return call.ground.loop.clock().now() + seconds(asked != 0 ? asked : least_seconds + chosen);
}

}  // namespace

Task<void> watch_objects(Call& call) {
  const ListOptions options = co_await read_list_options(call);
  if (call.exchange.headers().has_word("Upgrade", "websocket"))
    co_await unsupported("watching over a WebSocket");
  if (!call.resource->namespaced) call.info.name_space.clear();
  Watching watching{.call = call,
                    .options = options,
                    .selection = Selection(call, options),
                    .events = co_await WatchEvents::of(call)};
  co_await open(watching);
  watching.end = end_of(call, options);
  co_await http::discard(call.exchange.body());
  call.status = 200;
  co_await call.exchange.begin(200, answer_headers(call, stream_content_type(call.media.encoding)));
  if (call.trail) call.trail->started(200);
  const Counted counted(*call.parts.metrics);
  co_await io::first(tell(watching), call.exchange.peer_gone());
}

}  // namespace podo::apiserver
