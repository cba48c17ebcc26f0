// `linux.seccomp` of config.json (config-linux.md#seccomp).
#include "model/oci/decode_parts.h"

namespace podo::oci {

static void members(Members& of, SeccompArgument& to) {
  of.must("index", to.index).must("value", to.value).may("valueTwo", to.value_two).must("op", to.op);
}

static void members(Members& of, SeccompRule& to) {
  of.must("names", to.names).must("action", to.action).may("errnoRet", to.errno_ret).may("args", to.args);
}

void members(Members& of, Seccomp& to) {
  of.must("defaultAction", to.default_action)
      .may("defaultErrnoRet", to.default_errno_ret)
      .may("architectures", to.architectures)
      .may("flags", to.flags)
      .may("listenerPath", to.listener_path)
      .may("listenerMetadata", to.listener_metadata)
      .may("syscalls", to.syscalls);
}

}  // namespace podo::oci
