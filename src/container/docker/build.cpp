// POST /build and /build/cancel.
#include <algorithm>

#include "container/docker/build_options.h"
#include "container/docker/build_progress.h"
#include "container/docker/builds.h"
#include "container/docker/handlers.h"
#include "container/docker/names.h"

namespace podo::docker {
namespace {

constexpr std::size_t wish_bytes_max = 16u << 20;
constexpr std::size_t backlog_max = 4u << 20;  // of a client that reads slowly; output is left out then

Result<builder::Builder*> builder_of(const Call& call) {
  if (call.ground.builder == nullptr) return unsupported("Unsupported: this daemon has no builder");
  return call.ground.builder;
}

// A request's body: the wish's line first, then the archive. Tells when all of it was read.
class BuildBody final : public http::Body {
 public:
  explicit BuildBody(http::Body& body) : body_(body) {}

  Task<std::string> line() {
    for (;;) {
      const auto end = ready_.find('\n');
      if (end != ready_.npos) {
        std::string line = ready_.substr(0, end);
        ready_.erase(0, end + 1);
        co_return line;
      }
      if (ready_.size() > wish_bytes_max) co_return invalid("the wish is too large");
      std::string piece(64 << 10, '\0');
      const std::size_t count = co_await body_.read(io::writable_bytes_of(piece));
      if (count == 0) co_return std::exchange(ready_, {});
      ready_.append(piece, 0, count);
    }
  }

  Task<std::size_t> read(std::span<std::byte> into) override {
    if (ready_.empty()) co_return co_await body_.read(into);
    const std::size_t count = std::min(into.size(), ready_.size());
    std::copy_n(io::bytes_of(ready_).begin(), count, into.begin());
    ready_.erase(0, count);
    co_return count;
  }

 private:
  http::Body& body_;
  std::string ready_;
};

// One build on its way to its client.
class Building {
 public:
  Building(Call& call, builder::Builder& builder, BuildAsk ask)
      : call_(call),
        builder_(builder),
        ask_(std::move(ask)),
        body_(call.exchange.body()),
        answer_(call, ask_.events ? std::string(events_type) : "application/json"),
        classic_(ask_.removes, [this](std::string_view lines) { tell_classic(lines); }) {}

  Task<void> run() {
    co_await read_wish();
    const bool reads_body = ask_.request.context.archive != nullptr;
    answer_.failure_line = ask_.events ? failure_event_line : classic_failure_line;
    const Builds::Entry entry(call_.builds, ask_.id, answer_);
    if (!reads_body) body_is_here_ = true;
    co_await answer_.run_while(work(), client_gone());
  }

 private:
  Task<void> read_wish() {
    builder::BuildRequest& request = ask_.request;
    if (call_.exchange.headers().get("Content-Type") == wish_type)
      co_await add_wish(request, co_await body_.line(), call_.exchange.peer().uid.has_value());
    if (request.context.remote.empty() && request.context.folder.empty()) request.context.archive = &body_;
  }

  Task<void> work() {
    ask_.request.output = [this](std::string_view bytes) { return send_archive(bytes); };
    auto building = builder_.build(std::move(ask_.request), [this](const BuildEvent& event) { take(event); });
    auto result = co_await std::move(building).result();
    if (!result) {
      tell_how_it_went();
      co_await Failure(result.error());
    }
    tell_result(*result);
  }

  // Nobody sees that a client goes while its context is read, but whoever reads it.
  Task<void> client_gone() {
    while (!body_is_here_) co_await changed_.wait();
    (void)co_await http::discard(body_).result();
    co_await call_.exchange.peer_gone();
  }

  void take(const BuildEvent& event) {
    if (event.kind == BuildEvent::Kind::planned) {
      body_is_here_ = true;
      changed_.notify_all();
    }
    if (is_left_out(event)) return;
    if (!ask_.events) return classic_.take(event);
    if (event.kind != BuildEvent::Kind::output) return answer_.tell_bytes(event_line(event));
    BuildEvent whole = event;
    whole.text = characters_.pass(event);
    if (!whole.text.empty()) answer_.tell_bytes(event_line(whole));
  }

  bool is_left_out(const BuildEvent& event) {
    const bool is_much = event.kind == BuildEvent::Kind::output || event.kind == BuildEvent::Kind::progress;
    if (is_much && std::max(answer_.waiting(), held_.size()) > backlog_max) {
      left_out_ += event.text.size();
      return true;
    }
    if (left_out_ == 0) return false;
    BuildEvent note{.kind = BuildEvent::Kind::output, .step = event.step};
    note.text = text("\n[{} bytes of output are left out: they were not read in time]\n",
                     std::exchange(left_out_, 0));
    take(note);
    return false;
  }

  void tell_classic(std::string_view lines) {
    if (ask_.quiet) held_ += lines;
    else answer_.tell_bytes(lines);
  }

  void tell_how_it_went() {
    if (ask_.events) return;
    classic_.finish();
    answer_.tell_bytes(std::exchange(held_, {}));
  }

  void tell_result(const builder::BuildResult& result) {
    if (result.image != nullptr) tell_image(call_, "create", result.image->id, result.image->id);
    for (const auto& name : result.named) {
      if (result.image != nullptr) tell_image(call_, "tag", result.image->id, familiar(name));
    }
    if (ask_.events) return answer_.tell_bytes(result_line(result));
    tell_classic_result(result);
  }

  void tell_classic_result(const builder::BuildResult& result) {
    if (!result.unused_arguments.empty()) {
      std::string names;
      for (const auto& name : result.unused_arguments) names += (names.empty() ? "" : " ") + name;
      tell_classic(stream_line(text("[Warning] One or more build-args [{}] were not consumed\n", names)));
    }
    if (result.image == nullptr) return;
    const std::string& id = result.image->id;
    if (ask_.quiet) return answer_.tell_bytes(stream_line(id + "\n"));
    if (call_.version >= 30) {
      json::Writer aux;
      aux.object().key("aux").object().key("ID").string(id).end().end();
      answer_.tell_bytes(aux.take() + "\r\n");
    }
    answer_.tell_bytes(stream_line(text("Successfully built {}\n", id.substr(7, 12))));
    for (const auto& name : result.named)
      answer_.tell_bytes(stream_line(text("Successfully tagged {}\n", familiar(name))));
  }

  Task<void> send_archive(std::string_view bytes) {
    if (!ask_.events) co_await unsupported("an archive as the result of a build of this API");
    std::string piece = text("{{\"archive\":{}}}\n", bytes.size());
    piece += bytes;
    co_await answer_.send(std::move(piece));
  }

  Call& call_;
  builder::Builder& builder_;
  BuildAsk ask_;
  BuildBody body_;
  ProgressAnswer answer_;
  ClassicProgress classic_;
  WholeCharacters characters_;
  std::string held_;  // of a quiet build: told when it fails
  std::size_t left_out_ = 0;
  bool body_is_here_ = false;
  io::Condition changed_{"a build's context"};
};

Task<void> build(Call& call) {
  builder::Builder* const builder = co_await builder_of(call);
  Building building(call, *builder, co_await build_ask_of(call));
  co_await building.run();
}

}  // namespace

Task<void> build_image(Call& call) {
  const Result<> done = co_await build(call).result();
  if (done) co_return;
  // A client sends its whole context before it listens.
  if (!call.exchange.head_sent()) (void)co_await http::discard(call.exchange.body()).result();
  co_await Failure(done.error());
}

Task<void> cancel_build(Call& call) {
  if (call.query("id").empty()) co_await invalid("build ID not provided");
  call.builds.cancel(call.query("id"));
  co_await call.nothing(200);
}

}  // namespace podo::docker
