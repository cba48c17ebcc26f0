#include "base/format/json_writer.h"
#include "base/linux/unix_socket.h"
#include "container/seccomp/seccomp.h"

namespace podo::runtime {

std::string listener_state_json(std::string_view metadata, pid_t pid, std::string_view state_json,
                                std::string_view oci_version) {
  json::Writer out;
  out.object().key("ociVersion").string(oci_version).key("fds").array().string("seccompFd").end();
  out.key("pid").number(pid);
  if (!metadata.empty()) out.key("metadata").string(metadata);
  return out.key("state").raw(state_json).end().take();
}

// One state a connection, which is closed behind it.
Result<> send_listener(const std::string& listener_path, const io::Fd& listener,
                       std::string_view container_process_state) {
  const io::Fd socket = TRY(linux::connect_unix(listener_path));
  return linux::send_with_descriptor(socket, container_process_state, listener);
}

}  // namespace podo::runtime
