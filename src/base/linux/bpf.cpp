#include "base/linux/bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace podo::linux::bpf {
namespace {

bpf_insn instruction(int code, std::uint8_t to, std::uint8_t from, std::int16_t offset, std::int32_t value) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = to & 15;
  out.src_reg = from & 15;
  out.off = offset;
  out.imm = value;
  return out;
}

std::uint64_t address(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

// The kernel takes a shorter structure than its own for zeroes, and a longer one only if the rest is zero.
int call(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

bpf_attr blank() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  return attributes;
}

Result<io::Fd> open_program(std::uint32_t id) {
  auto attributes = blank();
  attributes.prog_id = id;
  const int fd = call(BPF_PROG_GET_FD_BY_ID, attributes);
  if (fd < 0) return failed_errno(errno, "bpf: open device program {}", id);
  return io::Fd(fd);
}

int attach(int group, int program, int replaced) {
  auto attributes = blank();
  attributes.target_fd = static_cast<std::uint32_t>(group);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    attributes.attach_flags |= BPF_F_REPLACE;
    attributes.replace_bpf_fd = static_cast<std::uint32_t>(replaced);
  }
  return call(BPF_PROG_ATTACH, attributes);
}

Result<> detach(int group, std::uint32_t id) {
  const auto program = TRY(open_program(id));
  auto attributes = blank();
  attributes.target_fd = static_cast<std::uint32_t>(group);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (call(BPF_PROG_DETACH, attributes) < 0) return failed_errno(errno, "bpf: detach device program {}", id);
  return {};
}

}  // namespace

bpf_insn load_word(std::uint8_t to, std::uint8_t base, std::int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, to, base, offset, 0);
}
bpf_insn load_number(std::uint8_t to, std::int32_t value) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
bpf_insn copy(std::uint8_t to, std::uint8_t from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
bpf_insn and_with(std::uint8_t reg, std::uint32_t mask) {
  return instruction(BPF_ALU | BPF_AND | BPF_K, reg, 0, 0, static_cast<std::int32_t>(mask));
}
bpf_insn shift_right(std::uint8_t reg, std::int32_t bits) {
  return instruction(BPF_ALU | BPF_RSH | BPF_K, reg, 0, 0, bits);
}
bpf_insn jump(std::int16_t offset) { return instruction(BPF_JMP | BPF_JA, 0, 0, offset, 0); }
bpf_insn jump_if_not_equal(std::uint8_t reg, std::uint32_t value, std::int16_t offset) {
  return instruction(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, offset, static_cast<std::int32_t>(value));
}
bpf_insn jump_if_any_bit(std::uint8_t reg, std::uint32_t mask, std::int16_t offset) {
  return instruction(BPF_JMP32 | BPF_JSET | BPF_K, reg, 0, offset, static_cast<std::int32_t>(mask));
}
bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

Result<io::Fd> load_device_program(std::span<const bpf_insn> program) {
  auto attributes = blank();
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.expected_attach_type = BPF_CGROUP_DEVICE;
  attributes.insns = address(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = address("Apache-2.0");
  std::memcpy(attributes.prog_name, "podo_devices", sizeof "podo_devices");
  int fd = call(BPF_PROG_LOAD, attributes);
  if (fd >= 0) return io::Fd(fd);
  if (errno != EINVAL && errno != EACCES) return failed_errno(errno, "bpf: load device program");
  // Once more, for the verifier's words: asking for them costs, so only now.
  std::array<char, 4096> words{};
  attributes.log_buf = address(words.data());
  attributes.log_size = words.size();
  attributes.log_level = 1;
  fd = call(BPF_PROG_LOAD, attributes);
  if (fd >= 0) return io::Fd(fd);
  return failed_errno(errno, "bpf: load device program: {}",
                      std::string_view(words.data(), ::strnlen(words.data(), words.size())));
}

Result<std::vector<std::uint32_t>> device_programs(int group) {
  std::vector<std::uint32_t> ids(8);
  for (;;) {
    auto attributes = blank();
    attributes.query.target_fd = static_cast<std::uint32_t>(group);
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = address(ids.data());
    attributes.query.prog_cnt = static_cast<std::uint32_t>(ids.size());
    const int outcome = call(BPF_PROG_QUERY, attributes);
    if (outcome < 0 && errno != ENOSPC) return failed_errno(errno, "bpf: list device programs");
    const bool all = outcome >= 0;
    ids.resize(attributes.query.prog_cnt);
    if (all) return ids;
  }
}

Result<> set_device_program(int group, int program) {
  const auto old = TRY(device_programs(group));
  if (old.size() == 1) {
    const auto replaced = TRY(open_program(old.front()));
    if (attach(group, program, replaced.get()) == 0) return {};
    if (errno != EINVAL) return failed_errno(errno, "bpf: replace device program {}", old.front());
    // Before kernel 5.6, or attached without ALLOW_MULTI: attach, then detach.
  }
  if (attach(group, program, -1) != 0) return failed_errno(errno, "bpf: attach device program");
  for (const auto id : old) TRY(detach(group, id));
  return {};
}

}  // namespace podo::linux::bpf
