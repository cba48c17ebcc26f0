#include "base/dns/resolv_conf.h"

#include <algorithm>
#include <charconv>

#include "base/dns/name.h"

namespace podo::dns {
namespace {

constexpr std::size_t searches_max = 32;

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blank = " \t\r";
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(blank); at < line.size();) {
    const std::size_t end = std::min(line.find_first_of(blank, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(blank, end);
  }
  return words;
}

template <class F>
void for_each_line(std::string_view text, std::string_view comment, F use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    use(words_of(line.substr(0, line.find_first_of(comment))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void take_option(ResolvConf& conf, std::string_view option) {
  conf.options.emplace_back(option);
  const auto number = [&](std::string_view name, int most) -> int {
    if (!option.starts_with(name)) return -1;
    int value = -1;
    std::from_chars(option.data() + name.size(), option.data() + option.size(), value);
    return std::min(value, most);
  };
  if (const int dots = number("ndots:", 15); dots >= 0) conf.dots = dots;
  if (const int timeout = number("timeout:", 30); timeout > 0) conf.timeout = seconds(timeout);
  if (const int attempts = number("attempts:", 5); attempts > 0) conf.attempts = attempts;
}

}  // namespace

ResolvConf ResolvConf::parse(std::string_view text) {
  ResolvConf conf;
  for_each_line(text, "#;", [&](const std::vector<std::string_view>& words) {
    if (words.size() < 2) return;
    if (words[0] == "nameserver") {
      // A link-local address may name its interface; it is asked without.
      if (const auto address = IpAddress::parse(words[1].substr(0, words[1].find('%'))))
        conf.servers.push_back(*address);
    } else if (words[0] == "search" || words[0] == "domain") {
      conf.search.assign(words.begin() + 1, words.end());
      if (conf.search.size() > searches_max) conf.search.resize(searches_max);
    } else if (words[0] == "options") {
      for (std::size_t i = 1; i < words.size(); ++i) take_option(conf, words[i]);
    }
  });
  return conf;
}

Hosts Hosts::parse(std::string_view text) {
  Hosts hosts;
  for_each_line(text, "#", [&](const std::vector<std::string_view>& words) {
    if (words.size() < 2) return;
    const auto address = IpAddress::parse(words[0]);
    if (!address) return;
    for (std::size_t i = 1; i < words.size(); ++i) hosts.by_name_.emplace(lower(words[i]), *address);
  });
  return hosts;
}

std::vector<IpAddress> Hosts::find(std::string_view name) const {
  std::vector<IpAddress> found;
  const auto [first, last] = by_name_.equal_range(lower(name));
  for (auto entry = first; entry != last; ++entry) found.push_back(entry->second);
  return found;
}

}  // namespace podo::dns
