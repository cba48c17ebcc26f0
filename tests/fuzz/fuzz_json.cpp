// Whatever is accepted as JSON is written and read back the same, its paths lead where they say, and
// numbers and look-ups hold for every value.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

void check(const Document& document, Value value, unsigned depth) {
  if (const auto number = value.as_int64(); number && *number >= 0) {
    ENSURE(value.as_uint64() == static_cast<std::uint64_t>(*number));
  }
  static_cast<void>(value.as_double());
  if (depth < 4 && value.size() < 40) ENSURE(document.path_of(value).empty() == (value == document.root()));
  for (const auto& [key, member] : value.is(Kind::object) ? value.members() : Value().members()) {
    ENSURE(value.find(key) == member);
    check(document, member, depth + 1);
  }
  for (const Value item : value.is(Kind::array) ? value.items() : Value().items())
    check(document, item, depth + 1);
}

void round_trip(Value root, Layout layout) {
  const std::string once = Writer(layout).value(root).take();
  const auto again = parse(once);
  ENSURE(again.has_value());
  ENSURE(Writer(layout).value(again->root()).take() == once);
}

}  // namespace
}  // namespace podo::json

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::json;
  const auto document = parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!document) {
    ENSURE(!document.error().message().empty());
    return 0;
  }
  check(*document, document->root(), 0);
  round_trip(document->root(), Layout::compact);
  round_trip(document->root(), Layout::indented);
  return 0;
}
