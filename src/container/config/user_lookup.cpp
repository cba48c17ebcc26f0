#include "container/config/user_lookup.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/linux/file.h"
#include "base/linux/path.h"

namespace podo::engine {
namespace {

constexpr std::size_t file_bytes_max = 4u << 20;
constexpr std::uint32_t id_max = 0x7fffffff;

struct PasswdLine {
  std::string_view name, home;
  std::uint32_t uid = 0, gid = 0;
};
struct GroupLine {
  std::string_view name, members;
  std::uint32_t gid = 0;
};

std::optional<std::uint32_t> parse_id(std::string_view word) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return id;
}

std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

// Lines that are none (comments, NIS, damaged ones) are passed over, as everybody does.
std::vector<PasswdLine> read_passwd(std::string_view file) {
  std::vector<PasswdLine> lines;
  while (!file.empty()) {
    std::string_view line = take(file, '\n');
    PasswdLine entry;
    entry.name = take(line, ':');
    take(line, ':');
    const auto uid = parse_id(take(line, ':'));
    const auto gid = parse_id(take(line, ':'));
    take(line, ':');
    entry.home = take(line, ':');
    if (entry.name.empty() || !uid) continue;
    entry.uid = *uid;
    entry.gid = gid.value_or(0);
    lines.push_back(entry);
  }
  return lines;
}

std::vector<GroupLine> read_group(std::string_view file) {
  std::vector<GroupLine> lines;
  while (!file.empty()) {
    std::string_view line = take(file, '\n');
    GroupLine entry;
    entry.name = take(line, ':');
    take(line, ':');
    const auto gid = parse_id(take(line, ':'));
    entry.members = take(line, ':');
    if (entry.name.empty() || !gid) continue;
    entry.gid = *gid;
    lines.push_back(entry);
  }
  return lines;
}

bool lists(std::string_view members, std::string_view user) {
  while (!members.empty()) {
    if (take(members, ',') == user) return true;
  }
  return false;
}

void add_group(UserIds& ids, std::uint32_t gid) {
  if (std::ranges::find(ids.groups, gid) == ids.groups.end()) ids.groups.push_back(gid);
}

Result<std::uint32_t> group_of(const std::vector<GroupLine>& groups, std::string_view wanted) {
  if (const auto found = std::ranges::find(groups, wanted, &GroupLine::name); found != groups.end())
    return found->gid;
  if (const auto gid = parse_id(wanted)) {
    if (*gid > id_max) return invalid("uids and gids must be in range 0-2147483647");
    return *gid;
  }
  return invalid("unable to find group {}: no matching entries in group file", wanted);
}

std::string read_below(const io::Fd& root, const char* path) {
  const auto file = linux::open_below(root.get(), path, O_RDONLY | O_NONBLOCK, linux::in_root);
  if (!file) return {};
  return linux::read_all(file->get(), file_bytes_max).value_or("");
}

}  // namespace

Result<UserIds> find_user(std::string_view passwd, std::string_view group, std::string_view user,
                          const docker::Strings& more_groups) {
  const auto users = read_passwd(passwd);
  const auto groups = read_group(group);
  std::string_view rest = user.empty() ? "0" : user;
  const bool group_given = rest.find(':') != rest.npos && !rest.ends_with(':');
  const std::string_view name = take(rest, ':');
  const auto number = parse_id(name.empty() ? "0" : name);
  UserIds ids;
  auto found = std::ranges::find(users, name, &PasswdLine::name);
  if (found == users.end() && number) found = std::ranges::find(users, *number, &PasswdLine::uid);
  if (found != users.end()) {
    ids = {.uid = found->uid, .gid = found->gid, .groups = {}, .home = std::string(found->home)};
  } else if (!number) {
    return invalid("unable to find user {}: no matching entries in passwd file", name);
  } else if (*number > id_max) {
    return invalid("uids and gids must be in range 0-2147483647");
  } else {
    ids.uid = *number;
    ids.home = *number == 0 ? "/root" : "/";
  }
  if (ids.home.empty()) ids.home = "/";
  if (group_given) ids.gid = TRY(group_of(groups, rest));
  bool from_image = !group_given;
  for (const std::string& wanted : more_groups)
    if (wanted == groups_of_image || wanted == no_groups_of_image) from_image = wanted == groups_of_image;
  if (from_image && found != users.end())
    for (const GroupLine& line : groups)
      if (lists(line.members, found->name)) add_group(ids, line.gid);
  for (const std::string& wanted : more_groups)
    if (wanted != groups_of_image && wanted != no_groups_of_image)
      add_group(ids, TRY(group_of(groups, wanted)));
  return ids;
}

// Whatever lies there (a FIFO, a link to the host's) is at most read as a file of the tree, or not at all.
Result<UserIds> look_up_user(const std::string& rootfs, std::string_view user,
                             const docker::Strings& groups) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, rootfs.c_str(), O_PATH | O_DIRECTORY));
  return find_user(read_below(root, "/etc/passwd"), read_below(root, "/etc/group"), user, groups);
}

}  // namespace podo::engine
