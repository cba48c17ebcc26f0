#include "container/config/tmpfs_options.h"

#include <algorithm>

namespace podo::engine {
namespace {

// Flags that exclude each other have the same group.
struct Flag {
  std::string_view name;
  int group;
};
constexpr Flag flags[] = {
    {"ro", 1},           {"rw", 1},          {"suid", 2},           {"nosuid", 2},
    {"dev", 3},          {"nodev", 3},       {"exec", 4},           {"noexec", 4},
    {"sync", 5},         {"async", 5},       {"dirsync", 6},        {"mand", 7},
    {"nomand", 7},       {"atime", 8},       {"noatime", 8},        {"diratime", 9},
    {"nodiratime", 9},   {"bind", 10},       {"rbind", 10},         {"unbindable", 11},
    {"runbindable", 11}, {"private", 11},    {"rprivate", 11},      {"shared", 11},
    {"rshared", 11},     {"slave", 11},      {"rslave", 11},        {"relatime", 8},
    {"norelatime", 12},  {"strictatime", 8}, {"nostrictatime", 13}, {"remount", 14},
    {"defaults", 15},
};
constexpr std::string_view keys[] = {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"};

const Flag* find_flag(std::string_view name) {
  const auto found = std::ranges::find(flags, name, &Flag::name);
  return found == std::end(flags) ? nullptr : found;
}

bool replaces(std::string_view later, std::string_view earlier) {
  const Flag* one = find_flag(later);
  const Flag* other = find_flag(earlier);
  if (one != nullptr && other != nullptr) return one->group == other->group;
  const std::size_t equals = later.find('=');
  return equals != later.npos && earlier.substr(0, equals + 1) == later.substr(0, equals + 1);
}

template <class Each>
void for_each_option(std::string_view options, Each each) {
  while (!options.empty()) {
    const std::size_t comma = std::min(options.find(','), options.size());
    if (comma > 0) each(options.substr(0, comma));
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
}

}  // namespace

std::vector<std::string> merge_tmpfs_options(std::string_view options) {
  std::vector<std::string> merged = {"noexec", "nosuid", "nodev", "rprivate"};
  for_each_option(options, [&](std::string_view option) {
    std::erase_if(merged, [&](const std::string& earlier) { return replaces(option, earlier); });
    if (option != "defaults") merged.emplace_back(option);
  });
  return merged;
}

Result<> check_tmpfs_options(std::string_view options) {
  Result<> outcome;
  for_each_option(options, [&](std::string_view option) {
    const bool known = find_flag(option) != nullptr ||
                       std::ranges::find(keys, option.substr(0, option.find('='))) != std::end(keys);
    if (!known && outcome) outcome = invalid("invalid tmpfs option \"{}\"", option);
  });
  return outcome;
}

}  // namespace podo::engine
