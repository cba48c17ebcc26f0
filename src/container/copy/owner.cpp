// find_owner(): --chown by names of the tree that is built.
#include <charconv>

#include "container/config/user_lookup.h"
#include "container/copy/files.h"

namespace podo::builder {
namespace {

constexpr std::uint32_t id_max = 0x7fffffff;

// Absent: it is a name.
std::optional<std::uint32_t> number_of(std::string_view word) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error != std::errc{} || end != word.data() + word.size() || id > id_max) return std::nullopt;
  return id;
}

constexpr std::string_view not_mapped = "unable to convert uid/gid chown string to host mapping";

Result<engine::UserIds> look_up(int root, const std::string& user) {
  return engine::look_up_user(text("/proc/self/fd/{}/.", root), user, {});
}

}  // namespace

Result<Owner> find_owner(int root, std::string_view spec) {
  const std::size_t colon = spec.find(':');
  const std::string user(spec.substr(0, colon));
  const std::string group(colon == spec.npos ? "" : spec.substr(colon + 1));
  if ((user.empty() && group.empty()) || group.contains(':') || (colon != spec.npos && group.empty()))
    return invalid("{}: invalid chown string format: {}", not_mapped, spec);
  Owner owner;
  if (user.empty()) {
    owner = {};  // ":group" is root's
  } else if (const auto uid = number_of(user)) {
    owner = {.uid = *uid, .gid = *uid};
  } else {
    const auto found = look_up(root, user);
    if (!found) return invalid("{}: can't find uid for user {}: no such user: {}", not_mapped, user, user);
    owner = {.uid = found->uid, .gid = found->gid};
  }
  if (group.empty()) return owner;
  if (const auto gid = number_of(group)) {
    owner.gid = *gid;
  } else {
    const auto found = look_up(root, "0:" + group);
    if (!found)
      return invalid("{}: can't find gid for group {}: no such group: {}", not_mapped, group, group);
    owner.gid = found->gid;
  }
  return owner;
}

}  // namespace podo::builder
