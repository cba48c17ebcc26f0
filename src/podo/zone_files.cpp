#include "podo/zone_files.h"

#include <algorithm>

#include "base/core/text.h"
#include "base/linux/file.h"

namespace podo {
namespace {

constexpr std::size_t zone_bytes_max = 64 << 10;

// Names come from objects of the API: no way out of the folder.
bool is_zone_name(std::string_view name) {
  const auto fits = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || c == '/' || c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() < 100 && name.front() != '/' && std::ranges::all_of(name, fits);
}

}  // namespace

Result<std::string> read_zone_file(std::string_view name) {
  if (!is_zone_name(name)) return not_found("unknown time zone {}", name);
  auto bytes = linux::read_file(text("/usr/share/zoneinfo/{}", name).c_str(), zone_bytes_max);
  if (!bytes) return not_found("unknown time zone {}", name);
  return bytes;
}

}  // namespace podo
