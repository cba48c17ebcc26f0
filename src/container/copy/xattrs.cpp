#include "container/copy/xattrs.h"

#include <sys/xattr.h>

#include <algorithm>

namespace podo::builder {
namespace {

bool is_carried(std::string_view name) {
  if (name.starts_with("user.")) return !name.starts_with("user.overlay.");
  return name == "security.capability";
}

}  // namespace

Result<Xattrs> carried_xattrs(int file) {
  Xattrs attributes;
  char names[4096];
  std::string more;
  std::string_view left;
  ssize_t count = ::flistxattr(file, names, sizeof names);
  if (count < 0 && errno == ERANGE) {
    more.resize(65536);  // the kernel's limit of a list
    count = ::flistxattr(file, more.data(), more.size());
  }
  if (count < 0 && errno == ENOTSUP) return attributes;
  if (count < 0) return failed_errno(errno, "list extended attributes");
  left = {more.empty() ? names : more.data(), static_cast<std::size_t>(count)};
  while (!left.empty()) {
    std::string name(left.substr(0, left.find('\0')));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    if (!is_carried(name)) continue;
    std::string value(65536, '\0');  // the kernel's limit of a value
    const ssize_t size = ::fgetxattr(file, name.c_str(), value.data(), value.size());
    if (size < 0 && errno == ENODATA) continue;
    if (size < 0) return failed_errno(errno, "read {}", name);
    value.resize(static_cast<std::size_t>(size));
    attributes.emplace_back(std::move(name), std::move(value));
  }
  std::ranges::sort(attributes);
  return attributes;
}

Result<> set_xattrs(int file, const Xattrs& attributes) {
  for (const auto& [name, value] : attributes) {
    if (::fsetxattr(file, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno != ENOTSUP && errno != EPERM) return failed_errno(errno, "set {}", name);
  }
  return {};
}

}  // namespace podo::builder
