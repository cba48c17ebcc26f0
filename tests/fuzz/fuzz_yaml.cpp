// Whatever is accepted as YAML is JSON for the JSON parser, and printable JSON is read as YAML into itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/format/json.h"
#include "base/format/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  const json::Limits limits{.bytes_max = 1 << 16, .depth_max = 32, .values_max = 10'000};
  const auto documents = yaml::to_json(std::string_view(reinterpret_cast<const char*>(data), size), limits);
  if (!documents) {
    ENSURE(!documents.error().message().empty());
    return 0;
  }
  for (const std::string& document : *documents) {
    ENSURE(json::parse(document, {.depth_max = 32}).has_value());
    const bool printable = std::ranges::all_of(document, [](char c) { return c >= ' ' && c < '\x7F'; });
    if (!printable || document.size() > 1000) continue;  // a key of more than 1024 characters is not YAML
    const auto again = yaml::to_json(document);
    ENSURE(again.has_value() && again->size() == 1 && again->front() == document);
  }
  return 0;
}
