#include "container/monitor/program/sandbox_init.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

constexpr uint64_t all_signals = ~uint64_t{0};
constexpr long nobody = 65535;

[[noreturn]] void give_up(const char* step, const char* object, long error) {
  Line<512> message;
  message << "sandbox-init: " << step << " " << object << ": error " << static_cast<uint64_t>(-error) << "\n";
  sys::write(1, message.text(), message.size());
  sys::exit(1);
}

void must(long result, const char* step, const char* object = "") {
  if (result < 0) give_up(step, object, result);
}

// Not allowed everywhere, and then it is as any other process.
void evade_oom_killer() {
  const int file = sys::open("/proc/self/oom_score_adj", O_WRONLY);
  if (file < 0) return;
  sys::write(file, "-998", 4);
  sys::close(file);
}

char** join(char** arguments) {
  for (; *arguments != nullptr && !equal(*arguments, "--"); ++arguments) {
    const int name_space = sys::open(*arguments, O_RDONLY);
    must(name_space, "open", *arguments);
    must(sys::call(SYS_setns, name_space, 0), "join", *arguments);
    sys::close(name_space);
  }
  return *arguments == nullptr ? arguments : arguments + 1;
}

void enter_groups(char** tasks) {
  for (; *tasks != nullptr; ++tasks) {
    const int file = sys::open(*tasks, O_WRONLY);
    must(file, "open", *tasks);
    must(sys::write(file, "0", 1), "enter", *tasks);
    sys::close(file);
  }
}

void mount(const char* type, const char* place, unsigned long flags, const char* options, const char* step) {
  must(sys::call(SYS_mount, sys::word(type), sys::word(place), sys::word(type), static_cast<long>(flags),
                 sys::word(options)),
       step, place);
}

void leave_file_tree(const char* root) {
  must(sys::call(SYS_unshare, CLONE_NEWNS), "unshare mounts");
  mount("none", "/", MS_REC | MS_PRIVATE, "", "make private");
  mount("tmpfs", root, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555", "mount");
  must(sys::call(SYS_chdir, sys::word(root)), "enter", root);
  must(sys::call(SYS_pivot_root, sys::word("."), sys::word(".")), "pivot to", root);
  must(sys::call(SYS_umount2, sys::word("."), MNT_DETACH), "unmount", "the old root");
  must(sys::call(SYS_chdir, sys::word("/")), "enter", "/");
}

void drop_privileges() {
  must(sys::call(SYS_setgroups, 0, 0), "setgroups");
  must(sys::call(SYS_setresgid, nobody, nobody, nobody), "setresgid");
  must(sys::call(SYS_setresuid, nobody, nobody, nobody), "setresuid");
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  must(sys::call(SYS_capset, sys::word(&header), sys::word(none)), "capset");
  must(sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1), "no_new_privs");
}

// Whoever lists processes in there is not told where things lie on the host.
void forget_words(char** arguments) {
  for (; *arguments != nullptr; ++arguments) __builtin_memset(*arguments, 0, length_of(*arguments));
}

}  // namespace

bool is_sandbox_init(const char* own_name) { return equal(own_name, "sandbox-init"); }

void run_sandbox_init(char** arguments) {
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::word(&all_signals), 0, sizeof all_signals);
  if (*arguments == nullptr) sys::exit(127);
  sys::call(SYS_setsid);
  sys::call(SYS_prctl, PR_SET_NAME, sys::word("sandbox-init"));
  evade_oom_killer();
  enter_groups(join(arguments + 1));
  leave_file_tree(arguments[0]);
  drop_privileges();
  forget_words(arguments);
  constexpr char ready[] = "ready\n";
  must(sys::call(SYS_close_range, 3, ~0u), "close descriptors");  // also what the daemon was given
  if (sys::write(1, ready, sizeof ready - 1) < 0) sys::exit(1);
  sys::call(SYS_close_range, 0, 2);
  for (;;) {
    sys::call(SYS_rt_sigtimedwait, sys::word(&all_signals), 0, 0, sizeof all_signals);
    while (sys::call(SYS_wait4, -1, 0, WNOHANG) > 0) continue;
  }
}

}  // namespace podo::monitor
