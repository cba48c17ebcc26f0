#include "container/registry/route.h"

#include "base/http/message.h"
#include "model/oci/image.h"

namespace podo::registry {
namespace {

using What = Route::What;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_component(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_alphanumeric(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && !is_alphanumeric(text[i])) ++i;
    const std::string_view between = text.substr(begin, i - begin);
    const bool dashes = between.find_first_not_of('-') == std::string_view::npos;
    if (between != "." && between != "_" && between != "__" && !dashes) return false;
  }
  return true;
}

// "library/busybox/manifests/latest", taken apart at its last `word` that has one segment behind it.
struct Split {
  std::string_view name, last;
};
bool split(std::string_view rest, std::string_view word, Split& into) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view before = rest.substr(0, slash);
  if (!before.ends_with(word) || before.size() <= word.size() + 1) return false;
  if (before[before.size() - word.size() - 1] != '/') return false;
  into = {before.substr(0, before.size() - word.size() - 1), rest.substr(slash + 1)};
  return true;
}

Answer<Route> checked(What what, std::string_view name, std::string_view reference) {
  if (!is_repository_name(name)) return Refusal(name_invalid(name));
  return Route{what, std::string(name), std::string(reference)};
}

}  // namespace

bool is_repository_name(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  while (true) {
    const std::size_t slash = name.find('/');
    if (!is_component(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  for (const char c : tag)
    if (!is_alphanumeric(c) && !(c >= 'A' && c <= 'Z') && c != '.' && c != '_' && c != '-') return false;
  return true;
}

bool is_digest(std::string_view digest) { return oci::check_digest(digest).has_value(); }

Answer<Route> find_route(std::string_view path) {
  const std::string decoded = http::percent_decode(path);
  std::string_view rest = decoded;
  if (rest == "/v2" || rest == "/v2/") return Route{};
  if (!rest.starts_with("/v2/")) return Refusal(no_such_page());
  rest.remove_prefix(4);
  if (rest == "_catalog") return Route{.what = What::catalog};
  Split parts;
  if (split(rest, "blobs/uploads", parts))
    return checked(parts.last.empty() ? What::uploads : What::upload, parts.name, parts.last);
  if (split(rest, "manifests", parts)) return checked(What::manifest, parts.name, parts.last);
  if (split(rest, "referrers", parts)) return checked(What::referrers, parts.name, parts.last);
  if (split(rest, "tags", parts) && parts.last == "list") return checked(What::tags, parts.name, "");
  if (split(rest, "blobs", parts))
    return checked(parts.last == "uploads" ? What::uploads : What::blob, parts.name, parts.last);
  return Refusal(no_such_page());
}

}  // namespace podo::registry
