#include <linux/capability.h>
#include <sys/resource.h>

#include "container/plan/plan_testing.h"

namespace podo::runtime {
namespace {

Result<ProcessPlan> plan_of(std::string_view members, std::vector<std::string>& warnings,
                            const HostFacts& host = {}) {
  const json::Document document = TRY(json::parse(text(R"({{"args":["sh"],"cwd":"/"{}}})", members)));
  return plan_process(TRY(oci::decode_process(document)), host, warnings);
}

Result<ProcessPlan> plan_of(std::string_view members, const HostFacts& host = {}) {
  std::vector<std::string> warnings;
  return plan_of(members, warnings, host);
}

constexpr std::uint64_t bit(int capability) { return 1ull << capability; }

}  // namespace

TEST_CASE("what cannot be run is named") {
  struct {
    const char* process;
    const char* expected;
  } cases[] = {
      {R"({"cwd":"/"})", "process.args: is empty, there is nothing to run"},
      {R"({"args":[],"cwd":"/"})", "process.args: is empty, there is nothing to run"},
      {R"({"args":[""],"cwd":"/"})", "process.args[0]: is empty"},
      {R"({"args":["a"]})", "process.cwd: \"\" is not an absolute path"},
      {R"({"args":["a"],"cwd":"x"})", "process.cwd: \"x\" is not an absolute path"},
      {R"({"args":["a"],"cwd":"/","env":["A=1","B"]})", "process.env[1]: \"B\" is not NAME=value"},
      {R"({"args":["a"],"cwd":"/","env":["=1"]})", "process.env[0]: \"=1\" is not NAME=value"},
  };
  for (const auto& [process, expected] : cases) {
    CAPTURE(process);
    std::vector<std::string> warnings;
    CHECK(problem(plan_process(*oci::decode_process(*json::parse(process)), {}, warnings)) == expected);
  }
}

TEST_CASE("wrong settings of a process are named") {
  struct {
    const char* members;
    const char* expected;
  } cases[] = {
      {R"(,"user":{"uid":4294967295})", "process.user.uid: 4294967295 is not an id"},
      {R"(,"user":{"gid":4294967295})", "process.user.gid: 4294967295 is not an id"},
      {R"(,"user":{"additionalGids":[4294967295]})", "process.user.additionalGids: 4294967295 is not an id"},
      {R"(,"user":{"umask":512})", "process.user.umask: 01000 is more than 0777"},
      {R"(,"oomScoreAdj":1001)", "process.oomScoreAdj: 1001 is not -1000..1000"},
      {R"(,"rlimits":[{"type":"RLIMIT_X","soft":1,"hard":1}])",
       "process.rlimits[0].type: \"RLIMIT_X\" is not a limit"},
      {R"(,"rlimits":[{"type":"RLIMIT_CPU","soft":2,"hard":1}])",
       "process.rlimits[0].soft: 2 is above hard, 1"},
      {R"(,"rlimits":[{"type":"RLIMIT_CPU","soft":1,"hard":1},{"type":"RLIMIT_CPU","soft":1,"hard":1}])",
       "process.rlimits[1]: RLIMIT_CPU is there twice"},
      {R"(,"scheduler":{"policy":"SCHED_ISO"})", "process.scheduler.policy: Linux has no SCHED_ISO"},
      {R"(,"scheduler":{"policy":"X"})", "process.scheduler.policy: \"X\" is not a policy"},
      {R"(,"scheduler":{"policy":"SCHED_FIFO"})", "process.scheduler.priority: 0 is not 1..99"},
      {R"(,"scheduler":{"policy":"SCHED_OTHER","priority":3})",
       "process.scheduler.priority: 3 is not 0, as this policy needs"},
      {R"(,"scheduler":{"policy":"SCHED_OTHER","nice":20})", "process.scheduler.nice: 20 is not -20..19"},
      {R"(,"scheduler":{"policy":"SCHED_RR","priority":1,"runtime":3})",
       "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE"},
      {R"(,"scheduler":{"policy":"SCHED_DEADLINE","runtime":3,"deadline":2})",
       "process.scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period"},
      {R"(,"scheduler":{"policy":"SCHED_IDLE","flags":["X"]})",
       "process.scheduler.flags[0]: \"X\" is not a flag"},
      {R"(,"ioPriority":{"class":"X"})", "process.ioPriority.class: \"X\" is not a class"},
      {R"(,"ioPriority":{"class":"IOPRIO_CLASS_RT","priority":8})",
       "process.ioPriority.priority: 8 is not 0..7"},
      {R"(,"execCPUAffinity":{"initial":"3-1"})",
       "process.execCPUAffinity.initial: \"3-1\" is not a list like \"0-3,7\""},
      {R"(,"execCPUAffinity":{"final":"9999999"})",
       "process.execCPUAffinity.final: 9999999 is more than 8191"},
      {R"(,"apparmorProfile":"p")", "process.apparmorProfile: \"p\", but this host has no AppArmor"},
      {R"(,"selinuxLabel":"l")", "process.selinuxLabel: \"l\", but this host has no SELinux"},
  };
  for (const auto& [members, expected] : cases) {
    CAPTURE(members);
    CHECK(problem(plan_of(members)) == expected);
  }
}

TEST_CASE("labels are kept on hosts that have them") {
  HostFacts host;
  host.apparmor = host.selinux = true;
  const auto plan = plan_of(R"(,"apparmorProfile":"p","selinuxLabel":"l")", host);
  REQUIRE(problem(plan) == "none");
  CHECK(plan->apparmor_profile == "p");
  CHECK(plan->selinux_label == "l");
}

TEST_CASE("limits and scheduling become the kernel's numbers") {
  const auto plan = plan_of(R"(,"rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":18446744073709551615}],
    "scheduler":{"policy":"SCHED_FIFO","priority":99,"flags":["SCHED_FLAG_RESET_ON_FORK"]},
    "ioPriority":{"class":"IOPRIO_CLASS_BE","priority":4},"execCPUAffinity":{"initial":"0-1, 4",
      "final":""},"oomScoreAdj":-7)");
  REQUIRE(problem(plan) == "none");
  REQUIRE(plan->rlimits.size() == 1);
  CHECK(plan->rlimits[0].resource == RLIMIT_NOFILE);
  CHECK(plan->rlimits[0].value.rlim_cur == 1);
  CHECK(plan->rlimits[0].value.rlim_max == RLIM64_INFINITY);
  CHECK(plan->scheduler->policy == 1);
  CHECK(plan->scheduler->priority == 99);
  CHECK(plan->scheduler->flags == 1);
  CHECK(plan->io_priority == (2 << 13 | 4));
  CHECK(plan->cpus_initial == std::vector<bool>{true, true, false, false, true});
  CHECK(plan->cpus_final.empty());
  CHECK(plan->oom_score_adj == -7);
}

TEST_CASE("lists of numbers") {
  struct {
    const char* list;
    const char* expected;
  } cases[] = {{"", ""},
               {" ", ""},
               {"0", "1"},
               {"1", "01"},
               {"0-2,4", "11101"},
               {"4,0", "10001"},
               {" 1 - 2 , 0 ", "111"},
               {"2-2", "001"},
               {",", "bad"},
               {"0,", "bad"},
               {"-1", "bad"},
               {"1-", "bad"},
               {"a", "bad"},
               {"0 1", "bad"},
               {"0--1", "bad"},
               {"99999999999999999999", "bad"},
               {"64", "bad"}};
  for (const auto& [list, expected] : cases) {
    CAPTURE(list);
    const auto plan = plan_of(text(R"(,"execCPUAffinity":{{"initial":"{}{}"}})", list,
                                   std::string_view(list) == "64" ? "000" : ""));
    std::string bits = plan ? "" : "bad";
    if (plan) {
      for (const bool set : plan->cpus_initial) bits += set ? '1' : '0';
    }
    CHECK(bits == expected);
  }
}

TEST_CASE("capabilities are cut down to what the caller has, with one warning") {
  constexpr auto all = R"(,"capabilities":{"bounding":["CAP_KILL","CAP_SYS_RESOURCE","CAP_CHOWN"],
    "permitted":["CAP_KILL","CAP_SYS_RESOURCE"],"effective":["CAP_KILL","CAP_SYS_RESOURCE"],
    "inheritable":["CAP_KILL","CAP_SYS_RESOURCE"],"ambient":["CAP_KILL","CAP_SYS_RESOURCE"]})";
  HostFacts host;
  host.bounding_capabilities &= ~bit(CAP_SYS_RESOURCE);
  std::vector<std::string> warnings;
  const auto plan = plan_of(all, warnings, host);
  REQUIRE(problem(plan) == "none");
  const CapabilitySets& sets = *plan->capabilities;
  CHECK(sets.bounding == (bit(CAP_KILL) | bit(CAP_CHOWN)));
  CHECK(sets.permitted == bit(CAP_KILL));
  CHECK(sets.effective == bit(CAP_KILL));
  CHECK(sets.inheritable == bit(CAP_KILL));
  CHECK(sets.ambient == bit(CAP_KILL));
  CHECK(warnings == std::vector<std::string>{
                        "process.capabilities: left out, since the caller lacks them: CAP_SYS_RESOURCE"});
}

TEST_CASE("a capability newer than the kernel is one the caller lacks") {
  HostFacts host;
  host.last_capability = CAP_AUDIT_READ;
  std::vector<std::string> warnings;
  const auto plan = plan_of(R"(,"capabilities":{"bounding":["CAP_BPF","CAP_KILL"]})", warnings, host);
  REQUIRE(problem(plan) == "none");
  CHECK(plan->capabilities->bounding == bit(CAP_KILL));
  CHECK(warnings ==
        std::vector<std::string>{"process.capabilities: left out, since the caller lacks them: CAP_BPF"});
}

TEST_CASE("sets that contradict one another are cut, unknown names are left out") {
  std::vector<std::string> warnings;
  const auto plan =
      plan_of(R"(,"capabilities":{"bounding":["CAP_KILL","CAP_X","KILL","CAP_X"],"permitted":["CAP_KILL"],
    "effective":["CAP_KILL","CAP_CHOWN"],"ambient":["CAP_KILL"]})",
              warnings);
  REQUIRE(problem(plan) == "none");
  CHECK(plan->capabilities->effective == bit(CAP_KILL));
  CHECK(plan->capabilities->ambient == 0);
  CHECK(
      warnings ==
      std::vector<std::string>{
          "process.capabilities: unknown and left out: \"CAP_X\", \"KILL\"",
          "process.capabilities.effective: left out, since they are not permitted: CAP_CHOWN",
          "process.capabilities.ambient: left out, since they are not permitted and inheritable: CAP_KILL"});
}

TEST_CASE("inside a user namespace every capability is there") {
  HostFacts host;
  host.permitted_capabilities = host.bounding_capabilities = 0;
  const auto wanted = R"(,"capabilities":{"permitted":["CAP_SYS_ADMIN"],"bounding":["CAP_SYS_ADMIN"]})";
  CHECK(plan_of(wanted, host)->capabilities->permitted == 0);
  CHECK(plan_of(wanted, inside_user_namespace(host))->capabilities->permitted == bit(CAP_SYS_ADMIN));
  CHECK(!plan_of("")->capabilities);
}

}  // namespace podo::runtime
