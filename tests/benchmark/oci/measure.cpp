// One command, measured:  measure COMMAND [ARGUMENT...]
// prints "wall_us cpu_us peak_rss_kb exit_status" on descriptor 3.
//
// A program of its own because the kernel carries the memory peak of whoever forks into the child's
// ru_maxrss across exec: measured from a script, every command looks as large as the interpreter. CPU is
// user and system time of the command and of every process it waited for.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static long microseconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}
static long microseconds(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

int main(int, char** argv) {
  fcntl(3, F_SETFD, FD_CLOEXEC);
  const long begin = microseconds_now();
  pid_t child = 0;
  if (!argv[1] || posix_spawnp(&child, argv[1], nullptr, nullptr, argv + 1, environ) != 0) return 127;
  int status = 0;
  rusage used = {};
  if (wait4(child, &status, 0, &used) != child) return 126;
  const long wall = microseconds_now() - begin;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const long cpu = microseconds(used.ru_utime) + microseconds(used.ru_stime);
  dprintf(3, "%ld %ld %ld %d\n", wall, cpu, used.ru_maxrss, code);
  return 0;
}
