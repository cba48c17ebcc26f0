#include "model/dockerfile/keywords.h"

#include <algorithm>
#include <iterator>

namespace podo::dockerfile {
namespace {

using enum FlagRule::Value;

constexpr std::string_view names[] = {"FROM",    "RUN", "CMD",     "LABEL",      "MAINTAINER",  "EXPOSE",
                                      "ENV",     "ADD", "COPY",    "ENTRYPOINT", "VOLUME",      "USER",
                                      "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"};

constexpr FlagRule flag_rules[] = {
    {Kind::from, "platform", text},
    {Kind::run, "device", texts},
    {Kind::run, "mount", texts},
    {Kind::run, "network", text},
    {Kind::run, "security", text},
    {Kind::add, "checksum", text},
    {Kind::add, "chmod", text},
    {Kind::add, "chown", text},
    {Kind::add, "exclude", texts},
    {Kind::add, "keep-git-dir", yes_no},
    {Kind::add, "link", yes_no},
    {Kind::add, "unpack", yes_no},
    {Kind::copy, "chmod", text},
    {Kind::copy, "chown", text},
    {Kind::copy, "exclude", texts},
    {Kind::copy, "from", text},
    {Kind::copy, "link", yes_no},
    {Kind::copy, "parents", yes_no},
    {Kind::health_check, "interval", text},
    {Kind::health_check, "retries", text},
    {Kind::health_check, "start-interval", text},
    {Kind::health_check, "start-period", text},
    {Kind::health_check, "timeout", text},
};

}  // namespace

std::string_view name_of(Kind kind) { return names[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_of(std::string_view keyword) {
  const auto found = std::ranges::find(names, keyword);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Kind>(found - names);
}

std::span<const std::string_view> keywords() { return names; }

const FlagRule* find_flag_rule(Kind kind, std::string_view name) {
  const auto found = std::ranges::find_if(
      flag_rules, [&](const FlagRule& rule) { return rule.kind == kind && rule.name == name; });
  return found == std::end(flag_rules) ? nullptr : found;
}

std::vector<std::string_view> flags_of(Kind kind) {
  std::vector<std::string_view> flags;
  for (const FlagRule& rule : flag_rules) {
    if (rule.kind == kind) flags.push_back(rule.name);
  }
  return flags;
}

}  // namespace podo::dockerfile
