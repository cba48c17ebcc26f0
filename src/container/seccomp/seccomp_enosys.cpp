#include "container/seccomp/seccomp_enosys.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>

namespace podo::runtime {
namespace {

constexpr std::uint32_t x32_bit = 0x4000'0000;  // x32 calls come as x86-64 with this bit in their number

// Every architecture counts its newer calls alike, on top of its first number (0; 4000, 5000, 6000 for
// MIPS), and is far from 512 still.
std::optional<std::uint32_t> newest_call(std::uint32_t architecture) {
  const int read = ::seccomp_syscall_resolve_name_arch(architecture, "read");
  if (read < 0) return std::nullopt;
  const int first = read / 1000 * 1000;
  for (int number = first + 511; number > first; --number) {
    char* name = ::seccomp_syscall_resolve_num_arch(architecture, number);
    if (name == nullptr) continue;
    std::free(name);
    return static_cast<std::uint32_t>(number);
  }
  return std::nullopt;
}

}  // namespace

// stub  := load arch  block*
// block := arch? number  > newest?  below x32?  return ENOSYS        "no" skips the block, or leaves the stub
std::vector<sock_filter> enosys_stub(std::span<const std::uint32_t> architectures) {
  struct Known {
    std::uint32_t architecture, newest;
  };
  std::vector<Known> known;
  for (const std::uint32_t architecture : architectures) {
    if (architecture == SCMP_ARCH_X32) continue;
    if (const auto newest = newest_call(architecture)) known.push_back({architecture, *newest});
  }
  constexpr std::size_t block = 5;
  std::vector<sock_filter> stub;
  if (known.empty()) return stub;
  stub.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  for (std::size_t i = 0; i < known.size(); ++i) {
    // From the end of this block.
    const auto leave = static_cast<std::uint8_t>((known.size() - 1 - i) * block);
    const auto out = [&](unsigned behind) { return static_cast<std::uint8_t>(leave + behind); };
    stub.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, known[i].architecture, 0, 4));
    stub.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    stub.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, known[i].newest, 0, out(2)));
    stub.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, out(1), 0));
    stub.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  return stub;
}

}  // namespace podo::runtime
