// The header blocks of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, 2.6.10), compressed.
//
//   block  := count:be32 ( name:string value:string ){count}
//   string := size:be32 bytes                a name is in lower case and there once; NUL between its values
//
// All blocks of a direction are one zlib stream (RFC 1950): it begins with a dictionary that is part of the
// specification, and each block ends with a sync flush. So a block that could not be read spoils the rest of
// its direction. A block may inflate to `bytes_max` at most. Synchronous. Private to base/http.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/http/message.h"

struct z_stream_s;

namespace podo::http {

std::string spdy_dictionary();

class SpdyInflater {
 public:
  explicit SpdyInflater(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  Result<Headers> read(std::span<const std::byte> block);  // corrupt; exhausted over the limit

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  Result<std::string> inflate(std::span<const std::byte> block);

  std::size_t bytes_max_;
  std::unique_ptr<z_stream_s, End> stream_;  // made for the first block
};

class SpdyDeflater {
 public:
  std::string write(const Headers& headers);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
};

}  // namespace podo::http
