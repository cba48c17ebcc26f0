#include "container/seccomp/seccomp_names.h"
#include "container/seccomp/seccomp_testing.h"

namespace podo::runtime {
using namespace testing;  // NOLINT

namespace {

std::uint32_t answer(const oci::Seccomp& to, std::string_view name, const Arguments& arguments = {}) {
  return judge(compiled(to).program, ::seccomp_arch_native(), call(name), arguments);
}

}  // namespace

TEST_CASE("every action gives what the kernel calls it") {
  const struct { const char* name; std::uint32_t answer; } rows[] = {
      {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},         {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS}, {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
      {"SCMP_ACT_ERRNO", with_errno(EPERM)},              {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE | EPERM},
      {"SCMP_ACT_LOG", SECCOMP_RET_LOG},                  {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    oci::Seccomp some = profile("SCMP_ACT_ALLOW", {rule({"mkdir", "chdir"}, row.name)});
    some.listener_path = "/agent";
    CHECK_EQ(answer(some, "mkdir"), row.answer);
    CHECK_EQ(answer(some, "chdir"), row.answer);
    CHECK_EQ(answer(some, "rmdir"), allow);
  }
  CHECK_EQ(answer(profile("SCMP_ACT_KILL_PROCESS", {rule({"mkdir"}, "SCMP_ACT_ALLOW")}), "mkdir"), allow);
  CHECK_EQ(answer(profile("SCMP_ACT_KILL_PROCESS"), "mkdir"), SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("errnos are given by rule and by default") {
  oci::Seccomp some =
      profile("SCMP_ACT_ERRNO", {rule({"mkdir"}, "SCMP_ACT_ERRNO"), rule({"chdir"}, "SCMP_ACT_TRACE")});
  some.default_errno_ret = ENOENT;
  some.syscalls[0].errno_ret = EACCES;
  some.syscalls[1].errno_ret = 65535;
  CHECK_EQ(answer(some, "mkdir"), with_errno(EACCES));
  CHECK_EQ(answer(some, "chdir"), (SECCOMP_RET_TRACE | 65535u));
  CHECK_EQ(answer(some, "rmdir"), with_errno(ENOENT));
}

TEST_CASE("every operator compares all 64 bits") {
  constexpr std::uint64_t big = 0x1'0000'0005;
  const struct {
    const char* op;
    std::uint64_t value, value_two;
    std::vector<std::uint64_t> holds, fails;
  } rows[] = {
      {"SCMP_CMP_EQ", big, 0, {big}, {5, 0, big + 1}},
      {"SCMP_CMP_NE", big, 0, {5, 0, big + 1}, {big}},
      {"SCMP_CMP_LT", big, 0, {0, 5, 6, big - 1}, {big, big + 1, ~0ull}},
      {"SCMP_CMP_LE", big, 0, {0, 6, big}, {big + 1, ~0ull}},
      {"SCMP_CMP_GT", big, 0, {big + 1, ~0ull}, {0, 6, big}},
      {"SCMP_CMP_GE", big, 0, {big, ~0ull}, {0, 6, big - 1}},
      {"SCMP_CMP_MASKED_EQ", 0xF'0000'000F, 0x1'0000'0005, {big, big + 0x10}, {5, 0x2'0000'0005, big + 1}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.op);
    const std::string program =
        compiled(profile("SCMP_ACT_ALLOW",
                         {rule({"dup3"}, "SCMP_ACT_ERRNO", {{2, row.value, row.value_two, row.op}})}))
            .program;
    for (const auto value : row.holds)
      CHECK_EQ(judge(program, ::seccomp_arch_native(), call("dup3"), {0, 0, value}), with_errno(EPERM));
    for (const auto value : row.fails)
      CHECK_EQ(judge(program, ::seccomp_arch_native(), call("dup3"), {0, 0, value}), allow);
  }
}

TEST_CASE("tests of different arguments must all hold, of one argument any") {
  const oci::Seccomp all =
      profile("SCMP_ACT_ALLOW",
              {rule({"dup3"}, "SCMP_ACT_ERRNO", {{0, 1, 0, "SCMP_CMP_EQ"}, {1, 2, 0, "SCMP_CMP_EQ"}})});
  CHECK_EQ(answer(all, "dup3", {1, 2}), with_errno(EPERM));
  CHECK_EQ(answer(all, "dup3", {1, 3}), allow);
  CHECK_EQ(answer(all, "dup3", {3, 2}), allow);

  const oci::Seccomp any =
      profile("SCMP_ACT_ALLOW",
              {rule({"dup3"}, "SCMP_ACT_ERRNO",
                    {{0, 1, 0, "SCMP_CMP_EQ"}, {0, 5, 0, "SCMP_CMP_EQ"}, {1, 2, 0, "SCMP_CMP_EQ"}})});
  CHECK_EQ(answer(any, "dup3", {1, 0}), with_errno(EPERM));
  CHECK_EQ(answer(any, "dup3", {5, 0}), with_errno(EPERM));
  CHECK_EQ(answer(any, "dup3", {0, 2}), with_errno(EPERM));
  CHECK_EQ(answer(any, "dup3", {0, 0}), allow);
}

TEST_CASE("an engine's profile allows what it lists, on every architecture, and no more") {
  const oci::Seccomp some = engine_profile();
  const std::string program = compiled(some).program;
  MESSAGE("instructions: ", program.size() / sizeof(sock_filter));
  for (const std::string& architecture : some.architectures) {
    const std::uint32_t token = *find_architecture(architecture);
    const bool x32 = token == SCMP_ARCH_X32;
    const std::uint32_t told = x32 ? SCMP_ARCH_X86_64 : token;  // what the kernel puts into seccomp_data
    int wrong = 0, listed = 0;
    for (int number = 0; number < 460; ++number) {
      const int full = number | (x32 ? 0x4000'0000 : 0);
      const std::string name = name_of_call(token, full);
      if (name.empty() || name == "clone" || name == "clone3" || name == "personality") continue;
      const bool fine = std::ranges::find(some.syscalls[0].names, name) != some.syscalls[0].names.end();
      listed += fine;
      wrong += judge(program, told, full) != (fine ? allow : with_errno(EPERM));
    }
    CAPTURE(architecture);
    CHECK_EQ(wrong, 0);
    CHECK_GT(listed, 200);
  }
  CHECK_EQ(answer(some, "personality", {8}), allow);
  CHECK_EQ(answer(some, "personality", {9}), with_errno(EPERM));
  CHECK_EQ(answer(some, "clone", {17}), allow);
  CHECK_EQ(answer(some, "clone", {0x10000000}), with_errno(EPERM));
  CHECK_EQ(answer(some, "clone3"), with_errno(ENOSYS));
  CHECK_EQ(judge(program, SCMP_ARCH_S390X, 1), kill_thread);
}

TEST_CASE("calls newer than libseccomp do not exist, where the default is another errno") {
  oci::Seccomp some = profile("SCMP_ACT_ERRNO", {rule({"read"}, "SCMP_ACT_ALLOW")});
  const std::uint32_t native = ::seccomp_arch_native();
  const std::string program = compiled(some).program;
  CHECK_EQ(judge(program, native, 511), with_errno(ENOSYS));
  CHECK_EQ(judge(program, native, 100'000), with_errno(ENOSYS));
  CHECK_EQ(judge(program, native, call("openat2")), with_errno(EPERM));
  CHECK_EQ(judge(program, native, call("read")), allow);
  if (native == SCMP_ARCH_X86_64) {
    CHECK_EQ(judge(program, native, 0x4000'0000 | 511), kill_thread);  // x32 is another architecture
    some.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"};
    const std::string three = compiled(some).program;
    for (const std::uint32_t architecture :
         std::initializer_list<std::uint32_t>{SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64}) {
      CHECK_EQ(judge(three, architecture, 511), with_errno(ENOSYS));
      CHECK_EQ(judge(three, architecture, call("read", architecture)), allow);
      CHECK_EQ(judge(three, architecture, call("mkdirat", architecture)), with_errno(EPERM));
    }
  }
  CHECK_EQ(judge(compiled(profile("SCMP_ACT_KILL_PROCESS")).program, native, 511), SECCOMP_RET_KILL_PROCESS);
  CHECK_EQ(judge(compiled(profile("SCMP_ACT_ALLOW")).program, native, 511), allow);
  some.default_errno_ret = ENOSYS;
  CHECK_EQ(judge(compiled(some).program, native, 511), with_errno(ENOSYS));
}

TEST_CASE("what cannot be used is passed over and said") {
  KeepingLog log;
  const auto filter = compile_seccomp(
      profile("SCMP_ACT_ALLOW",
              {rule({"read", "no_such_call"}, "SCMP_ACT_LOG"), rule({"write"}, "SCMP_ACT_ALLOW")}),
      log);
  REQUIRE(filter.has_value());
  CHECK_EQ(judge(filter->program, ::seccomp_arch_native(), call("read")), SECCOMP_RET_LOG);
  REQUIRE_EQ(log.lines.size(), 2);
  CHECK_EQ(log.lines[0], "linux.seccomp: libseccomp " + libseccomp_version() +
                             " does not know the system call no_such_call");
  CHECK_EQ(log.lines[1], "linux.seccomp.syscalls[1]: SCMP_ACT_ALLOW is the default action already");
}

TEST_CASE("flags become those of seccomp(2)") {
  oci::Seccomp some = profile("SCMP_ACT_ALLOW");
  CHECK_EQ(compiled(some).flags, 0);
  some.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  constexpr std::uint32_t quiet =
      SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC;
  CHECK_EQ(compiled(some).flags, quiet);
  CHECK_FALSE(compiled(some).wants_listener);
  some.syscalls = {rule({"mkdir"}, "SCMP_ACT_NOTIFY")};
  some.listener_path = "/agent";
  CHECK_EQ(compiled(some).flags, (quiet | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                                  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
  CHECK(compiled(some).wants_listener);
}

TEST_CASE("what a profile may not say is refused by its member's name") {
  const auto with = [](auto change) {
    oci::Seccomp some =
        profile("SCMP_ACT_ALLOW", {rule({"mkdir"}, "SCMP_ACT_ERRNO", {{0, 1, 0, "SCMP_CMP_EQ"}})});
    some.listener_path = "/agent";
    change(some);
    return problem_of(some);
  };
  using P = oci::Seccomp;
  CHECK_EQ(with([](P&) {}), "no problem");
  CHECK_EQ(with([](P& p) { p.default_action = "ALLOW"; }),
           "defaultAction: the action \"ALLOW\" is not known");
  CHECK_EQ(with([](P& p) { p.default_errno_ret = 1; }), "defaultErrnoRet: SCMP_ACT_ALLOW gives no errno");
  CHECK_EQ(with([](P& p) { p.syscalls[0].action = "x"; }),
           "syscalls[0].action: the action \"x\" is not known");
  CHECK_EQ(with([](P& p) { p.syscalls[0].errno_ret = 4096; }),
           "syscalls[0].errnoRet: 4096 is more than 4095");
  CHECK_EQ(with([](P& p) { p.syscalls[0].args[0].op = "=="; }),
           "syscalls[0].args[0].op: the operator \"==\" is not known");
  CHECK_EQ(with([](P& p) { p.syscalls[0].args[0].index = 6; }),
           "syscalls[0].args[0].index: 6 is more than 5");
  CHECK_EQ(with([](P& p) { p.syscalls[0].names.clear(); }), "syscalls[0].names: is empty");
  CHECK_EQ(with([](P& p) { p.flags = {"FAST"}; }), "flags[0]: \"FAST\" is not known");
  CHECK_EQ(with([](P& p) { p.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_VAX"}; }),
           "architectures[1]: libseccomp " + libseccomp_version() + " does not know \"SCMP_ARCH_VAX\"");
  CHECK_EQ(with([](P& p) { p.architectures = {"SCMP_ARCH_x86"}; }),
           "architectures[0]: libseccomp " + libseccomp_version() + " does not know \"SCMP_ARCH_x86\"");
  CHECK_EQ(with([](P& p) { p.architectures = {"SCMP_ARCH_S390X"}; }),
           "architectures[0]: SCMP_ARCH_S390X has another byte order than this host");
  CHECK_EQ(with([](P& p) { p.default_action = "SCMP_ACT_NOTIFY"; }),
           "defaultAction: SCMP_ACT_NOTIFY would stop the calls that hand the listener over");
  CHECK_EQ(with([](P& p) { p.syscalls.push_back(rule({"write"}, "SCMP_ACT_NOTIFY")); }),
           "syscalls[1].names: SCMP_ACT_NOTIFY for write would stop the listener from being handed over");
  CHECK_EQ(with([](P& p) { p.listener_metadata = "m", p.listener_path = ""; }),
           "listenerMetadata: is of no use without listenerPath");
  CHECK_EQ(with([](P& p) { p.syscalls[0].action = "SCMP_ACT_NOTIFY", p.listener_path = ""; }),
           "listenerPath: is required when a rule notifies");
}

TEST_CASE("every name of the specification is known") {
  for (const std::string_view name : seccomp_architectures()) {
    CAPTURE(std::string(name));
    CHECK(find_architecture(name).has_value());
  }
  CHECK_EQ(seccomp_actions().size(), 9);
  CHECK_EQ(seccomp_operators().size(), 7);
  CHECK_EQ(seccomp_flags().size(), 4);
}

}  // namespace podo::runtime
