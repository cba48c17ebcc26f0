// An archive on disk as a tar stream, a piece at a time: plain, gzip and zstd by this program, bzip2 and xz
// by the machine's programs of those names, which are unsupported where they are not installed. Blocking: for
// the pool; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "container/image/decoder.h"

namespace podo::builder {

// "bzip2", "xz": who undoes it; "" this program, or nothing is to be done. Needs the first six bytes.
std::string_view expanding_program(std::string_view beginning);

class ArchiveStream {
 public:
  static Result<ArchiveStream> open(int file);  // from its beginning; borrowed
  ArchiveStream(ArchiveStream&&) noexcept;
  ~ArchiveStream();  // a program that still runs is killed

  Result<std::string_view> next();  // valid until the next call; "" at the end

 private:
  class Program;
  explicit ArchiveStream(int file);

  int file_;
  std::unique_ptr<Program> program_;
  image::Decoder decoder_;
  std::string input_;
  bool ended_ = false;
};

// A tar archive of at least one member, however it is compressed?
Result<bool> is_archive(int file);

}  // namespace podo::builder
