#include "cluster/node_api/demultiplexer.h"

#include <algorithm>
#include <utility>

namespace podo::node_api {

std::optional<Demultiplexer::Piece> Demultiplexer::next(std::string_view& fed) {
  constexpr std::size_t head_size = 8;
  if (!in_frame_) {
    const std::size_t count = std::min(head_size - head_.size(), fed.size());
    head_ += fed.substr(0, count);
    fed.remove_prefix(count);
    if (head_.size() < head_size) return std::nullopt;
    err_ = head_[0] == 2;
    left_ = 0;
    for (std::size_t i = 4; i < head_size; ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[i]);
    head_.clear();
    in_frame_ = begins_ = true;
  }
  if (fed.empty() && left_ > 0) return std::nullopt;
  const std::string_view bytes = fed.substr(0, left_);
  fed.remove_prefix(bytes.size());
  left_ -= static_cast<std::uint32_t>(bytes.size());
  in_frame_ = left_ > 0;
  return Piece{.err = err_, .begins = std::exchange(begins_, false), .ends = left_ == 0, .bytes = bytes};
}

}  // namespace podo::node_api
