#include "base/linux/cgroup_layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/linux/file.h"

namespace podo::linux {
namespace {

// Everything a v1 hierarchy can carry. The mount options hold other words too (seclabel, xattr, noprefix, a
// context...), and those differ by kernel and security module.
constexpr std::array<std::string_view, 16> v1_controllers = {
    "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "net_cls",
    "perf_event", "net_prio", "hugetlb", "pids", "rdma", "misc", "debug", "dmem"};

constexpr std::size_t text_bytes_max = 64 << 20;   // of mountinfo: a host with many mounts has megabytes

std::string_view next_word(std::string_view& line, char separator = ' ') {
  const auto end = std::min(line.find(separator), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes space, tab, newline and backslash in a path as \ooo.
std::string unescape(std::string_view word) {
  std::string out;
  out.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 3 < word.size() && is_octal(word[i + 1]) && is_octal(word[i + 2]) &&
        is_octal(word[i + 3])) {
      out.push_back(
          static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(word[i]);
    }
  }
  return out;
}

// "rw,seclabel,cpu,cpuacct" -> "cpu,cpuacct"; "rw,xattr,name=systemd" -> "name=systemd"
std::string controllers_among(std::string_view options) {
  std::string out;
  while (!options.empty()) {
    const auto option = next_word(options, ',');
    if (!option.starts_with("name=") && std::ranges::find(v1_controllers, option) == v1_controllers.end())
      continue;
    if (!out.empty()) out.push_back(',');
    out.append(option);
  }
  return out;
}

// mountinfo line := id parent major:minor root mount_point options optional* "-" type source super_options
// false: not a cgroup mount.
bool parse_line(std::string_view line, CgroupHierarchy& out) {
  const auto separator = line.find(" - cgroup");
  if (separator == std::string_view::npos) return false;
  auto tail = line.substr(separator + 3);
  const auto type = next_word(tail);
  if (type != "cgroup" && type != "cgroup2") return false;
  next_word(tail);  // the source: any word
  auto head = line.substr(0, separator);
  for (int skipped = 0; skipped < 3; ++skipped) next_word(head);
  out.root = unescape(next_word(head));
  out.mount_point = unescape(next_word(head));
  out.unified = type == "cgroup2";
  out.controllers = out.unified ? "" : controllers_among(tail);
  return !out.mount_point.empty() && (out.unified || !out.controllers.empty());
}

CgroupMode mode_of(const std::vector<CgroupHierarchy>& hierarchies) {
  bool v1 = false, v2 = false;
  for (const auto& h : hierarchies) {
    v2 |= h.unified;
    // A named hierarchy without controllers beside v2 (some init systems mount one) limits nothing.
    v1 |= !h.unified && !h.controllers.starts_with("name=");
  }
  if (v2) return v1 ? CgroupMode::hybrid : CgroupMode::unified;
  return hierarchies.empty() ? CgroupMode::none : CgroupMode::legacy;
}

bool has_word(std::string_view list, char separator, std::string_view wanted) {
  while (!list.empty()) {
    if (next_word(list, separator) == wanted) return true;
  }
  return false;
}

}  // namespace

bool CgroupHierarchy::holds(std::string_view controller) const {
  return unified ? has_word(available, ' ', controller) : has_word(controllers, ',', controller);
}

const CgroupHierarchy* CgroupLayout::find(std::string_view controller) const {
  const CgroupHierarchy* found = nullptr;
  for (const auto& h : hierarchies) {
    if (!h.holds(controller)) continue;
    if (!h.unified) return &h;
    found = &h;
  }
  return found;
}

const CgroupHierarchy* CgroupLayout::unified() const {
  const auto found = std::ranges::find_if(hierarchies, &CgroupHierarchy::unified);
  return found == hierarchies.end() ? nullptr : &*found;
}

Result<CgroupLayout> parse_cgroup_layout(std::string_view mountinfo) {
  CgroupLayout layout;
  while (!mountinfo.empty()) {
    CgroupHierarchy one;
    if (!parse_line(next_word(mountinfo, '\n'), one)) continue;
    const bool known = std::ranges::any_of(layout.hierarchies, [&](const CgroupHierarchy& h) {
      return h.unified == one.unified && h.controllers == one.controllers;
    });
    if (!known) layout.hierarchies.push_back(std::move(one));
  }
  layout.mode = mode_of(layout.hierarchies);
  return layout;
}

Result<CgroupLayout> read_cgroup_layout() {
  auto layout = TRY(parse_cgroup_layout(TRY(read_file("/proc/self/mountinfo", text_bytes_max))));
  for (auto& h : layout.hierarchies) {
    if (!h.unified) continue;
    h.available = TRY(read_file((h.mount_point + "/cgroup.controllers").c_str(), text_bytes_max));
    while (h.available.ends_with('\n')) h.available.pop_back();
  }
  return layout;
}

}  // namespace podo::linux
