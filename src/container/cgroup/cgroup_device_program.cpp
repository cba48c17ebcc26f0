#include "base/linux/bpf.h"
#include "container/cgroup/cgroup_devices.h"

namespace podo::runtime {
namespace {

namespace bpf = linux::bpf;

// Registers: what is asked, unpacked once.
enum : std::uint8_t { answer = 0, context = 1, type = 2, wanted = 3, major = 4, minor = 5 };

// Skips `rest`, the instructions behind it, when the device is another one.
void append_mismatch(std::vector<bpf_insn>& program, const DeviceRule& rule, int rest) {
  int left = rest + (rule.type != 'a') + rule.major.has_value() + rule.minor.has_value();
  const auto skip_unless = [&](std::uint8_t reg, std::uint32_t value) {
    program.push_back(bpf::jump_if_not_equal(reg, value, static_cast<std::int16_t>(--left)));
  };
  if (rule.type != 'a') skip_unless(type, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (rule.major) skip_unless(major, *rule.major);
  if (rule.minor) skip_unless(minor, *rule.minor);
}

void append_rule(std::vector<bpf_insn>& program, const DeviceRule& rule) {
  append_mismatch(program, rule, 4);
  if (rule.allow) {
    program.push_back(bpf::and_with(wanted, ~rule.access));
    program.push_back(bpf::jump_if_not_equal(wanted, 0, 2));
  } else {
    program.push_back(bpf::jump_if_any_bit(wanted, rule.access, 1));
    program.push_back(bpf::jump(2));
  }
  program.push_back(bpf::load_number(answer, rule.allow ? 1 : 0));
  program.push_back(bpf::leave());
}

}  // namespace

// The rules are asked from the last to the first. `wanted` holds the accesses still undecided: an allowing
// rule takes its bits out (none left: allowed), a denying one that meets a bit in it ends the matter. So
// every access is decided by the last rule that speaks of it, also when one rule gives reading and another
// writing.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules) {
  std::vector<bpf_insn> program;
  program.reserve(8 + rules.size() * 7);
  program.push_back(bpf::load_word(type, context, 0));   // access << 16 | type
  program.push_back(bpf::copy(wanted, type));
  program.push_back(bpf::and_with(type, 0xffff));
  program.push_back(bpf::shift_right(wanted, 16));
  program.push_back(bpf::load_word(major, context, 4));
  program.push_back(bpf::load_word(minor, context, 8));
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) append_rule(program, *rule);
  program.push_back(bpf::load_number(answer, 0));
  program.push_back(bpf::leave());
  return program;
}

}  // namespace podo::runtime
