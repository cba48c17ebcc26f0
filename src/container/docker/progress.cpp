#include "container/docker/progress.h"

#include "base/io/combine.h"

namespace podo::docker {
namespace {

constexpr std::size_t waiting_max = 64u << 10;  // of a client that reads slowly; counts are left out then

}  // namespace

image::ProgressSink ProgressAnswer::sink() {
  return [this](const image::Progress& progress) { tell(progress); };
}

void ProgressAnswer::tell(const image::Progress& progress) {
  if (progress.total != 0 && lines_.size() > waiting_max) return;
  json::Writer out;
  out.object();
  if (!progress.status.empty()) out.key("status").string(progress.status);
  if (!progress.id.empty() || progress.total != 0 || !progress.aux_json.empty()) {
    out.key("progressDetail").object();
    if (progress.current != 0) out.key("current").number(progress.current);
    if (progress.total != 0) out.key("total").number(progress.total);
    out.end();
  }
  if (!progress.id.empty()) out.key("id").string(progress.id);
  if (!progress.aux_json.empty()) out.key("aux").raw(progress.aux_json);
  lines_ += out.end().take() + "\r\n";
  changed_.notify_all();
}

void ProgressAnswer::tell_stream(std::string_view text) {
  json::Writer out;
  lines_ += out.object().key("stream").string(text).end().take() + "\r\n";
  changed_.notify_all();
}

void ProgressAnswer::tell_status(std::string_view status) {
  json::Writer out;
  lines_ += out.object().key("status").string(status).end().take() + "\r\n";
  changed_.notify_all();
}

Task<void> ProgressAnswer::work_to_the_end(Task<void> work) {
  outcome_ = co_await work.result();
  changed_.notify_all();
}

Task<void> ProgressAnswer::send_lines() {
  for (;;) {
    if (!lines_.empty()) {
      const std::string now = std::exchange(lines_, {});
      if (!call_.exchange.head_sent()) co_await call_.begin(200, "application/json");
      co_await call_.exchange.write(now);
    } else if (outcome_) {
      co_return;
    } else {
      co_await changed_.wait();
    }
  }
}

Task<void> ProgressAnswer::watch_client(io::TaskGroup& group) {
  co_await call_.exchange.peer_gone();
  group.cancel();
}

Task<void> ProgressAnswer::run(Task<void> work, bool body_is_read) {
  io::TaskGroup beside(co_await io::this_loop());
  beside.spawn(work_to_the_end(std::move(work)));
  if (!body_is_read) beside.spawn(watch_client(beside));
  const Result<> sent = co_await send_lines().result();
  beside.cancel();
  co_await beside.join();
  co_await Result<>(sent);
  if (!*outcome_) {
    const std::string message = message_of(outcome_->error());
    if (!call_.exchange.head_sent()) co_await Failure(outcome_->error());
    json::Writer out;
    out.object().key("errorDetail").object().key("message").string(message).end();
    out.key("error").string(message).end();
    co_await call_.exchange.write(out.take() + "\r\n");
  }
  if (!call_.exchange.head_sent()) co_await call_.begin(200, "application/json");
  co_await call_.exchange.end();
}

}  // namespace podo::docker
