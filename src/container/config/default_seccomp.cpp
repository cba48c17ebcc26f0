#include "container/config/default_seccomp.h"

#include "base/linux/capability.h"
#include "container/config/default_seccomp_table.h"

namespace podo::engine {
namespace {

constexpr std::string_view allow = "SCMP_ACT_ALLOW";

bool holds(std::uint64_t set, std::string_view capability) {
  const auto number = linux::find_capability(capability);
  return number && (set & linux::capability_bit(*number)) != 0;
}

void write_names(json::Writer& out, std::string_view names) {
  out.key("names").array();
  while (!names.empty()) {
    const std::size_t space = std::min(names.find(' '), names.size());
    if (space > 0) out.string(names.substr(0, space));
    names.remove_prefix(std::min(space + 1, names.size()));
  }
  out.end();
}

void write_rule(json::Writer& out, std::string_view names) {
  out.object();
  write_names(out, names);
  out.key("action").string(allow).end();
}

struct Argument {
  unsigned index;
  std::uint64_t value, value_two;
  std::string_view op;
};

void write_rule(json::Writer& out, std::string_view name, const Argument& argument) {
  out.object();
  write_names(out, name);
  out.key("action").string(allow).key("args").array().object().key("index").number(argument.index);
  out.key("value").number(argument.value).key("valueTwo").number(argument.value_two);
  out.key("op").string(argument.op).end().end().end();
}

// Without CAP_SYS_ADMIN a process may not make namespaces: clone is judged by its flags, clone3 has them in
// memory, where no filter looks.
void write_clone_rules(json::Writer& out, const Machine& machine) {
  const unsigned flags_index = machine.architecture == "s390x" ? 1 : 0;
  write_rule(out, "clone", {flags_index, namespace_flags, 0, "SCMP_CMP_MASKED_EQ"});
  out.object();
  write_names(out, "clone3");
  out.key("action").string("SCMP_ACT_ERRNO").key("errnoRet").number(ENOSYS).end();
}

bool kernel_is_at_least(const Machine& machine, unsigned major, unsigned minor) {
  return machine.kernel_major > major || (machine.kernel_major == major && machine.kernel_minor >= minor);
}

}  // namespace

static void write_seccomp_architectures(json::Writer& out, const Machine& machine) {
  out.key("architectures").array();
  if (machine.architecture == "amd64")
    out.string("SCMP_ARCH_X86_64").string("SCMP_ARCH_X86").string("SCMP_ARCH_X32");
  if (machine.architecture == "arm64") out.string("SCMP_ARCH_AARCH64").string("SCMP_ARCH_ARM");
  out.end();
}

void write_default_seccomp(json::Writer& out, std::uint64_t capabilities, const Machine& machine) {
  out.object().key("defaultAction").string("SCMP_ACT_ERRNO").key("defaultErrnoRet").number(EPERM);
  write_seccomp_architectures(out, machine);
  out.key("syscalls").array();
  write_rule(out, always_allowed);
  if (kernel_is_at_least(machine, 4, 8)) write_rule(out, since_4_8);
  write_rule(out, "socket", {0, family_vsock, 0, "SCMP_CMP_NE"});
  for (const std::uint64_t value : personalities)
    write_rule(out, "personality", {0, value, 0, "SCMP_CMP_EQ"});
  for (const auto& [architectures, names] : by_architecture) {
    if (architectures.find(text(" {} ", machine.architecture)) != architectures.npos) write_rule(out, names);
  }
  for (const auto& [capability, names] : by_capability) {
    if (holds(capabilities, capability)) write_rule(out, names);
  }
  if (!holds(capabilities, "CAP_SYS_ADMIN")) write_clone_rules(out, machine);
  out.end().end();
}

}  // namespace podo::engine
