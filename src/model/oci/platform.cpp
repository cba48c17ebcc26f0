// Platforms, in the words of Go's GOOS and GOARCH (image-spec: image-index.md#platform-variants).
#include <sys/utsname.h>

#include <algorithm>
#include <span>

#include "model/oci/image.h"

namespace podo::oci {
namespace {

struct Alias {
  std::string_view machine, architecture, variant;
};
// What the kernel, compilers and people call an architecture.
constexpr Alias aliases[] = {
    {"x86_64", "amd64", ""}, {"x86-64", "amd64", ""},    {"aarch64", "arm64", ""},
    {"armv8l", "arm", "v8"}, {"armhf", "arm", "v7"},     {"armv7l", "arm", "v7"},
    {"armel", "arm", "v6"},  {"armv6l", "arm", "v6"},    {"i386", "386", ""},
    {"i686", "386", ""},     {"ppc64el", "ppc64le", ""}, {"loongarch64", "loong64", ""},
};
constexpr std::string_view architectures[] = {"386",    "amd64",   "arm",     "arm64", "loong64", "mips64le",
                                              "mips64", "ppc64le", "riscv64", "s390x", "ppc64",   "wasm"};
constexpr std::string_view systems[] = {"linux", "windows", "darwin", "freebsd", "wasip1"};

bool is_component_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-';
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void normalize(Platform& platform) {
  for (char& c : platform.os) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (platform.os == "macos") platform.os = "darwin";
  for (const auto& alias : aliases) {
    if (platform.architecture != alias.machine) continue;
    platform.architecture = alias.architecture;
    if (platform.variant.empty()) platform.variant = alias.variant;
    break;
  }
  std::string& variant = platform.variant;
  if (platform.architecture.starts_with("arm") && variant.size() == 1) variant.insert(0, "v");
  if (platform.architecture == "arm64" && variant == "v8") variant.clear();
  if (platform.architecture == "arm" && variant.empty()) variant = "v7";
  if (platform.architecture == "amd64" && variant == "v1") variant.clear();
}

// arm "v7" is 7; arm64 without a variant is 8. 0: not a number.
int level_of(const Platform& platform) {
  const std::string_view variant = platform.variant;
  if (variant.empty()) return platform.architecture == "arm64" ? 8 : 1;
  if (variant.size() != 2 || variant[0] != 'v' || variant[1] < '1' || variant[1] > '9') return 0;
  return variant[1] - '0';
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
  std::string parts[3];
  std::size_t count = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    if (count == 3 || part.empty() || !std::all_of(part.begin(), part.end(), is_component_character))
      return invalid("\"{}\" is not a platform (os[/architecture[/variant]])", text);
    parts[count++] = part;
    at = end + 1;
  }
  Platform platform;
  if (count == 1) {
    Platform only{.architecture = parts[0]};
    normalize(only);
    Platform here = own();
    if (is_one_of(only.architecture, architectures)) {
      only.os = here.os;
      return only;
    }
    platform = {.os = parts[0], .architecture = here.architecture, .variant = here.variant};
    normalize(platform);
    if (!is_one_of(platform.os, systems))
      return invalid("\"{}\": unknown operating system or architecture", text);
    return platform;
  }
  platform = {.os = parts[0], .architecture = parts[1], .variant = parts[2]};
  normalize(platform);
  return platform;
}

Platform Platform::own() {
  utsname name{};
  ::uname(&name);
  Platform platform{.os = "linux", .architecture = name.machine};
  normalize(platform);
  return platform;
}

std::string Platform::to_text() const {
  std::string text = os + "/" + architecture;
  if (!variant.empty()) text += "/" + variant;
  return text;
}

int Platform::suits(const Platform& other) const {
  Platform wanted = *this, offered = other;
  normalize(wanted);
  normalize(offered);
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return 0;
  if (wanted.variant == offered.variant) return 100;
  // A processor runs what was made for lesser ones of its family; the nearest is the best.
  const int own_level = level_of(wanted), level = level_of(offered);
  if (own_level == 0 || level == 0 || level > own_level) return 0;
  return 100 - (own_level - level);
}

}  // namespace podo::oci
