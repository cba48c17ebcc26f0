#include "container/builder/git_url.h"

#include <algorithm>

#include "base/linux/path.h"
#include "container/builder/context.h"

namespace podo::builder {
namespace {

constexpr std::size_t commit_digits = 40;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "git@host:path", as ssh takes it; not "a/b@c:d", which is a path.
bool is_scp_like(std::string_view text) {
  const std::size_t at = text.find('@'), colon = text.find(':');
  if (at == text.npos || colon == text.npos || at == 0 || colon < at + 2) return false;
  return std::ranges::all_of(text.substr(0, at), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// What git must not take for an option, or for a transport of its own ("ext::sh -c ...").
bool is_safe(std::string_view word) {
  return !word.starts_with('-') && !word.contains("::") &&
         std::ranges::none_of(word, [](char c) { return c <= ' ' || c == 0x7f; });
}

Result<GitUrl> take_apart(std::string_view repository, std::string_view fragment) {
  GitUrl url{.repository = std::string(repository), .ref = {}, .folder = {}};
  const std::size_t colon = std::min(fragment.find(':'), fragment.size());
  url.ref = fragment.substr(0, colon);
  if (colon < fragment.size()) url.folder = linux::clean_path(fragment.substr(colon + 1)).substr(1);
  if (!is_safe(repository)) return invalid("'{}' is no git repository", repository);
  if (!is_safe(url.ref)) return invalid("'{}' is no git reference", url.ref);
  return url;
}

}  // namespace

bool GitUrl::is_commit() const { return ref.size() == commit_digits && std::ranges::all_of(ref, is_hex); }

std::optional<Result<GitUrl>> parse_git_url(std::string_view text, GitShorthand shorthand) {
  const std::size_t hash = std::min(text.find('#'), text.size());
  const std::string_view repository = text.substr(0, hash);
  const std::string_view fragment = text.substr(std::min(hash + 1, text.size()));
  if (is_url(repository)) {
    if (!repository.ends_with(".git")) return std::nullopt;
    return take_apart(repository, fragment);
  }
  if (repository.starts_with("git://") || repository.starts_with("ssh://") || is_scp_like(repository))
    return take_apart(repository, fragment);
  if (shorthand == GitShorthand::github && repository.starts_with("github.com/"))
    return take_apart("https://" + std::string(repository), fragment);
  return std::nullopt;
}

bool is_git_url(std::string_view text) { return parse_git_url(text, GitShorthand::no).has_value(); }

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

}  // namespace podo::builder
