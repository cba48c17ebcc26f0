#include "container/docker/filters.h"

#include <algorithm>

namespace podo::docker {

Result<Filters> Filters::parse(std::string_view text) {
  Filters filters;
  if (text.empty()) return filters;
  const auto document = json::parse(std::string(text));
  if (!document) return invalid("invalid filter: {}", document.error().message());
  const json::Value root = document->root();
  if (root.is(json::Kind::null)) return filters;
  if (!root.is(json::Kind::object)) return invalid("invalid filter: expected an object");
  for (const auto [key, value] : root.members()) {
    auto& values = filters.values_[std::string(key)];
    if (value.is(json::Kind::object)) {
      for (const auto [item, wanted] : value.members()) {
        if (!wanted.is(json::Kind::boolean)) return invalid("invalid filter: expected true or false");
        values.emplace_back(item);
      }
    } else if (value.is(json::Kind::array)) {
      for (const json::Value item : value.items()) {
        if (!item.is(json::Kind::string)) return invalid("invalid filter: expected a string");
        values.emplace_back(item.string());
      }
    } else {
      return invalid("invalid filter: expected an object or an array");
    }
  }
  return filters;
}

Result<> Filters::allow(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, values] : values_) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) return invalid("invalid filter '{}'", key);
  }
  return {};
}

std::span<const std::string> Filters::values(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return {};
  return found->second;
}

Result<bool> Filters::truth(std::string_view key, bool otherwise) const {
  const auto found = values(key);
  if (found.empty()) return otherwise;
  const std::string& value = found.front();
  const bool yes =
      value == "true" || value == "1" || value == "True" || value == "t" || value == "T" || value == "TRUE";
  const bool no = value == "false" || value == "0" || value == "False" || value == "f" || value == "F" ||
                  value == "FALSE";
  if (found.size() > 1 || yes == no) return invalid("invalid filter '{}=[{}]'", key, value);
  return yes;
}

bool Filters::exact(std::string_view key, std::string_view value) const {
  const auto wanted = values(key);
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool Filters::prefix(std::string_view key, std::string_view value) const {
  const auto wanted = values(key);
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(),
                                       [&](const std::string& one) { return value.starts_with(one); });
}

bool Filters::pattern(std::string_view key, std::string_view value) const {
  const auto wanted = values(key);
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
           return one == value || matches_pattern(one, value);
         });
}

namespace {

bool has_label(const Filters::Labels& of, std::string_view wanted) {
  const auto equals = wanted.find('=');
  const auto found = of.find(std::string(wanted.substr(0, equals)));
  if (found == of.end()) return false;
  return equals == wanted.npos || found->second == wanted.substr(equals + 1);
}

}  // namespace

bool Filters::labels(const Labels& of) const {
  for (const auto& wanted : values("label")) {
    if (!has_label(of, wanted)) return false;
  }
  for (const auto& unwanted : values("label!")) {
    if (has_label(of, unwanted)) return false;
  }
  return true;
}

}  // namespace podo::docker
