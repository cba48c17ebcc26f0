#include "container/cgroup/cgroup_devices.h"

#include <map>

#include <doctest/doctest.h>

using namespace podo;
using runtime::DeviceRule;

namespace {

struct Question { char type; std::uint32_t major, minor; unsigned access; };

// Runs a program as the kernel would, for the instructions device_program makes. -1: it left the program or
// used another.
int answer(const std::vector<bpf_insn>& program, const Question& question) {
  const std::uint32_t context[] = {
      question.access << 16 | (question.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
      question.major, question.minor};
  std::uint64_t registers[11] = {};
  for (std::size_t at = 0, steps = 0; at < program.size() && steps < 100'000; ++at, ++steps) {
    const auto& i = program[at];
    auto& to = registers[i.dst_reg];
    const auto value = static_cast<std::uint32_t>(i.imm);
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W: to = context[i.off / 4]; break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = static_cast<std::uint64_t>(static_cast<std::int64_t>(i.imm));
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X: to = registers[i.src_reg]; break;
      case BPF_ALU | BPF_AND | BPF_K: to = static_cast<std::uint32_t>(to) & value; break;
      case BPF_ALU | BPF_RSH | BPF_K: to = static_cast<std::uint32_t>(to) >> value; break;
      case BPF_JMP | BPF_JA: at += static_cast<std::size_t>(i.off); break;
      case BPF_JMP32 | BPF_JNE | BPF_K:
        at += static_cast<std::uint32_t>(to) != value ? static_cast<std::size_t>(i.off) : 0;
        break;
      case BPF_JMP32 | BPF_JSET | BPF_K:
        at += (static_cast<std::uint32_t>(to) & value) ? static_cast<std::size_t>(i.off) : 0;
        break;
      case BPF_JMP | BPF_EXIT: return static_cast<int>(registers[0]);
      default: return -1;
    }
  }
  return -1;
}

// The rules as the specification tells them: each access is decided by the last rule that speaks of it.
bool allowed(const std::vector<DeviceRule>& rules, const Question& question) {
  for (unsigned bit = 1; bit <= 4; bit <<= 1) {
    if ((question.access & bit) == 0) continue;
    bool allow = false;
    for (const auto& rule : rules) {
      const bool matches = (rule.type == 'a' || rule.type == question.type) &&
                           (!rule.major || rule.major == question.major) &&
                           (!rule.minor || rule.minor == question.minor) && (rule.access & bit);
      if (matches) allow = rule.allow;
    }
    if (!allow) return false;
  }
  return true;
}

// What the kernel's v1 list answers.
bool allowed(const runtime::DeviceList& list, const Question& question) {
  for (const auto& e : list.exceptions) {
    if (e.type != question.type || (e.major && e.major != question.major) ||
        (e.minor && e.minor != question.minor))
      continue;
    if (list.allow_all ? (e.access & question.access) != 0 : (question.access & ~e.access) == 0)
      return !list.allow_all;
  }
  return list.allow_all;
}

std::vector<DeviceRule> rules_of(const std::vector<oci::DeviceRule>& configured) {
  auto rules = runtime::device_rules(configured);
  REQUIRE(rules.has_value());
  return *std::move(rules);
}

const oci::DeviceRule deny_all = {.allow = false, .type = "", .access = "rwm", .major = {}, .minor = {}};
const oci::DeviceRule allow_all = {.allow = true, .type = "a", .access = "", .major = -1, .minor = {}};
oci::DeviceRule rule(bool allow, const char* type, std::optional<std::int64_t> major,
                     std::optional<std::int64_t> minor, const char* access) {
  return {.allow = allow, .type = type, .access = access, .major = major, .minor = minor};
}

std::vector<std::string> written(const runtime::DeviceList& wanted,
                                 const std::optional<runtime::DeviceList>& now) {
  std::vector<std::string> out;
  for (const auto& w : runtime::plan_device_writes(wanted, now))
    out.push_back((w.allow ? "allow " : "deny ") + w.line);
  return out;
}

}  // namespace

TEST_CASE("nothing but the default devices is allowed at first, and a rule that denies all leaves them") {
  for (const auto& rules : {rules_of({}), rules_of({deny_all}), rules_of({allow_all, deny_all})}) {
    CHECK(allowed(rules, {'c', 1, 3, runtime::access_all}));
    CHECK(allowed(rules, {'c', 136, 4, runtime::access_read}));
    CHECK(allowed(rules, {'b', 8, 0, runtime::access_mknod}));
    CHECK(!allowed(rules, {'b', 8, 0, runtime::access_read}));
    CHECK(!allowed(rules, {'c', 1, 11, runtime::access_write}));
  }
  CHECK(allowed(rules_of({deny_all, allow_all}), {'b', 8, 0, runtime::access_all}));
  CHECK(!allowed(rules_of({rule(false, "c", 1, 3, "rwm")}), {'c', 1, 3, runtime::access_read}));
}

TEST_CASE("the program, the list and the specification's words agree on every question") {
  const std::vector<std::vector<oci::DeviceRule>> configurations = {
      {},
      {deny_all},
      {allow_all},
      {deny_all, rule(true, "b", 8, 0, "r"), rule(true, "b", 8, 0, "w"), rule(true, "c", 10, -1, "rw")},
      {deny_all, rule(true, "a", 10, 229, "rwm"), rule(false, "c", 1, 3, "w"), rule(false, "c", 136, {}, "")},
      {allow_all, rule(false, "b", {}, {}, "w"), rule(false, "c", 1, 1, "rwm")},
      {allow_all, rule(false, "a", {}, {}, "m")},
      {deny_all, rule(true, "c", 5, 1, "rw"), rule(false, "c", 5, {}, "rw"),
       rule(true, "c", 4294967295, 7, "r")},
  };
  for (const auto& configuration : configurations) {
    const auto rules = rules_of(configuration);
    const auto program = runtime::device_program(rules);
    const auto list = runtime::device_list(rules);
    REQUIRE(list.has_value());
    for (const char type : {'b', 'c'}) {
      for (const std::uint32_t major : {1u, 5u, 8u, 10u, 136u, 4294967295u}) {
        for (const std::uint32_t minor : {0u, 1u, 3u, 7u, 11u, 229u}) {
          for (unsigned access = 1; access <= 7; ++access) {
            const Question question = {type, major, minor, access};
            const bool truth = allowed(rules, question);
            CHECK(answer(program, question) == truth);
            // One exception of the list has to give all accesses at once, so it may be stricter than the
            // rules. Making a node is what it may not be able to deny.
            if (access == runtime::access_mknod) continue;
            if (allowed(*list, question)) CHECK(truth);
            if ((access & (access - 1)) == 0) CHECK(allowed(*list, question) == truth);
          }
        }
      }
    }
  }
}

TEST_CASE("a part denied of what a wider rule allows is a matter for v2 only") {
  const auto rules = rules_of({deny_all, rule(true, "c", 10, {}, "rw"), rule(false, "c", 10, 200, "w")});
  CHECK(answer(runtime::device_program(rules), {'c', 10, 200, runtime::access_write}) == 0);
  CHECK(answer(runtime::device_program(rules), {'c', 10, 201, runtime::access_write}) == 1);
  CHECK(runtime::device_list(rules_of({rule(false, "c", 10, 229, "rwm")})).has_value());
  const auto list = runtime::device_list(rules);
  REQUIRE(!list.has_value());
  CHECK(list.error().kind() == ErrorKind::unsupported);
  CHECK(list.error().message() ==
        "linux.resources.devices: cgroup v1 cannot deny \"c 10:200 w\" out of \"c 10:* rw\"");
}

TEST_CASE("wrong rules are refused with their place") {
  const auto refused = [](const oci::DeviceRule& wrong) {
    const auto rules = runtime::device_rules({deny_all, wrong});
    return rules ? std::string() : rules.error().message();
  };
  CHECK(refused(rule(true, "x", 1, 1, "r")).starts_with("linux.resources.devices[1].type: \"x\""));
  CHECK(refused(rule(true, "c", 1, 1, "rx")).starts_with("linux.resources.devices[1].access: \"rx\""));
  CHECK(refused(rule(true, "c", -2, 1, "r")).starts_with("linux.resources.devices[1]: -2"));
  CHECK(refused(rule(true, "c", 1, 4294967296, "r")).starts_with("linux.resources.devices[1]: 4294967296"));
}

TEST_CASE("a new group is emptied once and then told one line a device") {
  const auto list = *runtime::device_list(
      rules_of({deny_all, rule(true, "c", 10, 229, "rw"), rule(true, "c", 1, 3, "rwm")}));
  const auto lines = written(list, {});
  CHECK(lines.size() == 13);
  CHECK(lines.front() == "deny a");
  CHECK(lines.back() == "allow c 10:229 rw");
  CHECK(std::count(lines.begin(), lines.end(), "allow c 1:3 rwm") == 1);
  CHECK(written(*runtime::device_list(rules_of({allow_all})), {}) == std::vector<std::string>{"allow a"});
}

TEST_CASE("a living group is told the differences only") {
  const auto before =
      *runtime::device_list(rules_of({deny_all, rule(true, "c", 10, 229, "rw"), rule(true, "b", 8, 0, "r")}));
  const auto after =
      *runtime::device_list(rules_of({deny_all, rule(true, "c", 10, 229, "r"), rule(true, "b", 8, 0, "rm")}));
  CHECK(written(after, before) == std::vector<std::string>{"allow b 8:0 m", "deny c 10:229 w"});
  CHECK(written(after, after).empty());
  const auto everything = runtime::parse_device_list("a *:* rwm\n");
  CHECK(written(after, everything).front() == "deny a");
}

TEST_CASE("devices.list is read as it was written") {
  std::string text;
  const auto list = *runtime::device_list(rules_of({deny_all, rule(true, "c", 10, {}, "rw")}));
  for (const auto& w : runtime::plan_device_writes(list, {})) {
    if (w.line != "a") text += w.line + "\n";
  }
  CHECK(written(list, runtime::parse_device_list(text)).empty());
  CHECK(runtime::parse_device_list("").exceptions.empty());
  CHECK(runtime::parse_device_list("c\nc 1\n:\nc 1:3\n").exceptions.empty());
}
