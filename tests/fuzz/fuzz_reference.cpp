// What people type as an image's name, a platform or a digest. What is accepted has one complete spelling,
// which is safe in a URL and in a path.
#include "base/core/ensure.h"
#include "model/oci/image.h"

namespace podo::oci {
namespace {

void check(const Reference& reference) {
  const std::string whole = reference.to_text();
  const auto again = Reference::parse(whole);
  ENSURE(again.has_value());
  ENSURE(again->to_text() == whole);
  const auto seen = Reference::parse(reference.familiar());
  ENSURE(seen.has_value());
  ENSURE(seen->to_text() == whole);
  ENSURE(!reference.tag.empty() || !reference.digest.empty());
  ENSURE(reference.path.size() <= 255);
  for (const char c : whole) ENSURE(c > ' ' && c < '\x7f' && c != '?' && c != '#' && c != '%' && c != '\\');
  ENSURE(!reference.path.contains("..") && !reference.path.contains("//") &&
         !reference.path.starts_with('/'));
  ENSURE(!reference.tag.starts_with('.') && !reference.tag.contains('/'));
}

void check(const Platform& platform) {
  const auto again = Platform::parse(platform.to_text());
  ENSURE(again.has_value());
  ENSURE(again->to_text() == platform.to_text());
  ENSURE(platform.suits(platform) == 100);
}

}  // namespace
}  // namespace podo::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::oci;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto reference = Reference::parse(text)) check(*reference);
  if (const auto platform = Platform::parse(text)) check(*platform);
  if (check_digest(text)) ENSURE(text.find('/') == text.npos && text.size() <= 135);
  return 0;
}
