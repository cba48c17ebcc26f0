// A tree accepts what json::parse accepts and says the same in other words, also after it is copied; with
// duplicate keys it accepts no less, and what it writes has none.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/format/json.h"
#include "base/format/json_tree.h"
#include "base/format/json_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::json;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto document = parse(text);
  const auto tree = Tree::parse(text);
  ENSURE(document.has_value() == tree.has_value());
  std::vector<std::string> duplicates;
  const auto tolerant = Tree::parse(text, {}, duplicates);
  if (tree) {
    const std::string once = Writer().value(document->root()).take();
    ENSURE(tree->to_text() == once);
    ENSURE(tolerant && tolerant->to_text() == once && duplicates.empty());
    const Tree copy = Tree::copy_of(tree->root());
    ENSURE(copy.to_text() == once && same(copy.root(), tree->root()));
  } else if (tolerant) {
    ENSURE(!duplicates.empty());
    ENSURE(parse(tolerant->to_text()).has_value());
  }
  return 0;
}
