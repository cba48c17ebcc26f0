#include "container/cgroup/cgroup_devices.h"

#include <algorithm>
#include <charconv>

namespace podo::runtime {
namespace {

// What config-linux.md's default devices need, and what engines have always counted on.
constexpr DeviceRule allowed(char type, std::optional<std::uint32_t> major,
                             std::optional<std::uint32_t> minor, unsigned access = access_all) {
  return {.allow = true, .type = type, .major = major, .minor = minor, .access = access, .is_default = true};
}
constexpr DeviceRule default_device_rules[] = {
    allowed('c', {}, {}, access_mknod),  // making a node opens nothing
    allowed('b', {}, {}, access_mknod),
    allowed('c', 1, 3),     // null
    allowed('c', 1, 5),     // zero
    allowed('c', 1, 7),     // full
    allowed('c', 1, 8),     // random
    allowed('c', 1, 9),     // urandom
    allowed('c', 5, 0),     // tty
    allowed('c', 5, 2),     // ptmx
    allowed('c', 136, {}),  // pts/*
    allowed('c', 10, 200),  // net/tun: opening it needs CAP_NET_ADMIN over the network namespace anyway
};

Result<unsigned> parse_access(std::string_view letters, std::size_t index) {
  if (letters.empty()) return static_cast<unsigned>(access_all);
  unsigned access = 0;
  for (const char letter : letters) {
    if (letter == 'r') access |= access_read;
    else if (letter == 'w') access |= access_write;
    else if (letter == 'm') access |= access_mknod;
    else
      return invalid("linux.resources.devices[{}].access: \"{}\" has other letters than r, w, m", index,
                     letters);
  }
  return access;
}

Result<std::optional<std::uint32_t>> parse_number(const std::optional<std::int64_t>& number,
                                                  std::size_t index) {
  if (!number || *number == -1) return std::optional<std::uint32_t>();
  if (*number < 0 || *number > UINT32_MAX) {
    return invalid("linux.resources.devices[{}]: {} is not a device number", index, *number);
  }
  return std::optional(static_cast<std::uint32_t>(*number));
}

Result<DeviceRule> parse_rule(const oci::DeviceRule& rule, std::size_t index) {
  const std::string_view type = rule.type.empty() ? "a" : std::string_view(rule.type);
  if (type != "a" && type != "c" && type != "u" && type != "b") {
    return invalid("linux.resources.devices[{}].type: \"{}\" is none of a, c, b", index, type);
  }
  return DeviceRule{.allow = rule.allow,
                    .type = type == "u" ? 'c' : type[0],
                    .major = TRY(parse_number(rule.major, index)),
                    .minor = TRY(parse_number(rule.minor, index)),
                    .access = TRY(parse_access(rule.access, index))};
}

bool about_everything(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor && rule.access == access_all;
}

void start_over(std::vector<DeviceRule>& rules, bool allow) {
  rules.assign(1, DeviceRule{.allow = allow});
  if (!allow) rules.insert(rules.end(), std::begin(default_device_rules), std::end(default_device_rules));
}

std::string line_of(const DeviceRule& rule) {
  std::string line(1, rule.type);
  const auto number = [](const std::optional<std::uint32_t>& n) {
    return n ? text("{}", *n) : std::string("*");
  };
  line += text(" {}:{} ", number(rule.major), number(rule.minor));
  if (rule.access & access_read) line.push_back('r');
  if (rule.access & access_write) line.push_back('w');
  if (rule.access & access_mknod) line.push_back('m');
  return line;
}

bool same_devices(const DeviceRule& a, const DeviceRule& b) {
  return a.type == b.type && a.major == b.major && a.minor == b.minor;
}

bool covers(const DeviceRule& wide, const DeviceRule& narrow) {
  return wide.type == narrow.type && (!wide.major || wide.major == narrow.major) &&
         (!wide.minor || wide.minor == narrow.minor);
}

bool overlap(const DeviceRule& a, const DeviceRule& b) {
  return a.type == b.type && (!a.major || !b.major || a.major == b.major) &&
         (!a.minor || !b.minor || a.minor == b.minor);
}

// One rule of type c or b applied to the list.
Result<> apply(DeviceList& list, DeviceRule rule) {
  if (rule.allow != list.allow_all) {  // one more exception
    const auto known =
        std::ranges::find_if(list.exceptions, [&](const auto& e) { return same_devices(e, rule); });
    if (known == list.exceptions.end()) {
      list.exceptions.push_back(rule);
    } else {
      known->access |= rule.access;
      known->is_default &= rule.is_default;
    }
    return {};
  }
  for (auto& exception : list.exceptions) {
    if (!overlap(exception, rule) || (exception.access & rule.access) == 0) continue;
    if (!covers(rule, exception)) {
      // Engines deny single devices as "rwm". That anybody may make a node stays, since it opens nothing.
      if (exception.is_default && (exception.access & rule.access) == access_mknod) continue;
      return unsupported("linux.resources.devices: cgroup v1 cannot {} \"{}\" out of \"{}\"",
                         rule.allow ? "allow" : "deny", line_of(rule), line_of(exception));
    }
    exception.access &= ~rule.access;
  }
  std::erase_if(list.exceptions, [](const DeviceRule& e) { return e.access == 0; });
  return {};
}

std::optional<std::uint32_t> number_of(std::string_view word) {
  std::uint32_t number = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), number);
  return end.ec == std::errc() ? std::optional(number) : std::nullopt;
}

unsigned access_of_line(std::string_view letters) {
  unsigned access = 0;
  if (letters.find('r') != letters.npos) access |= access_read;
  if (letters.find('w') != letters.npos) access |= access_write;
  if (letters.find('m') != letters.npos) access |= access_mknod;
  return access;
}

unsigned access_held(const DeviceList& list, const DeviceRule& rule) {
  const auto known =
      std::ranges::find_if(list.exceptions, [&](const auto& e) { return same_devices(e, rule); });
  return known == list.exceptions.end() ? 0 : known->access;
}

}  // namespace

Result<std::vector<DeviceRule>> device_rules(const std::vector<oci::DeviceRule>& configured) {
  std::vector<DeviceRule> rules;
  rules.reserve(1 + std::size(default_device_rules) + configured.size());
  start_over(rules, false);
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const auto rule = TRY(parse_rule(configured[i], i));
    if (about_everything(rule)) start_over(rules, rule.allow);
    else rules.push_back(rule);
  }
  return rules;
}

Result<DeviceList> device_list(const std::vector<DeviceRule>& rules) {
  DeviceList list{.allow_all = rules.front().allow, .exceptions = {}};
  list.exceptions.reserve(rules.size());
  for (std::size_t i = 1; i < rules.size(); ++i) {
    for (const char type :
         {'c', 'b'}) {  // the kernel reads type "a" as "everything", whatever else the line says
      if (rules[i].type != 'a' && rules[i].type != type) continue;
      auto rule = rules[i];
      rule.type = type;
      TRY(apply(list, rule));
    }
  }
  return list;
}

// line := ( "a" | "b" | "c" ) " " ( number | "*" ) ":" ( number | "*" ) " " letters
DeviceList parse_device_list(std::string_view devices_list) {
  DeviceList list;
  while (!devices_list.empty()) {
    const auto end = std::min(devices_list.find('\n'), devices_list.size());
    const auto line = devices_list.substr(0, end);
    devices_list.remove_prefix(std::min(end + 1, devices_list.size()));
    if (line.starts_with('a')) return {.allow_all = true, .exceptions = {}};
    const auto colon = line.find(':'), letters = line.rfind(' ');
    if (line.size() < 3 || colon == line.npos || letters == line.npos || letters < colon) continue;
    list.exceptions.push_back({.allow = true, .type = line[0], .major = number_of(line.substr(2, colon - 2)),
                               .minor = number_of(line.substr(colon + 1, letters - colon - 1)),
                               .access = access_of_line(line.substr(letters))});
  }
  return list;
}

std::vector<DeviceWrite> plan_device_writes(const DeviceList& wanted, const std::optional<DeviceList>& now) {
  std::vector<DeviceWrite> writes;
  writes.reserve(1 + wanted.exceptions.size());
  // devices.list does not tell the exceptions of a group that allows all, so there is nothing to compare
  // with.
  const bool compare = now && !now->allow_all && !wanted.allow_all;
  if (!compare) writes.push_back({wanted.allow_all, "a", false});
  for (auto exception : wanted.exceptions) {
    if (compare) exception.access &= ~access_held(*now, exception);
    if (exception.access != 0)
      writes.push_back({!wanted.allow_all, line_of(exception), exception.is_default});
  }
  if (!compare) return writes;
  for (auto held : now->exceptions) {
    held.access &= ~access_held(wanted, held);
    if (held.access != 0) writes.push_back({false, line_of(held), false});
  }
  return writes;
}

}  // namespace podo::runtime
