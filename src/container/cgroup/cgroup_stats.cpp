#include "container/cgroup/cgroup_stats.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>

#include "container/cgroup/cgroup_files.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

// The container's groups by controller; -1 where it has none (or the group is gone).
class OpenGroups {
 public:
  explicit OpenGroups(const std::vector<CgroupDirectory>& directories) : directories_(directories) {
    for (const auto& directory : directories) {
      auto group = open_group(directory.path);
      groups_.push_back(group ? std::move(*group) : io::Fd());
    }
  }
  int v1(std::string_view controller) const {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (directories_[i].holds(controller)) return groups_[i].get();
    }
    return -1;
  }
  int v2() const {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (directories_[i].controllers.empty()) return groups_[i].get();
    }
    return -1;
  }
  bool any() const { return std::ranges::any_of(groups_, [](const io::Fd& group) { return bool(group); }); }

 private:
  const std::vector<CgroupDirectory>& directories_;
  std::vector<io::Fd> groups_;
};

using Section = void (*)(json::Writer& out, int group);

// `v1_name`'s section from v1 where the container has that, else from v2, else empty.
void write_section(json::Writer& out, const char* key, const OpenGroups& groups, const char* v1_name,
                   Section v1, Section v2) {
  out.key(key).object();
  if (const int group = groups.v1(v1_name); group >= 0) v1(out, group);
  else if (groups.v2() >= 0) v2(out, groups.v2());
  out.end();
}

}  // namespace

std::string statistics_text(int group, const char* file) { return read_group_file(group, file).value_or(""); }

std::uint64_t statistics_count(int group, const char* file) {
  return parse_count(statistics_text(group, file)).value_or(0);
}

void write_pids(json::Writer& out, int group) {
  const auto limit = statistics_count(group, "pids.max");
  out.key("current").number(statistics_count(group, "pids.current"));
  out.key("limit").number(limit == UINT64_MAX ? 0 : limit);
}

void write_io_entry(json::Writer& out, std::uint64_t major, std::uint64_t minor, std::string_view op,
                    std::uint64_t value) {
  out.object().key("major").number(major).key("minor").number(minor);
  out.key("op").string(op).key("value").number(value).end();
}

std::vector<std::string> hugepage_sizes(int group, std::string_view suffix) {
  std::vector<std::string> sizes;
  const int again = ::openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = again < 0 ? nullptr : ::fdopendir(again);
  if (directory == nullptr) return sizes;
  while (const dirent* entry = ::readdir(directory)) {
    std::string_view name = entry->d_name;
    if (!name.starts_with("hugetlb.") || !name.ends_with(suffix)) continue;
    name.remove_prefix(8);
    const auto size = name.substr(0, name.find('.'));
    // hugetlb.2MB.rsvd.current is another
    if (name.size() == size.size() + suffix.size()) sizes.emplace_back(size);
  }
  ::closedir(directory);
  std::ranges::sort(sizes);
  return sizes;
}

Result<std::string> cgroup_statistics(const std::vector<CgroupDirectory>& directories) {
  const OpenGroups groups(directories);
  if (!groups.any()) return not_found("the container has no control groups");
  json::Writer out;
  out.object();
  out.key("cpu").object();
  if (groups.v1("cpu") >= 0 || groups.v1("cpuacct") >= 0)
    StatisticsV1::cpu(out, groups.v1("cpu"), groups.v1("cpuacct"));
  else if (groups.v2() >= 0) StatisticsV2::cpu(out, groups.v2());
  out.end();
  write_section(out, "cpuset", groups, "cpuset", StatisticsV1::cpuset, StatisticsV2::cpuset);
  write_section(out, "memory", groups, "memory", StatisticsV1::memory, StatisticsV2::memory);
  write_section(out, "pids", groups, "pids", write_pids, write_pids);
  write_section(out, "blkio", groups, "blkio", StatisticsV1::blkio, StatisticsV2::blkio);
  write_section(out, "hugetlb", groups, "hugetlb", StatisticsV1::hugetlb, StatisticsV2::hugetlb);
  out.key("intel_rdt").object().end();
  out.key("network_interfaces").array().end();
  out.end();
  return out.take();
}

}  // namespace podo::runtime
