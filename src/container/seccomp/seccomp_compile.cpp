#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/linux/file.h"
#include "container/seccomp/seccomp.h"
#include "container/seccomp/seccomp_enosys.h"
#include "container/seccomp/seccomp_names.h"

namespace podo::runtime {
namespace {

struct Release {
  void operator()(void* context) const { ::seccomp_release(context); }
};

constexpr std::uint32_t no_permission = EPERM;  // config-linux.md: the errno where none is given
constexpr std::uint32_t errno_max = 4095;       // the kernel cuts off what is larger

// One filter on its way through libseccomp.
class Compilation {
 public:
  Compilation(const oci::Seccomp& profile, Log& log) : profile_(profile), log_(log) {}
  Result<SeccompFilter> run();

 private:
  Result<> begin();
  Result<> add_architectures();
  Result<> add_rule(const oci::SeccompRule& rule, std::string_view where);
  Result<> add_call(const std::string& name, std::uint32_t action, const std::vector<scmp_arg_cmp>& tests);
  Result<> add_to_filter(const std::string& name, int number, std::uint32_t action,
                         std::span<const scmp_arg_cmp> tests);
  Result<std::uint32_t> read_flags() const;
  Result<std::string> export_program() const;

  const oci::Seccomp& profile_;
  Log& log_;
  std::unique_ptr<void, Release> context_;
  std::vector<std::uint32_t> architectures_;
  std::uint32_t default_action_ = 0;
  bool notifies_ = false;
};

Result<std::uint32_t> read_action(std::string_view name, std::optional<std::uint32_t> errno_ret,
                                  std::string_view action_field, std::string_view errno_field) {
  const auto action = find_value(seccomp_actions(), name);
  if (!action) return invalid("{}: the action \"{}\" is not known", action_field, name);
  const bool is_errno = *action == SCMP_ACT_ERRNO(0);
  if (!is_errno && *action != SCMP_ACT_TRACE(0)) {
    if (errno_ret) return invalid("{}: {} gives no errno", errno_field, name);
    return *action;
  }
  const std::uint32_t most = is_errno ? errno_max : SECCOMP_RET_DATA;
  if (errno_ret.value_or(0) > most) return invalid("{}: {} is more than {}", errno_field, *errno_ret, most);
  return *action | errno_ret.value_or(no_permission);
}

Result<std::vector<scmp_arg_cmp>> read_tests(const std::vector<oci::SeccompArgument>& arguments,
                                             std::string_view where) {
  std::vector<scmp_arg_cmp> tests;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const oci::SeccompArgument& argument = arguments[i];
    const auto op = find_value(seccomp_operators(), argument.op);
    if (!op) return invalid("{}.args[{}].op: the operator \"{}\" is not known", where, i, argument.op);
    if (argument.index > 5) return invalid("{}.args[{}].index: {} is more than 5", where, i, argument.index);
    tests.push_back({argument.index, static_cast<scmp_compare>(*op), argument.value, argument.value_two});
  }
  return tests;
}

bool repeats_index(const std::vector<scmp_arg_cmp>& tests) {
  unsigned seen = 0;
  for (const scmp_arg_cmp& test : tests) {
    if ((seen >> test.arg & 1) != 0) return true;
    seen |= 1u << test.arg;
  }
  return false;
}

Result<SeccompFilter> Compilation::run() {
  TRY(begin());
  TRY(add_architectures());
  for (std::size_t i = 0; i < profile_.syscalls.size(); ++i) {
    TRY(add_rule(profile_.syscalls[i], text("syscalls[{}]", i)));
  }
  if (notifies_ && profile_.listener_path.empty())
    return invalid("listenerPath: is required when a rule notifies");
  SeccompFilter filter;
  filter.wants_listener = notifies_;
  filter.flags = TRY(read_flags());
  filter.program = TRY(export_program());
  return filter;
}

Result<> Compilation::begin() {
  default_action_ = TRY(
      read_action(profile_.default_action, profile_.default_errno_ret, "defaultAction", "defaultErrnoRet"));
  if (default_action_ == SCMP_ACT_NOTIFY) {
    return invalid("defaultAction: SCMP_ACT_NOTIFY would stop the calls that hand the listener over");
  }
  if (!profile_.listener_metadata.empty() && profile_.listener_path.empty()) {
    return invalid("listenerMetadata: is of no use without listenerPath");
  }
  context_.reset(::seccomp_init(default_action_));
  if (!context_) return exhausted("no memory for a seccomp filter");
  // A tree by number, where it is known.
  (void)::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  return {};
}

Result<> Compilation::add_architectures() {
  architectures_.push_back(::seccomp_arch_native());  // libseccomp begins with it
  for (std::size_t i = 0; i < profile_.architectures.size(); ++i) {
    const std::string& name = profile_.architectures[i];
    const auto token = find_architecture(name);
    if (!token)
      return invalid("architectures[{}]: libseccomp {} does not know \"{}\"", i, libseccomp_version(), name);
    if (std::ranges::find(architectures_, *token) != architectures_.end()) continue;
    const int failed = ::seccomp_arch_add(context_.get(), *token);
    if (failed == -EDOM)
      return invalid("architectures[{}]: {} has another byte order than this host", i, name);
    if (failed != 0) return failed_errno(-failed, "architectures[{}]: add {}", i, name);
    architectures_.push_back(*token);
  }
  return {};
}

Result<> Compilation::add_rule(const oci::SeccompRule& rule, std::string_view where) {
  const std::uint32_t action =
      TRY(read_action(rule.action, rule.errno_ret, text("{}.action", where), text("{}.errnoRet", where)));
  const std::vector<scmp_arg_cmp> tests = TRY(read_tests(rule.args, where));
  if (rule.names.empty()) return invalid("{}.names: is empty", where);
  if (action == default_action_) {
    log_.debug("linux.seccomp.{}: {} is the default action already", where, rule.action);
    return {};
  }
  for (const std::string& name : rule.names) TRY_IN(text("{}.names", where), add_call(name, action, tests));
  return {};
}

// Tests of different arguments must all hold. libseccomp takes one test an argument: where an index
// repeats, each test becomes a rule of its own, so that one of them is enough; runc reads profiles so,
// and engines rely on it.
Result<> Compilation::add_call(const std::string& name, std::uint32_t action,
                               const std::vector<scmp_arg_cmp>& tests) {
  const int number = ::seccomp_syscall_resolve_name(name.c_str());
  if (number == __NR_SCMP_ERROR) {
    log_.debug("linux.seccomp: libseccomp {} does not know the system call {}", libseccomp_version(), name);
    return {};
  }
  if (action == SCMP_ACT_NOTIFY) {
    for (const std::string_view own : {"write", "sendmsg", "recvmsg"}) {
      if (name == own)
        return invalid("SCMP_ACT_NOTIFY for {} would stop the listener from being handed over", own);
    }
    notifies_ = true;
  }
  if (!repeats_index(tests)) return add_to_filter(name, number, action, tests);
  for (const scmp_arg_cmp& test : tests) TRY(add_to_filter(name, number, action, {&test, 1}));
  return {};
}

Result<> Compilation::add_to_filter(const std::string& name, int number, std::uint32_t action,
                                    std::span<const scmp_arg_cmp> tests) {
  const int failed = ::seccomp_rule_add_array(context_.get(), action, number,
                                              static_cast<unsigned>(tests.size()), tests.data());
  if (failed == -EEXIST) return invalid("{} has a rule of another action already", name);
  if (failed != 0) return failed_errno(-failed, "add {} to the filter", name);
  return {};
}

Result<std::uint32_t> Compilation::read_flags() const {
  std::uint32_t flags = 0;
  for (std::size_t i = 0; i < profile_.flags.size(); ++i) {
    const auto flag = find_value(seccomp_flags(), profile_.flags[i]);
    if (!flag) return invalid("flags[{}]: \"{}\" is not known", i, profile_.flags[i]);
    flags |= *flag;
  }
  if (!notifies_) return flags & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;  // the kernel refuses it alone
  flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  // Both answer with a number.
  if ((flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  return flags;
}

Result<std::string> Compilation::export_program() const {
  const io::Fd memory(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory) return failed_errno(errno, "memfd_create");
  const int failed = ::seccomp_export_bpf(context_.get(), memory.get());
  if (failed != 0) return failed_errno(-failed, "export the filter");
  if (::lseek(memory.get(), 0, SEEK_SET) != 0) return failed_errno(errno, "lseek");

  std::string program;
  const bool is_errno = (default_action_ & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  if (is_errno && default_action_ != SCMP_ACT_ERRNO(ENOSYS)) {
    const std::vector<sock_filter> stub = enosys_stub(architectures_);
    program.assign(reinterpret_cast<const char*>(stub.data()), stub.size() * sizeof(sock_filter));
  }
  program += TRY(linux::read_all(memory.get(), 1 << 20));
  const std::size_t length = program.size() / sizeof(sock_filter);
  if (length > BPF_MAXINSNS) {
    return invalid("syscalls: {} instructions are more than the {} the kernel takes", length, BPF_MAXINSNS);
  }
  return program;
}

}  // namespace

Result<SeccompFilter> compile_seccomp(const oci::Seccomp& profile, Log& log) {
  return Compilation(profile, log).run();
}

}  // namespace podo::runtime
