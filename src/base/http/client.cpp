#include "base/http/client.h"

#include <algorithm>

#include "base/http/wire.h"
#include "base/io/combine.h"

namespace podo::http {
namespace {

struct Kept {
  std::string origin;
  std::unique_ptr<Wire> wire;
};

bool may_be_stale(const Error& error) {
  bool broke = error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::corrupt;
  return broke && error.system_errno() != ETIMEDOUT;
}

// Old daemons switch without saying so in the status.
bool is_raw_stream(const Head& head) {
  return head.status == 200 && !head.headers.find("Content-Length") &&
         !head.headers.find("Transfer-Encoding") &&
         head.headers.get("Content-Type").starts_with("application/vnd.docker.");
}

}  // namespace

// The connections nobody uses now, the longest kept first.
struct Client::State final : private io::Timer {
  State(io::Loop& on, Connector& from, ClientLimits with) : loop(on), connector(from), limits(with) {}

  std::unique_ptr<Wire> take(const std::string& origin);
  void keep(const std::string& origin, std::unique_ptr<Wire> wire);
  Task<std::unique_ptr<Wire>> connect(const Url& url);
  Task<std::unique_ptr<Wire>> exchange(const Request& request, const Url& url);

  io::Loop& loop;
  Connector& connector;
  ClientLimits limits;
  std::vector<Kept> kept;

 private:
  void fired() override { drop_old(); }
  void drop_old();
};

std::unique_ptr<Wire> Client::State::take(const std::string& origin) {
  // The newest one: the others may run out.
  auto found = std::find_if(kept.rbegin(), kept.rend(), [&](const Kept& k) { return k.origin == origin; });
  if (found == kept.rend()) return nullptr;
  std::unique_ptr<Wire> wire = std::move(found->wire);
  kept.erase(std::next(found).base());
  return wire;
}

void Client::State::keep(const std::string& origin, std::unique_ptr<Wire> wire) {
  wire->idle_since = loop.clock().now();
  kept.push_back({origin, std::move(wire)});
  auto of_origin = [&](const Kept& k) { return k.origin == origin; };
  auto count = static_cast<std::size_t>(std::count_if(kept.begin(), kept.end(), of_origin));
  if (count > limits.kept_connections) kept.erase(std::find_if(kept.begin(), kept.end(), of_origin));
  if (!pending()) set(loop, loop.clock().now() + limits.kept_for);
}

void Client::State::drop_old() {
  Monotonic now = loop.clock().now();
  std::erase_if(kept, [&](const Kept& k) { return now >= k.wire->idle_since + limits.kept_for; });
  if (!kept.empty()) set(loop, kept.front().wire->idle_since + limits.kept_for);
}

Task<std::unique_ptr<Wire>> Client::State::connect(const Url& url) {
  std::unique_ptr<io::Stream> stream = co_await io::deadline(connector.connect(url), limits.connect_within);
  co_return std::make_unique<Wire>(loop, std::move(stream), limits);
}

Task<std::unique_ptr<Wire>> Client::State::exchange(const Request& request, const Url& url) {
  for (;;) {
    std::unique_ptr<Wire> wire = take(url.origin());
    bool was_kept = wire != nullptr;
    // A streamed body can be given only once, so a connection is looked at before it gets it.
    if (was_kept && request.streamed_body != nullptr && !co_await wire->is_open()) continue;
    if (!was_kept) wire = co_await connect(url);
    Result<void> done = co_await wire->exchange(request, url).result();
    if (done) co_return wire;
    bool again = was_kept && !wire->answered() && request.streamed_body == nullptr;
    if (!again || !may_be_stale(done.error())) co_return Failure(std::move(done).error());
  }
}

namespace {

class AnswerBody final : public Body {
 public:
  using GiveBack = std::function<void(std::unique_ptr<Wire>)>;
  AnswerBody(std::unique_ptr<Wire> wire, GiveBack give_back)
      : wire_(std::move(wire)), give_back_(std::move(give_back)) {
    finish_if_complete();
  }

  Task<std::size_t> read(std::span<std::byte> into) override {
    if (wire_ == nullptr || into.empty()) co_return 0;
    std::size_t count = co_await wire_->read_body(into);
    finish_if_complete();
    co_return count;
  }

 private:
  void finish_if_complete() {
    if (wire_->reusable()) give_back_(std::move(wire_));
  }
  std::unique_ptr<Wire> wire_;  // null once it was given back
  GiveBack give_back_;
};

class NoBody final : public Body {
 public:
  Task<std::size_t> read(std::span<std::byte>) override { co_return 0; }
};

Response answer_of(Head& head) { return {head.status, std::move(head.headers), nullptr}; }

}  // namespace

Client::Client(io::Loop& loop, Connector& connector, ClientLimits limits)
    : state_(std::make_unique<State>(loop, connector, limits)) {}
Client::~Client() = default;

Task<Response> Client::send(Request request) {
  Url url = co_await Url::parse(request.url);
  std::unique_ptr<Wire> wire = co_await state_->exchange(request, url);
  Response response = answer_of(wire->head());
  response.body = std::make_unique<AnswerBody>(
      std::move(wire), [state = state_.get(), origin = url.origin()](std::unique_ptr<Wire> back) {
        state->keep(origin, std::move(back));
      });
  co_return response;
}

Task<Client::Upgraded> Client::upgrade(Request request) {
  Url url = co_await Url::parse(request.url);
  if (!request.headers.find("Connection")) request.headers.add("Connection", "Upgrade");
  if (!request.headers.find("Upgrade")) request.headers.add("Upgrade", "tcp");
  std::unique_ptr<Wire> wire = co_await state_->exchange(request, url);
  bool switched = wire->head().status == 101 || is_raw_stream(wire->head());
  Upgraded upgraded{answer_of(wire->head()), nullptr};
  if (switched) {
    upgraded.response.body = std::make_unique<NoBody>();
    upgraded.stream = wire->take_stream();
  } else {
    upgraded.response.body = std::make_unique<AnswerBody>(std::move(wire), [](std::unique_ptr<Wire>) {});
  }
  co_return upgraded;
}

}  // namespace podo::http
