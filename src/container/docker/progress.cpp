#include "container/docker/progress.h"

#include "base/io/combine.h"

namespace podo::docker {
namespace {

constexpr std::size_t waiting_max = 64u << 10;  // of a client that reads slowly; counts are left out then

}  // namespace

std::string progress_line(const image::Progress& progress) {
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
  return out.end().take() + "\r\n";
}

std::string stream_line(std::string_view text) {
  json::Writer out;
  return out.object().key("stream").string(text).end().take() + "\r\n";
}

std::string ProgressAnswer::error_line(const Error& error) {
  const std::string message = message_of(error);
  json::Writer out;
  out.object().key("errorDetail").object().key("message").string(message).end();
  return out.key("error").string(message).end().take() + "\r\n";
}

image::ProgressSink ProgressAnswer::sink() {
  return [this](const image::Progress& progress) { tell(progress); };
}

void ProgressAnswer::tell(const image::Progress& progress) {
  if (progress.total != 0 && lines_.size() > waiting_max) return;
  tell_bytes(progress_line(progress));
}

void ProgressAnswer::tell_stream(std::string_view text) { tell_bytes(stream_line(text)); }

void ProgressAnswer::tell_status(std::string_view status) {
  json::Writer out;
  tell_bytes(out.object().key("status").string(status).end().take() + "\r\n");
}

void ProgressAnswer::tell_bytes(std::string_view bytes) {
  lines_ += bytes;
  changed_.notify_all();
}

Task<void> ProgressAnswer::send(std::string bytes) {
  tell_bytes(bytes);
  while (!lines_.empty()) co_await taken_.wait();
}

void ProgressAnswer::cancel() {
  if (beside_ != nullptr) beside_->cancel();
}

Task<void> ProgressAnswer::work_to_the_end(Task<void> work) {
  outcome_ = co_await work.result();
  changed_.notify_all();
}

Task<void> ProgressAnswer::send_lines() {
  for (;;) {
    if (!lines_.empty()) {
      const std::string now = std::exchange(lines_, {});
      if (!call_.exchange.head_sent()) co_await call_.begin(200, content_type_);
      co_await call_.exchange.write(now);
      if (lines_.empty()) taken_.notify_all();
    } else if (outcome_) {
      co_return;
    } else {
      co_await changed_.wait();
    }
  }
}

Task<void> ProgressAnswer::cancel_after(Task<void> client_gone) {
  co_await client_gone;
  cancel();
}

Task<void> ProgressAnswer::run(Task<void> work, bool body_is_read) {
  std::optional<Task<void>> client_gone;
  if (!body_is_read) client_gone = call_.exchange.peer_gone();
  return run_beside(std::move(work), std::move(client_gone));
}

Task<void> ProgressAnswer::run_while(Task<void> work, Task<void> client_gone) {
  return run_beside(std::move(work), std::move(client_gone));
}

Task<void> ProgressAnswer::run_beside(Task<void> work, std::optional<Task<void>> client_gone) {
  io::TaskGroup beside(co_await io::this_loop());
  beside_ = &beside;
  beside.spawn(work_to_the_end(std::move(work)));
  if (client_gone) beside.spawn(cancel_after(*std::move(client_gone)));
  const Result<> sent = co_await send_lines().result();
  beside.cancel();
  co_await beside.join();
  beside_ = nullptr;
  co_await Result<>(sent);
  if (!*outcome_) {
    if (!call_.exchange.head_sent()) co_await Failure(outcome_->error());
    co_await call_.exchange.write(failure_line(outcome_->error()));
  }
  if (!call_.exchange.head_sent()) co_await call_.begin(200, content_type_);
  co_await call_.exchange.end();
}

}  // namespace podo::docker
