#include "container/apparmor/kernel.h"

#include <unistd.h>

#include <filesystem>

#include "base/core/text.h"
#include "base/linux/file.h"

namespace podo::apparmor {
namespace {

constexpr std::size_t profiles_max = 4u << 20, small = 4096;

std::string_view without_mode(std::string_view line) {
  const std::size_t end = line.rfind(" (");
  return line.ends_with(')') && end != line.npos ? line.substr(0, end) : line;
}

std::string first_line(const std::string& path) {
  std::string line = linux::read_file(path.c_str(), small).value_or("");
  line.resize(std::min(line.find_first_of(std::string_view("\n\0", 2)), line.size()));
  return line;
}

}  // namespace

bool is_enabled(const Places& places) { return first_line(places.enabled).starts_with('Y'); }

bool lists_profile(std::string_view profiles, std::string_view name) {
  while (!profiles.empty()) {
    const std::string_view line = profiles.substr(0, profiles.find('\n'));
    profiles.remove_prefix(std::min(profiles.size(), line.size() + 1));
    if (without_mode(line) == name) return true;
  }
  return false;
}

Result<bool> is_loaded(const Places& places, std::string_view name) {
  const std::string path = places.kernel + "/profiles";
  return lists_profile(TRY(linux::read_file(path.c_str(), profiles_max)), name);
}

std::string digest_of_loaded(const Places& places, std::string_view name) {
  std::error_code error;
  const std::string begin = std::string(name) + ".";
  for (const auto& entry : std::filesystem::directory_iterator(places.kernel + "/policy/profiles", error)) {
    const std::string folder = entry.path().string();
    if (!entry.path().filename().string().starts_with(begin) || first_line(folder + "/name") != name)
      continue;
    for (const char* file : {"/sha256", "/sha1"})
      if (std::string digest = first_line(folder + file); !digest.empty()) return digest;
  }
  return {};
}

std::string own_label(const Places& places) {
  for (const std::string& path : places.own_labels)
    if (const std::string line = first_line(path); !line.empty()) return std::string(without_mode(line));
  return "unconfined";
}

std::string find_parser(const Places& places) {
  for (const std::string& path : places.parsers)
    if (::access(path.c_str(), X_OK) == 0) return path;
  return {};
}

}  // namespace podo::apparmor
