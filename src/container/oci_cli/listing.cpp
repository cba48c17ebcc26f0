#include "container/oci_cli/listing.h"

#include <algorithm>

#include "base/linux/file.h"

namespace podo::oci_cli {

// passwd := (name ":" password ":" uid ":" ... "\n")*
// Read here, as the C library would load modules to do it.
std::string find_user_name(std::string_view passwd, std::uint32_t uid) {
  const std::string wanted = text(":{}:", uid);
  while (!passwd.empty()) {
    const std::string_view line = passwd.substr(0, passwd.find('\n'));
    const std::size_t name_end = line.find(':');
    const std::size_t uid_start = name_end == line.npos ? line.npos : line.find(':', name_end + 1);
    if (uid_start != line.npos && line.substr(uid_start).starts_with(wanted))
      return std::string(line.substr(0, name_end));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
  }
  return {};
}

std::string name_owner(std::uint32_t uid) {
  const std::string name = find_user_name(linux::read_file("/etc/passwd", 4u << 20).value_or(""), uid);
  return name.empty() ? text("#{}", uid) : name;
}

void write_listing(json::Writer& out, const runtime::Listing& listing) {
  const runtime::ContainerState& state = listing.state;
  const bool alive = listing.status != runtime::Status::stopped;
  out.object().key("ociVersion").string(state.oci_version).key("id").string(state.id);
  out.key("pid").number(alive ? state.pid : 0).key("status").string(name_of(listing.status));
  out.key("bundle").string(state.bundle).key("rootfs").string(state.rootfs);
  out.key("created").string(state.created);
  out.key("annotations").object();
  for (const auto& [key, value] : state.annotations) out.key(key).string(value);
  out.end().key("owner").string(name_owner(state.owner_uid)).end();
}

}  // namespace podo::oci_cli
