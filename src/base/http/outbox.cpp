#include "base/http/outbox.h"

namespace podo::http {

using io::Task;

void Outbox::put(std::string_view bytes) {
  if (failure_ || bytes.empty()) return;
  waiting_ += bytes;
  changed_.notify_all();
}

Task<void> Outbox::room(std::size_t bytes_max) {
  while (!failure_ && waiting_.size() >= bytes_max) co_await changed_.wait();
  if (failure_) co_await fail(failure_->kind(), failure_->message(), failure_->system_errno());
}

Task<void> Outbox::flushed() {
  while (!failure_ && (sending_ || !waiting_.empty())) co_await changed_.wait();
}

Task<void> Outbox::run() {
  for (;;) {
    while (waiting_.empty()) co_await changed_.wait();
    const std::string bytes = std::exchange(waiting_, {});
    sending_ = true;
    Result<void> sent = co_await stream_.write(io::bytes_of(bytes)).result();
    sending_ = false;
    if (!sent) {
      failure_ = std::move(sent).error();
      waiting_.clear();
      changed_.notify_all();
      co_return;
    }
    changed_.notify_all();
  }
}

}  // namespace podo::http
