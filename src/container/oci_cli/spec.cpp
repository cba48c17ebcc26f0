#include <fcntl.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "container/oci_cli/creation_flags.h"
#include "container/oci_cli/verbs.h"
#include "model/oci/default_spec.h"

namespace podo::oci_cli {
namespace {

constexpr Flag spec_flags[] = {
    {"bundle", "b", "DIR", "where to write it (default: .)"},
    {"rootless", "", "", "for a caller without privileges: in a user namespace whose root is the caller"},
};

Result<int> perform_spec(const Call& call) {
  std::optional<oci::RootlessOwner> owner;
  if (call.flags.on("rootless")) owner = {.uid = ::geteuid(), .gid = ::getegid()};
  const std::string path = call.flags.text("bundle", ".") + "/config.json";
  auto file = linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file && file.error().kind() == ErrorKind::already_exists)
    return already_exists("{} exists: remove it first", path);
  TRY_IN(path, linux::write_whole(TRY(std::move(file)).get(), oci::default_spec_json(owner)));
  return 0;
}

}  // namespace

constinit const Verb spec_verb = {
    .name = "spec",
    .arguments = "",
    .summary = "write a config.json to start from",
    .description = "Never over an existing one.\n",
    .flags = spec_flags,
    .arguments_min = 0,
    .arguments_max = 0,
    .perform = perform_spec,
};

}  // namespace podo::oci_cli
