// Layer bytes as they are stored become a tar stream: gzip, zstd or neither, told by the first bytes (the
// media type of a layer is often wrong). Fed and asked like an Inflater (base/format/inflate.h); bounded
// memory; one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/format/inflate.h"
#include "base/format/zstd.h"

namespace podo::image {

class Decoder {
 public:
  void feed(std::string_view bytes);  // copied
  void finish();
  Result<std::string_view> next();  // "": wants more, or after finish() all is told
  bool compressed() const { return inflater_.has_value() || zstd_.has_value(); }

 private:
  void choose();

  std::string plain_, told_;
  std::optional<gzip::Inflater> inflater_;
  std::optional<zstd::Expander> zstd_;
  bool chosen_ = false, finished_ = false;
};

}  // namespace podo::image
