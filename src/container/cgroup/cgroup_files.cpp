#include "container/cgroup/cgroup_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/linux/file.h"

namespace podo::runtime {
namespace {

constexpr std::size_t group_file_bytes_max = 16 << 20;   // cgroup.procs of a very full group

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::vector<std::string>> groups_in(int group) {
  const int again =
      ::openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // readdir needs a position of its own
  if (again < 0) return failed_errno(errno, "open a control group's directory");
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(again));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_type != DT_DIR) continue;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

int open_below(int group, const char* name) {
  return ::openat(group, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

}  // namespace

Result<io::Fd> open_group(const std::string& path) {
  io::Fd group(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!group) return failed_errno(errno, "open control group {}", path);
  return group;
}

int write_group_file(int group, const char* file, std::string_view text) {
  const io::Fd out(::openat(group, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!out) return errno;
  for (;;) {
    const auto written = ::write(out.get(), text.data(), text.size());
    if (written == static_cast<ssize_t>(text.size())) return 0;
    if (written >= 0) return EIO;
    if (errno != EINTR) return errno;
  }
}

Result<std::string> read_group_file(int group, const char* file) {
  auto out = TRY(linux::read_file(group, file, group_file_bytes_max));
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

Result<> walk_groups(io::Fd group, GroupVisitor& visitor) {
  struct Level {
    std::vector<std::string> children;   // still to be visited
    std::string name;                    // of this group in its parent
  };
  std::vector<Level> way;
  TRY(visitor.enter(group.get()));
  way.push_back({TRY(groups_in(group.get())), ""});
  for (;;) {
    auto& level = way.back();
    if (!level.children.empty()) {
      auto name = std::move(level.children.back());
      level.children.pop_back();
      io::Fd child(open_below(group.get(), name.c_str()));
      if (!child) continue;  // gone since
      group = std::move(child);
      TRY(visitor.enter(group.get()));
      auto children = groups_in(group.get());
      way.push_back({children ? *std::move(children) : std::vector<std::string>(), std::move(name)});
      continue;
    }
    if (way.size() == 1) return {};
    // Groups never move to another parent, so ".." is where the walk came from.
    io::Fd parent(::openat(group.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return failed_errno(errno, "open a control group's parent");
    group = std::move(parent);
    TRY(visitor.leave(group.get(), level.name.c_str()));
    way.pop_back();
  }
}

void wait_for(Duration time) {
  timespec left = {.tv_sec = static_cast<time_t>(time.ns / 1'000'000'000),
                   .tv_nsec = static_cast<long>(time.ns % 1'000'000'000)};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

}  // namespace podo::runtime
