// References to images, as everybody's tools read them:
//
//   reference  := name [ ':' tag ] [ '@' digest ]
//   name       := [ domain '/' ] component ( '/' component )*
//   domain     := ( label ( '.' label )* | '[' ipv6 ']' ) [ ':' digit+ ]
//   label      := alnum [ ( alnum | '-' )* alnum ]
//   component  := lower+ ( separator lower+ )*            lower: [a-z0-9]
//   separator  := '.' | '_' | '__' | '-'+
//   tag        := ( alnum | '_' ) ( alnum | [_.-] ){0,127}
//   digest     := algorithm ':' hex{32,}
#include <algorithm>

#include "model/oci/image.h"

namespace podo::oci {
namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::size_t path_bytes_max = 255;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool is_upper_letter(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_lower(c) || is_upper_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_tag_character(char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; }

template <class Predicate>
bool all_are(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Every piece of `text` between `separator`s passes.
template <class Predicate>
bool pieces_are(std::string_view text, char separator, Predicate predicate) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!predicate(text.substr(0, end))) return false;
    if (end == text.npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
         all_are(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_domain(std::string_view domain) {
  std::string_view port;
  const std::size_t colon = domain.find(':', domain.starts_with('[') ? domain.find(']') : 0);
  if (colon != domain.npos) {
    port = domain.substr(colon + 1);
    domain = domain.substr(0, colon);
    if (port.empty() || !all_are(port, is_digit)) return false;
  }
  if (domain.starts_with('[')) {
    if (domain.size() < 3 || !domain.ends_with(']')) return false;
    return all_are(domain.substr(1, domain.size() - 2), [](char c) { return is_hex(c) || c == ':'; });
  }
  return pieces_are(domain, '.', is_label);
}

bool is_component(std::string_view component) {
  if (component.empty() || !is_lower(component.front()) || !is_lower(component.back())) return false;
  for (std::size_t at = 0; at < component.size();) {
    if (is_lower(component[at])) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(component.find_first_not_of("._-", at), component.size());
    const std::string_view separator = component.substr(at, end - at);
    if (separator != "." && separator != "_" && separator != "__" &&
        !all_are(separator, [](char c) { return c == '-'; }))
      return false;
    if (end < component.size() && !is_lower(component[end])) return false;
    at = end;
  }
  return true;
}

bool is_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= 128 && (is_alnum(tag.front()) || tag.front() == '_') &&
         all_are(tag, is_tag_character);
}

bool has_digest_form(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon == digest.npos || digest.size() - colon - 1 < 32) return false;
  const auto is_word = [](std::string_view word) {
    return !word.empty() && !is_digit(word.front()) && all_are(word, is_alnum);
  };
  std::string algorithm(digest.substr(0, colon));
  for (char& c : algorithm)
    if (c == '-' || c == '_' || c == '+') c = '.';
  return pieces_are(algorithm, '.', is_word) && all_are(digest.substr(colon + 1), is_hex);
}

// The part before the first slash is a domain only when it could not be a part of a path on the default one.
bool begins_with_domain(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return false;
  const std::string_view first = text.substr(0, slash);
  return first == "localhost" || first.find_first_of(".:") != first.npos ||
         std::any_of(first.begin(), first.end(), is_upper_letter);
}

void split_domain(std::string_view text, Reference& to) {
  const bool is_named = begins_with_domain(text);
  to.domain = is_named ? text.substr(0, text.find('/')) : default_domain;
  if (to.domain == "index.docker.io") to.domain = default_domain;
  to.path = is_named ? text.substr(text.find('/') + 1) : text;
  if (to.domain == default_domain && to.path.find('/') == to.path.npos) to.path.insert(0, "library/");
}

Failure wrong_format() { return invalid("invalid reference format"); }

Result<> check(const Reference& reference, bool has_tag, bool has_digest) {
  if (!is_domain(reference.domain) || !pieces_are(reference.path, '/', is_component)) return wrong_format();
  if (has_tag && !is_tag(reference.tag)) return wrong_format();
  if (has_digest) {
    if (!has_digest_form(reference.digest)) return wrong_format();
    TRY(check_digest(reference.digest));
  }
  if (reference.path.size() > path_bytes_max)
    return invalid("repository name must not be more than {} characters", path_bytes_max);
  return {};
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
  if (text.size() == 64 && all_are(text, [](char c) { return is_hex(c) && !is_upper_letter(c); }))
    return invalid("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", text);
  Reference reference;
  const std::size_t at_sign = text.find('@');
  const bool has_digest = at_sign != text.npos;
  if (has_digest) reference.digest = text.substr(at_sign + 1);
  // A colon behind the last slash is the tag's; one before it is the port's.
  std::string_view name = text.substr(0, at_sign);
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == name.npos ? 0 : slash);
  const bool has_tag = colon != name.npos;
  if (has_tag) reference.tag = name.substr(colon + 1);
  split_domain(name.substr(0, colon), reference);
  if (std::any_of(reference.path.begin(), reference.path.end(), is_upper_letter))
    return invalid("invalid reference format: repository name ({}) must be lowercase", reference.path);
  TRY(check(reference, has_tag, has_digest));
  if (!has_tag && !has_digest) reference.tag = "latest";
  return reference;
}

std::string Reference::to_text() const {
  std::string text = name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string Reference::familiar() const {
  std::string text = familiar_name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string Reference::familiar_name() const {
  // "docker.io/a.b/c" would be read as c of the domain a.b without its own.
  if (domain != default_domain || begins_with_domain(path)) return name();
  const std::string_view official = "library/";
  if (path.starts_with(official) && path.find('/', official.size()) == path.npos)
    return path.substr(official.size());
  return path;
}

}  // namespace podo::oci
