#include "container/image/decoder.h"

#include "base/format/gzip.h"

namespace podo::image {

void Decoder::feed(std::string_view bytes) {
  if (inflater_) return inflater_->feed(bytes);
  if (zstd_) return zstd_->feed(bytes);
  plain_ += bytes;
  if (!chosen_ && plain_.size() >= 4) choose();
}

void Decoder::finish() {
  finished_ = true;
  if (!chosen_) choose();
  if (inflater_) inflater_->finish();
  if (zstd_) zstd_->finish();
}

void Decoder::choose() {
  chosen_ = true;
  if (gzip::is_gzip(plain_)) {
    inflater_.emplace();
    inflater_->feed(plain_);
  } else if (zstd::is_zstd(plain_)) {
    zstd_.emplace();
    zstd_->feed(plain_);
  } else {
    return;
  }
  plain_ = {};
}

Result<std::string_view> Decoder::next() {
  if (inflater_) return inflater_->next();
  if (zstd_) return zstd_->next();
  if (!chosen_) return std::string_view();
  told_.swap(plain_);
  plain_.clear();
  return std::string_view(told_);
}

}  // namespace podo::image
