// Where the program begins, and the four functions that a compiler may call by itself.
#include "container/monitor/program/init.h"
#include "container/monitor/program/monitor.h"
#include "container/monitor/program/sandbox_init.h"

#if defined(__x86_64__)
asm(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call "
    "podo_monitor_begin\n");
#else
asm(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl podo_monitor_begin\n");
#endif

extern "C" {

// The kernel's stack: argc, argv..., null, environment..., null.
[[noreturn, gnu::used]] void podo_monitor_begin(long* stack) {
  char** arguments = reinterpret_cast<char**>(stack + 1);
  char** environment = arguments + *stack + 1;
  if (*stack > 0 && podo::monitor::is_init(arguments[0])) podo::monitor::run_init(arguments + 1, environment);
  if (*stack > 0 && podo::monitor::is_sandbox_init(arguments[0]))
    podo::monitor::run_sandbox_init(arguments + 1);
  podo::monitor::run(environment);
}

#define PODO_NO_CALL_TO_ITSELF __attribute__((no_builtin, used))

PODO_NO_CALL_TO_ITSELF void* memcpy(void* to, const void* from, size_t size) {
#if defined(__x86_64__)
  void* out = to;
  asm volatile("rep movsb" : "+D"(out), "+S"(from), "+c"(size) : : "memory");
#else
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
#endif
  return to;
}

PODO_NO_CALL_TO_ITSELF void* memmove(void* to, const void* from, size_t size) {
  char* out = static_cast<char*>(to);
  const char* in = static_cast<const char*>(from);
  if (out < in)
    for (size_t i = 0; i < size; ++i) out[i] = in[i];
  else
    for (size_t i = size; i-- > 0;) out[i] = in[i];
  return to;
}

PODO_NO_CALL_TO_ITSELF void* memset(void* to, int value, size_t size) {
  for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<char>(value);
  return to;
}

PODO_NO_CALL_TO_ITSELF int memcmp(const void* left, const void* right, size_t size) {
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  for (size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}

}  // extern "C"
