// The default profile's lists: which system calls a container may make. Names that a kernel or libseccomp
// does not know are passed over, so newer and other architectures' calls may stand here.
//
// Left out on purpose: io_uring (a second way to most calls that no filter sees), keyrings, kexec, swap,
// module and namespace calls, userfaultfd, and what is obsolete.
#pragma once

#include <cstdint>
#include <string_view>

namespace podo::engine {

inline constexpr std::string_view always_allowed =
    // files
    "open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 "
    "pwritev "
    "pwritev2 lseek _llseek dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync sync syncfs sync_file_range "
    "truncate "
    "truncate64 ftruncate ftruncate64 fallocate fadvise64 fadvise64_64 readahead copy_file_range sendfile "
    "sendfile64 "
    "splice tee vmsplice ioctl access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 "
    "newfstatat statx statfs statfs64 fstatfs fstatfs64 statmount listmount umask chmod fchmod fchmodat "
    "fchmodat2 "
    "chown chown32 fchown fchown32 fchownat lchown lchown32 utime utimes utimensat utimensat_time64 "
    "futimesat "
    "getxattr getxattrat lgetxattr fgetxattr setxattr setxattrat lsetxattr fsetxattr listxattr listxattrat "
    "llistxattr flistxattr removexattr removexattrat lremovexattr fremovexattr name_to_handle_at "
    "memfd_create "
    "memfd_secret cachestat "
    // folders and names
    "chdir fchdir getcwd mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat readlink readlinkat "
    "rename renameat renameat2 unlink unlinkat getdents getdents64 "
    "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark "
    // waiting for descriptors, asynchronous I/O
    "select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl "
    "epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 pipe pipe2 io_setup "
    "io_destroy "
    "io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64 "
    // memory
    "brk mmap mmap2 munmap mremap mprotect msync madvise mincore mlock mlock2 mlockall munlock munlockall "
    "mseal "
    "membarrier remap_file_pages pkey_alloc pkey_free pkey_mprotect map_shadow_stack process_mrelease "
    // processes and threads
    "fork vfork execve execveat exit exit_group wait4 waitid waitpid kill tkill tgkill pidfd_open "
    "pidfd_send_signal "
    "gettid getpid getppid getpgid setpgid getpgrp getsid setsid set_tid_address set_robust_list "
    "get_robust_list "
    "get_thread_area set_thread_area rseq prctl futex futex_time64 futex_requeue futex_wait futex_waitv "
    "futex_wake "
    "getpriority setpriority getrlimit ugetrlimit setrlimit prlimit64 getrusage times ioprio_get ioprio_set "
    "sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam "
    "sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min "
    "sched_rr_get_interval "
    "sched_rr_get_interval_time64 sched_yield getcpu restart_syscall riscv_hwprobe uretprobe "
    // ids and rights
    "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid "
    "getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid "
    "setregid32 "
    "setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups "
    "setgroups32 "
    "capget capset seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self "
    // signals
    "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
    "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn signalfd signalfd4 pause "
    "alarm "
    // time
    "time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep "
    "clock_nanosleep_time64 nanosleep adjtimex clock_adjtime clock_adjtime64 getitimer setitimer "
    "timer_create "
    "timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
    "timerfd_create "
    "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 "
    // sockets (socket itself has a condition) and messages between processes
    "socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername getsockopt "
    "setsockopt "
    "send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 ipc msgctl msgget msgrcv "
    "msgsnd "
    "semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink mq_notify "
    "mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
    // the system
    "uname sysinfo getrandom";

// More, on some architectures (Go's names, between spaces).
struct ArchitectureCalls {
  std::string_view architectures, names;
};
inline constexpr ArchitectureCalls by_architecture[] = {
    {" amd64 ", "arch_prctl modify_ldt"},
    {" arm64 ", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"},
    {" ppc64le ", "sync_file_range2 swapcontext"},
    {" riscv64 ", "riscv_flush_icache"},
    {" s390x ", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"},
};

// More, with a capability.
struct CapabilityCalls {
  std::string_view capability, names;
};
inline constexpr CapabilityCalls by_capability[] = {
    {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    {"CAP_SYS_ADMIN",
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr "
     "move_mount "
     "open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 "
     "unshare"},
    {"CAP_SYS_BOOT", "reboot"},
    {"CAP_SYS_CHROOT", "chroot"},
    {"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    {"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {"CAP_SYS_PACCT", "acct"},
    {"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"},
    {"CAP_SYS_RAWIO", "ioperm iopl"},
    {"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    {"CAP_SYS_TTY_CONFIG", "vhangup"},
    {"CAP_SYSLOG", "syslog"},
    {"CAP_BPF", "bpf"},
    {"CAP_PERFMON", "perf_event_open"},
};

// Before Linux 4.8 a tracer could change a call after the filter had judged it.
inline constexpr std::string_view since_4_8 = "process_vm_readv process_vm_writev ptrace";

// Domains of personality(2) that change no protection: PER_LINUX, PER_LINUX32, each also with UNAME26; and
// the question which it is.
inline constexpr std::uint64_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

// socket(2) of any family but AF_VSOCK, which leads to the host of a virtual machine past every namespace.
inline constexpr std::uint64_t family_vsock = 40;

// clone(2) flags that make namespaces: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
inline constexpr std::uint64_t namespace_flags = 0x7e020000;

}  // namespace podo::engine
