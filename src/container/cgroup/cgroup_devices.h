// Which device nodes a container may make and open: the specification's rules (config-linux.md, "Allowed
// Device list") as v1 files and as a v2 program. Pure.
//
// Nothing is allowed at first, then the nodes every container gets (default_device_rules), then the
// configured rules in order: of two that match, the later decides. A rule about every device with every
// access starts over: "deny all" leaves the defaults, since engines write it as the first rule and still want
// /dev/null; "allow all" leaves nothing denied.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// Bits as the v2 program gets them (BPF_DEVCG_ACC_*).
enum : unsigned { access_mknod = 1, access_read = 2, access_write = 4, access_all = 7 };

struct DeviceRule {
  bool allow = false;
  char type = 'a';                             // 'c', 'b', or 'a': both
  std::optional<std::uint32_t> major = {}, minor = {};   // absent: any
  unsigned access = access_all;
  bool is_default = false;                     // not from the config
};

// The whole list in force, the opening rule about everything first. Invalid names the rule.
Result<std::vector<DeviceRule>> device_rules(const std::vector<oci::DeviceRule>& configured);

// What a v1 group holds: everything but the exceptions is allowed, or nothing but them.
struct DeviceList {
  bool allow_all = false;
  std::vector<DeviceRule> exceptions;   // types c and b; `allow` is the opposite of allow_all
};
// Unsupported: v1 can only take away an exception it has, not a part of a wider one (but for making a node,
// which then stays allowed).
Result<DeviceList> device_list(const std::vector<DeviceRule>& rules);
DeviceList parse_device_list(std::string_view devices_list);   // the text of devices.list

struct DeviceWrite {
  bool allow;          // to devices.allow, else to devices.deny
  std::string line;    // "c 1:3 rwm"
  bool is_default;
};
// `now` absent: whatever the group holds is dropped first. With it only the differences are written, so that
// a living container loses nothing it keeps.
std::vector<DeviceWrite> plan_device_writes(const DeviceList& wanted, const std::optional<DeviceList>& now);

// A BPF_PROG_TYPE_CGROUP_DEVICE program: returns 1 to allow.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules);

}  // namespace podo::runtime
