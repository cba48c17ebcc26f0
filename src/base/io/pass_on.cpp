#include "base/io/pass_on.h"

namespace podo::io {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

}  // namespace

Task<void> pass_on(Stream& from, Stream& to, TaskGroup& both) {
  std::string buffer(piece_bytes, '\0');
  for (;;) {
    const auto count = co_await from.read(writable_bytes_of(buffer)).result();
    if (!count) break;
    if (*count == 0) {
      (void)to.finish();
      co_return;
    }
    if (!co_await to.write(bytes_of(std::string_view(buffer).substr(0, *count))).result()) break;
  }
  both.cancel();
}

}  // namespace podo::io
