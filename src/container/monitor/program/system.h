// System calls without a C library, so that a monitor has few pages: each is one instruction and answers the
// value, or the error number negated. Only those that x86-64 and arm64 both have.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

namespace podo::monitor::sys {

#if defined(__x86_64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "the monitor knows the system calls of x86-64 and arm64"
#endif

inline long word(const void* pointer) { return reinterpret_cast<long>(pointer); }

[[noreturn]] inline void exit(int code) {
  for (;;) call(SYS_exit_group, code);
}
inline int open(const char* path, int flags, int mode = 0) {
  return static_cast<int>(call(SYS_openat, AT_FDCWD, word(path), flags | O_CLOEXEC, mode));
}
inline void close(int fd) { call(SYS_close, fd); }
// Closes what is there, and forgets it.
inline void drop(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}
inline long read(int fd, void* into, size_t size) {
  return call(SYS_read, fd, word(into), static_cast<long>(size));
}
inline long write(int fd, const void* bytes, size_t size) {
  return call(SYS_write, fd, word(bytes), static_cast<long>(size));
}
inline long receive(int fd, void* into, size_t size, int flags) {
  return call(SYS_recvfrom, fd, word(into), static_cast<long>(size), flags);
}
inline void remove(const char* path) { call(SYS_unlinkat, AT_FDCWD, word(path)); }
inline void rename(const char* from, const char* to) {
  call(SYS_renameat, AT_FDCWD, word(from), AT_FDCWD, word(to));
}
// The memory is as if it had never been touched.
inline void forget(void* memory, size_t size) {
  call(SYS_madvise, word(memory), static_cast<long>(size), MADV_DONTNEED);
}
inline void set_nonblocking(int fd) {
  call(SYS_fcntl, fd, F_SETFL, call(SYS_fcntl, fd, F_GETFL) | O_NONBLOCK);
}
inline int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  call(SYS_clock_gettime, clock, word(&now));
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline int64_t monotonic_ms() { return nanoseconds(CLOCK_MONOTONIC) / 1'000'000; }
inline int64_t wall_ns() { return nanoseconds(CLOCK_REALTIME); }

}  // namespace podo::monitor::sys
