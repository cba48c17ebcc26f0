// eBPF by bpf(2) alone: the few instructions a small filter needs, loading, and attaching to a control group
// (v2).
//
// A program lives while a descriptor or a group holds it. A group keeps its programs until they are detached
// or it is removed. Denied when the caller may not (CAP_BPF or CAP_SYS_ADMIN, and CAP_NET_ADMIN for older
// kernels).
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux::bpf {

// Instructions. Jumps compare 32 bits and skip `offset` instructions behind them.
bpf_insn load_word(std::uint8_t to, std::uint8_t base, std::int16_t offset);   // 32 bits, zero-extended
bpf_insn load_number(std::uint8_t to, std::int32_t value);
bpf_insn copy(std::uint8_t to, std::uint8_t from);
bpf_insn and_with(std::uint8_t reg, std::uint32_t mask);                       // clears the upper half
bpf_insn shift_right(std::uint8_t reg, std::int32_t bits);
bpf_insn jump(std::int16_t offset);
bpf_insn jump_if_not_equal(std::uint8_t reg, std::uint32_t value, std::int16_t offset);
bpf_insn jump_if_any_bit(std::uint8_t reg, std::uint32_t mask, std::int16_t offset);
bpf_insn leave();                                                              // returns register 0

// BPF_PROG_TYPE_CGROUP_DEVICE. A program the verifier refuses is Internal, with the verifier's last words.
Result<io::Fd> load_device_program(std::span<const bpf_insn> program);

// Ids of the device programs attached to exactly this group.
Result<std::vector<std::uint32_t>> device_programs(int group);

// Makes `program` the only device program of this group; at no moment is there none. Programs of the groups
// above stay in force beside it (BPF_F_ALLOW_MULTI).
Result<> set_device_program(int group, int program);

}  // namespace podo::linux::bpf
