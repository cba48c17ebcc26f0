// Fields that can be read can be written, and then read the same; nothing is read behind the end.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/format/protobuf.h"

namespace podo::protobuf {
namespace {

// False: not a message.
bool rewrite(std::string_view bytes, std::string& out) {
  Reader in(bytes);
  Writer writer(out);
  for (;;) {
    const auto more = in.next();
    if (!more) return false;
    if (!*more) return true;
    if (in.wire() == Wire::varint) {
      const auto value = in.varint();
      if (!value) return false;
      writer.varint(in.number(), *value);
    } else if (in.wire() == Wire::eight_bytes) {
      const auto value = in.real();
      if (!value) return false;
      writer.real(in.number(), *value);
    } else if (in.wire() == Wire::bytes) {
      const auto value = in.bytes();
      if (!value) return false;
      const auto nested = writer.open(in.number());
      out += *value;
      writer.close(nested);
    }
  }
}

}  // namespace
}  // namespace podo::protobuf

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::protobuf;
  std::string once, twice;
  if (!rewrite({reinterpret_cast<const char*>(data), size}, once)) return 0;
  ENSURE(rewrite(once, twice));
  ENSURE(once == twice);
  return 0;
}
