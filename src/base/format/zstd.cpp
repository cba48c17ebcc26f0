#include "base/format/zstd.h"

#include <zstd.h>

#include "base/core/ensure.h"

namespace podo::zstd {

std::string compress(std::string_view bytes, int level) { return Compressor(level).compress(bytes); }

void Compressor::Free::operator()(ZSTD_CCtx_s* tables) const { ZSTD_freeCCtx(tables); }

std::string Compressor::compress(std::string_view bytes) {
  if (tables_ == nullptr) tables_.reset(ZSTD_createCCtx());
  ENSURE(tables_ != nullptr);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size =
      ZSTD_compressCCtx(tables_.get(), frame.data(), frame.size(), bytes.data(), bytes.size(), level_);
  ENSURE(ZSTD_isError(size) == 0);  // the frame has room for the worst case
  frame.resize(size);
  return frame;
}

Result<std::string> decompress(std::string_view frame, std::size_t size) {
  // What the frame itself claims is looked at first: its content is never larger than what is asked for.
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != size)
    return corrupt("a compressed piece is not of {} bytes", size);
  std::string bytes(size, '\0');
  std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return corrupt("a compressed piece cannot be read: {}", ZSTD_getErrorName(got));
  if (got != size) return corrupt("a compressed piece has {} bytes instead of {}", got, size);
  return bytes;
}

void Expander::Free::operator()(ZSTD_DCtx_s* state) const { ZSTD_freeDCtx(state); }

Expander::Expander() : state_(ZSTD_createDCtx()), output_(ZSTD_DStreamOutSize(), '\0') {
  ENSURE(state_ != nullptr);
  ENSURE(ZSTD_isError(ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, 23)) == 0);
}

void Expander::feed(std::string_view bytes) {
  input_.erase(0, input_at_);
  input_at_ = 0;
  input_ += bytes;
}

Result<std::string_view> Expander::next() {
  for (;;) {
    ZSTD_inBuffer in{input_.data(), input_.size(), input_at_};
    ZSTD_outBuffer out{output_.data(), output_.size(), 0};
    const bool had_input = input_at_ < input_.size();
    const std::size_t left = had_input || in_frame_ ? ZSTD_decompressStream(state_.get(), &out, &in) : 0;
    if (ZSTD_isError(left) != 0) return corrupt("zstd: {}", ZSTD_getErrorName(left));
    const bool moved = in.pos > input_at_ || out.pos > 0;
    input_at_ = in.pos;
    if (moved) in_frame_ = left != 0;
    if (out.pos > 0) return std::string_view(output_.data(), out.pos);
    if (moved && input_at_ < input_.size()) continue;
    if (finished_ && in_frame_) return corrupt("zstd: the stream is cut off");
    return std::string_view();
  }
}

bool is_zstd(std::string_view beginning) { return beginning.starts_with("\x28\xb5\x2f\xfd"); }

}  // namespace podo::zstd
