#include "container/oci_cli/oci_cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/linux/descriptors.h"
#include "base/linux/file.h"
#include "container/oci_cli/help.h"
#include "container/oci_cli/oci_log.h"
#include "container/oci_cli/verbs.h"
#include "container/runtime/self_protection.h"

namespace podo::oci_cli {
namespace {

constexpr Flag global_flags[] = {
    {"root", "", "DIR", "where the states of containers are kept (default: /run/podo-oci)"},
    {"log", "", "FILE", "where to log to, beside errors on standard error"},
    {"log-format", "", "FORMAT", "text (default) or json"},
    {"debug", "", "", "log more"},
    {"systemd-cgroup", "", "", "not supported: control groups are made in the cgroup file system"},
    {"rootless", "", "BOOL", "true, false or auto; accepted, and always found out"},
    {"criu", "", "PATH", ""},
    {"version", "v", "", "print the version"},
};

// A superuser of a user namespace only is somebody's rootless engine: /run is not its own.
bool is_rootless() {
  if (::geteuid() != 0) return true;
  const auto map = linux::read_file("/proc/self/uid_map", 4096);
  return map && !map->contains(" 4294967295");
}

std::string choose_root(const Flags& global) {
  std::string root = global.text("root");
  if (root.empty()) {
    const char* own = ::getenv("XDG_RUNTIME_DIR");
    root = is_rootless() && own != nullptr && *own != '\0' ? text("{}/podo-oci", own) : "/run/podo-oci";
  }
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (root.starts_with('/')) return root;
  char* here = ::getcwd(nullptr, 0);
  if (here != nullptr) root.insert(0, "/").insert(0, here);
  ::free(here);
  return root;
}

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : verbs) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

Result<> check_arguments(const Verb& verb, const Flags& flags) {
  const std::size_t count = flags.arguments().size();
  if (count >= verb.arguments_min && count <= verb.arguments_max) return {};
  return invalid("{} takes {}, but {} arguments are given: see `podo-oci {} --help`", verb.name,
                 verb.arguments.empty() ? "no arguments" : verb.arguments, count, verb.name);
}

// The path of every verb.
Result<int> perform(const Verb& verb, const Flags& global, std::span<char* const> words, OciLog& log) {
  const Flags flags = TRY_IN(verb.name, Flags::parse(verb.flags, words, verb.order));
  if (flags.wants_help()) {
    TRY(print(verb_help(verb)));
    return 0;
  }
  TRY(check_arguments(verb, flags));
  if (global.on("systemd-cgroup")) {
    return unsupported(
        "--systemd-cgroup: systemd is not asked for control groups; use the cgroupfs driver "
        "(podman --cgroup-manager=cgroupfs, containerd SystemdCgroup = false)");
  }
  const SystemClock clock;
  runtime::Runtime runtime(choose_root(global), clock, log);
  return verb.perform({runtime, log, flags});
}

Result<int> run_verb_of(const Flags& global, std::span<char* const> words, OciLog& log, int& failure_code) {
  const std::string name = words.empty() ? "help" : words[0];
  if (name == "help" || name == "h") {
    const Verb* topic = words.size() > 1 ? find_verb(words[1]) : nullptr;
    TRY(print(topic != nullptr ? verb_help(*topic) : global_help(global_flags)));
    return 0;
  }
  const Verb* verb = find_verb(name);
  if (verb == nullptr) return invalid("there is no verb '{}': see `podo-oci help`", name);
  failure_code = verb->failure_code;
  return perform(*verb, global, words.subspan(1), log);
}

}  // namespace

int run(std::span<char*> argv, std::size_t skipped) {
  OciLog log;
  int failure_code = 1;
  const auto done = [&]() -> Result<int> {
    TRY(linux::open_missing_stdio());
    const auto global = TRY(Flags::parse(global_flags, argv.subspan(skipped), FlagOrder::before_arguments));
    TRY(log.open(global.text("log"), global.text("log-format", "text"), global.on("debug")));
    const auto words = argv.last(global.arguments().size());  // from the verb on
    const Verb* verb = words.empty() ? nullptr : find_verb(words[0]);
    // May start this program anew, with all that it was given.
    if (verb != nullptr && verb->starts_programs) TRY(runtime::protect_own_binary(argv.data()));
    TRY(linux::close_on_exec_from(3));
    if (global.on("version") || global.wants_help()) {
      TRY(print(global.on("version") ? version_text() : global_help(global_flags)));
      return 0;
    }
    return run_verb_of(global, words, log, failure_code);
  }();
  if (done) return *done;
  log.report(done.error());
  return failure_code;
}

}  // namespace podo::oci_cli
