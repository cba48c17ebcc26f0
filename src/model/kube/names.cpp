#include "model/kube/names.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::kube {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_lower_alphanumeric(char c) { return is_lower(c) || is_digit(c); }
bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_label(std::string_view value) {
  return !value.empty() && is_lower_alphanumeric(value.front()) && is_lower_alphanumeric(value.back()) &&
         std::ranges::all_of(value, [](char c) { return c == '-' || is_lower_alphanumeric(c); });
}

bool is_subdomain(std::string_view value) {
  for (;;) {
    const std::size_t dot = value.find('.');
    if (!is_label(value.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    value.remove_prefix(dot + 1);
  }
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_name_part(std::string_view value) {
  return !value.empty() && is_alphanumeric(value.front()) && is_alphanumeric(value.back()) &&
         std::ranges::all_of(value,
                             [](char c) { return c == '-' || c == '_' || c == '.' || is_alphanumeric(c); });
}

std::string longer_than(std::size_t most, std::string_view unit = "characters") {
  return text("must be no more than {} {}", most, unit);
}

constexpr std::string_view subdomain_message =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view label_message =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view label_1035_message =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view name_part_message =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view label_value_message =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view wildcard_message =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
    "consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. "
    "'*.example.com', "
    "regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view config_key_message =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

constexpr std::size_t label_max = 63, subdomain_max = 253, port_name_max = 15;

}  // namespace

Messages check_dns_label(std::string_view value) {
  Messages found;
  if (value.size() > label_max) found.push_back(longer_than(label_max));
  if (!is_label(value)) found.emplace_back(is_subdomain(value) ? "must not contain dots" : label_message);
  return found;
}

Messages check_dns_subdomain(std::string_view value) {
  Messages found;
  if (value.size() > subdomain_max) found.push_back(longer_than(subdomain_max));
  if (!is_subdomain(value)) found.emplace_back(subdomain_message);
  return found;
}

Messages check_dns_1035_label(std::string_view value) {
  Messages found;
  if (value.size() > label_max) found.push_back(longer_than(label_max));
  if (!is_label(value) || !is_lower(value.front())) found.emplace_back(label_1035_message);
  return found;
}

Messages check_path_segment(std::string_view value) {
  if (value == ".") return {"may not be '.'"};
  if (value == "..") return {"may not be '..'"};
  Messages found;
  for (const char c : {'/', '%'}) {
    if (value.contains(c)) found.push_back(text("may not contain '{}'", c));
  }
  return found;
}

Messages check_qualified_name(std::string_view value) {
  Messages found;
  std::string_view name = value;
  const std::size_t slash = value.find('/');
  if (slash != std::string_view::npos) {
    name = value.substr(slash + 1);
    if (name.contains('/')) {
      return {text(
          "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
          name_part_message)};
    }
    const std::string_view prefix = value.substr(0, slash);
    if (prefix.empty()) found.emplace_back("prefix part must be non-empty");
    else
      for (const std::string& message : check_dns_subdomain(prefix))
        found.push_back("prefix part " + message);
  }
  if (name.empty()) found.emplace_back("name part must be non-empty");
  else if (name.size() > label_max) found.push_back("name part " + longer_than(label_max, "bytes"));
  if (!is_name_part(name)) found.push_back(text("name part {}", name_part_message));
  return found;
}

Messages check_label_value(std::string_view value) {
  Messages found;
  if (value.size() > label_max) found.push_back(longer_than(label_max, "bytes"));
  if (!value.empty() && !is_name_part(value)) found.emplace_back(label_value_message);
  return found;
}

Messages check_port_name(std::string_view value) {
  Messages found;
  if (value.size() > port_name_max) found.push_back(longer_than(port_name_max));
  if (!std::ranges::all_of(value, [](char c) { return c == '-' || is_lower_alphanumeric(c); })) {
    found.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::ranges::none_of(value, is_lower)) found.emplace_back("must contain at least one letter (a-z)");
  if (value.contains("--")) found.emplace_back("must not contain consecutive hyphens");
  if (value.starts_with('-') || value.ends_with('-'))
    found.emplace_back("must not begin or end with a hyphen");
  return found;
}

Messages check_config_key(std::string_view value) {
  Messages found;
  if (value.size() > subdomain_max) found.push_back(longer_than(subdomain_max));
  const bool plain = std::ranges::all_of(
      value, [](char c) { return c == '-' || c == '_' || c == '.' || is_alphanumeric(c); });
  if (value.empty() || !plain) found.emplace_back(config_key_message);
  else if (value == ".") found.emplace_back("must not be '.'");
  else if (value == "..") found.emplace_back("must not be '..'");
  else if (value.starts_with("..")) found.emplace_back("must not start with '..'");
  return found;
}

Messages check_wildcard_subdomain(std::string_view value) {
  Messages found;
  if (value.size() > subdomain_max) found.push_back(longer_than(subdomain_max));
  if (!value.starts_with("*.") || !is_subdomain(value.substr(2))) found.emplace_back(wildcard_message);
  return found;
}

}  // namespace podo::kube
