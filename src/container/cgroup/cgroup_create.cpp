#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_files.h"
#include "container/cgroup/cgroup_values.h"
#include "container/cgroup/plan_cgroup.h"

namespace podo::runtime {
namespace {

// What this creation made, deepest last; unmade unless kept.
class Made {
 public:
  ~Made() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) ::rmdir(path->c_str());
  }
  void add(const std::string& path) { paths_.push_back(path); }
  void keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

// "//podo/./web/" -> "/podo/web"
Result<std::string> clean_path(std::string_view path) {
  if (!path.starts_with('/')) return invalid("linux.cgroupsPath: \"{}\" is not absolute", path);
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return invalid("linux.cgroupsPath: \"..\" leads out of the hierarchy");
    out.append("/").append(part);
  }
  if (out.empty()) return invalid("linux.cgroupsPath: a container cannot have the root group");
  return out;
}

// Where only a part of the hierarchy is mounted, that part's own name is not in the way to its directories.
std::string place_in(const linux::CgroupHierarchy& hierarchy, std::string_view path) {
  if (hierarchy.root.size() > 1 && path.starts_with(hierarchy.root) && path.size() > hierarchy.root.size() &&
      path[hierarchy.root.size()] == '/') {
    path.remove_prefix(hierarchy.root.size());
  }
  std::string out;
  out.reserve(hierarchy.mount_point.size() + path.size());
  return out.append(hierarchy.mount_point).append(path);
}

// A hybrid host's v2 tree is used for what v1 does not have.
bool needs_unified(const linux::CgroupLayout& layout, const oci::Resources& resources) {
  if (layout.find("devices") == nullptr) return true;  // device rules are a program there
  for (std::string_view rest = layout.unified()->available; !rest.empty();) {
    const auto controller = take_word(rest);
    if (layout.find(controller) == layout.unified() && asks_for(resources, controller)) return true;
  }
  return asks_for(resources, "");
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// A v1 cpuset group takes no process before it has CPUs and memory nodes. Those the kernel did not copy at
// birth (cgroup.clone_children of the parent) come from the parent, which may lack them itself.
Result<> fill_cpuset(const CgroupDirectory& hierarchy, const std::string& path) {
  const auto group = TRY(open_group(path));
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    if (!TRY_IN(path, read_group_file(group.get(), file)).empty()) continue;
    const auto above = parent_of(path);
    if (above.size() > hierarchy.mount_point.size()) TRY(fill_cpuset(hierarchy, above));
    const auto parent = TRY(open_group(above));
    const auto value = TRY_IN(above, read_group_file(parent.get(), file));
    if (const int error = write_group_file(group.get(), file, value))
      return failed_errno(error, "{}: write {}", path, file);
  }
  return {};
}

// Whether groups below may have controllers of this one: v2 has no processes beside such groups, but in the
// root. A group that holds some would refuse the controllers of resources and take those of threads (cpu,
// pids), which makes it a threaded domain below which no container can be.
bool may_hand_down(int group) {
  if (!read_group_file(group, "cgroup.type")) return true;  // only the root has none
  const auto processes = read_group_file(group, "cgroup.procs");
  return processes && processes->empty();
}

// Hands controllers down from the mount point to `path`'s parent, so that `path` has them. What stays refused
// is missed, and named, when a limit needs it.
void hand_down(const CgroupDirectory& hierarchy, const std::string& path, const std::string& controllers) {
  std::string wanted;
  for (std::string_view rest = controllers; !rest.empty();) {
    wanted.append(wanted.empty() ? "+" : " +").append(take_word(rest));
  }
  for (auto slash = hierarchy.mount_point.size(); slash != path.npos; slash = path.find('/', slash + 1)) {
    const auto group = open_group(path.substr(0, slash));
    if (!group || !may_hand_down(group->get())) return;
    if (write_group_file(group->get(), "cgroup.subtree_control", wanted) == 0) continue;
    // One refused controller refuses them all (cpu, while a real-time process exists): then each by itself.
    for (std::size_t start = 0; start < wanted.size(); start = wanted.find('+', start + 1)) {
      const auto end = std::min(wanted.find(' ', start), wanted.size());
      write_group_file(group->get(), "cgroup.subtree_control",
                       std::string_view(wanted).substr(start, end - start));
    }
  }
}

class HasProcess final : public GroupVisitor {
 public:
  Result<> enter(int group) override {
    const auto processes = read_group_file(group, "cgroup.procs");  // of a threaded group: further up
    found |= processes && !processes->empty();
    return {};
  }
  Result<> leave(int, const char*) override { return {}; }
  bool found = false;
};

// One hierarchy's directory for the container.
class Maker {
 public:
  Maker(const CgroupDirectory& directory, Made& made, Cgroup::Found found)
      : directory_(directory), made_(made), found_(found) {}

  Result<> make() {
    for (int attempt = 0; attempt < 8;
         ++attempt) {  // another container's failed creation may remove our parents
      if (::mkdir(directory_.path.c_str(), 0755) == 0) {
        made_.add(directory_.path);
        return {};
      }
      if (errno == EEXIST) return found_ == Cgroup::Found::ours ? Result<>() : refuse_occupied();
      if (errno != ENOENT) return failed_errno(errno, "make control group {}", directory_.path);
      TRY(make_parents());
    }
    return unavailable("make control group {}: its parents keep disappearing", directory_.path);
  }

 private:
  Result<> make_parents() {
    const auto& path = directory_.path;
    for (auto slash = path.find('/', directory_.mount_point.size() + 1); slash != path.npos;
         slash = path.find('/', slash + 1)) {
      const auto parent = path.substr(0, slash);
      if (::mkdir(parent.c_str(), 0755) == 0) {
        made_.add(parent);
        if (directory_.holds("cpuset")) TRY(prepare_cpuset_parent(parent));
      } else if (errno != EEXIST) {
        return failed_errno(errno, "make control group {}", parent);
      }
    }
    return {};
  }

  // From now on the kernel copies CPUs and nodes into every child of this group, without four files a
  // container.
  Result<> prepare_cpuset_parent(const std::string& path) {
    TRY(fill_cpuset(directory_, path));
    const auto group = TRY(open_group(path));
    write_group_file(group.get(), "cgroup.clone_children", "1");
    return {};
  }

  // An empty group may have been prepared for the container; one with processes belongs to somebody, and so
  // does one with processes further down: a slice of systemd would be limited, and killed in the end.
  Result<> refuse_occupied() {
    HasProcess occupied;
    TRY_IN(directory_.path, walk_groups(TRY(open_group(directory_.path)), occupied));
    if (occupied.found) return already_exists("control group {} holds processes already", directory_.path);
    const auto group = TRY(open_group(directory_.path));
    for (const char* file : {"freezer.state", "cgroup.freeze"}) {
      const auto state = read_group_file(group.get(), file);
      if (state && *state != "THAWED" && *state != "0") {
        return conflict("control group {} is frozen: nothing could start in it", directory_.path);
      }
    }
    return {};
  }

  const CgroupDirectory& directory_;
  Made& made_;
  Cgroup::Found found_;
};

// v2: the controllers of the layout (all on a unified host) reach this group.
Result<> bring_controllers(const linux::CgroupHierarchy& hierarchy, const CgroupDirectory& directory) {
  const auto group = TRY(open_group(directory.path));
  const auto present = TRY_IN(directory.path, read_group_file(group.get(), "cgroup.controllers"));
  if (present != hierarchy.available) hand_down(directory, directory.path, hierarchy.available);
  return {};
}

}  // namespace

bool CgroupDirectory::holds(std::string_view v1_controller) const {
  for (std::string_view rest = controllers; !rest.empty();) {
    if (take_word(rest, ",") == v1_controller) return true;
  }
  return false;
}

Result<Cgroup> Cgroup::create(const linux::CgroupLayout& layout, std::string_view path,
                              const oci::Resources& resources, Found found) {
  if (layout.mode == linux::CgroupMode::none) return unsupported("this host has no control groups mounted");
  const auto place = TRY(clean_path(path));
  const bool with_unified =
      layout.mode == linux::CgroupMode::unified ||
      (layout.unified() != nullptr && (found == Found::ours || needs_unified(layout, resources)));
  Made made;
  Cgroup group;
  group.directories_.reserve(layout.hierarchies.size());
  for (const auto& hierarchy : layout.hierarchies) {
    if (hierarchy.unified ? !with_unified : layout.mode == linux::CgroupMode::unified) continue;
    const auto& directory = group.directories_.emplace_back(hierarchy.controllers, hierarchy.mount_point,
                                                            place_in(hierarchy, place));
    TRY(Maker(directory, made, found).make());
    if (directory.holds("cpuset")) TRY(fill_cpuset(directory, directory.path));
    if (hierarchy.unified) TRY(bring_controllers(hierarchy, directory));
  }
  made.keep();
  return group;
}

Result<Cgroup> Cgroup::at(const linux::CgroupLayout& layout, std::string_view path) {
  const auto place = TRY(clean_path(path));
  Cgroup group;
  for (const auto& hierarchy : layout.hierarchies)
    group.directories_.emplace_back(hierarchy.controllers, hierarchy.mount_point, place_in(hierarchy, place));
  return group;
}

Cgroup Cgroup::reopen(std::vector<CgroupDirectory> saved) {
  Cgroup group;
  group.directories_ = std::move(saved);
  return group;
}

}  // namespace podo::runtime
