#include "base/store/segment_files.h"

#include <algorithm>

#include "base/store/log_reader.h"

namespace podo::store {
namespace {

constexpr std::size_t fill_bytes = 256 << 10;  // at once: a sync of the log's need not wait long behind it

}  // namespace

std::string SegmentFiles::path_of(std::uint64_t number) const {
  return text("{}/{}", folder_, segment_name(number));
}

void SegmentFiles::give_back(std::uint64_t number) {
  number_from(number + 1);
  spares_.insert(number);
  wanted_.notify_one();
}

void SegmentFiles::keep_spares(std::uint64_t bytes) {
  spare_bytes_ = bytes;
  if (too_many_spares() && !failure_) wanted_.notify_one();
}

Task<Segment> SegmentFiles::take() {
  failure_.reset();
  wanted_.notify_one();
  while (prepared_.empty()) {
    if (failure_) co_return Failure(Error(*failure_));
    co_await made_.wait();
  }
  Segment segment = std::move(prepared_.front());
  prepared_.pop_front();
  ahead_ = 2;
  wanted_.notify_one();
  co_return segment;
}

Task<void> SegmentFiles::run() {
  for (;;) {
    while (!wanted()) co_await wanted_.wait();
    if (prepared_.size() >= ahead_) {
      std::uint64_t spare = *spares_.begin();
      spares_.erase(spares_.begin());
      (void)co_await disk_.remove(path_of(spare)).result();  // if it stays, the next opening finds it again
      continue;
    }
    Result<Segment> made = co_await make().result();
    if (made) prepared_.push_back(*std::move(made));
    else failure_ = std::move(made).error();
    made_.notify_all();
    if (failure_) co_await wanted_.wait();
  }
}

Task<Segment> SegmentFiles::make() {
  std::string path = path_of(next_number_);
  std::shared_ptr<io::File> file = spares_.empty() ? co_await fill(path) : co_await recycle(path);
  co_await file->write_at_and_sync(0, encode(SegmentHeader{.store = store_, .segment = next_number_}));
  co_await disk_.sync_folder(folder_);
  co_return Segment{.number = next_number_++, .file = std::move(file), .bytes = segment_bytes_};
}

Task<std::shared_ptr<io::File>> SegmentFiles::recycle(std::string path) {
  std::uint64_t spare = *spares_.begin();
  Result<void> renamed = co_await disk_.rename(path_of(spare), path).result();
  if (renamed || renamed.error().kind() == ErrorKind::not_found) spares_.erase(spare);
  co_await std::move(renamed);
  co_return co_await disk_.open(path);
}

// The header comes last: a file that was not finished has none.
Task<std::shared_ptr<io::File>> SegmentFiles::fill(std::string path) {
  std::shared_ptr<io::File> file = co_await disk_.open(path, {.create = io::OpenOptions::Create::if_missing});
  for (std::uint64_t filled = 0; filled < segment_bytes_; filled += fill_bytes) {
    std::uint64_t count = std::min<std::uint64_t>(fill_bytes, segment_bytes_ - filled);
    co_await file->write_zeros(filled, count);
  }
  co_await file->sync();
  co_return file;
}

}  // namespace podo::store
