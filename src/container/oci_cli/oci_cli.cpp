#include "container/oci_cli/oci_cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/linux/descriptors.h"
#include "base/linux/own_process.h"
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
    {"systemd-cgroup", "", "", "control groups are made by systemd: cgroupsPath is slice:prefix:name"},
    {"rootless", "", "BOOL", "true, false or auto; accepted, and always found out"},
    {"criu", "", "PATH", ""},
    {"version", "v", "", "print the version"},
};

// A superuser of a user namespace only is somebody's rootless engine: /run is not its own.
std::string choose_root(const Flags& global) {
  std::string root = global.text("root");
  if (root.empty()) {
    const char* own = ::getenv("XDG_RUNTIME_DIR");
    root =
        !linux::is_host_root() && own != nullptr && *own != '\0' ? text("{}/podo-oci", own) : "/run/podo-oci";
  }
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (root.starts_with('/')) return root;
  char* here = ::getcwd(nullptr, 0);
  if (here != nullptr) root.insert(0, "/").insert(0, here);
  ::free(here);
  return root;
}

runtime::SystemdManager choose_manager(const Flags& global) {
  using runtime::SystemdManager;
  if (!global.on("systemd-cgroup")) return SystemdManager::none;
  return linux::is_host_root() ? SystemdManager::system : SystemdManager::user;
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

class CommandLine {
 public:
  explicit CommandLine(std::span<char*> argv) : argv_(argv) {}

  int run(std::size_t skipped) {
    const Result<int> done = perform(skipped);
    if (done) return *done;
    log_.report(done.error());
    return failure_code_;
  }

 private:
  // The path of every call.
  Result<int> perform(std::size_t skipped) {
    TRY(linux::open_missing_stdio());
    passed_descriptors_ = linux::count_passed_descriptors();
    const auto flags = argv_.subspan(skipped);
    global_ = TRY(Flags::parse(global_flags, flags, FlagOrder::before_arguments));
    TRY(log_.open(global_.text("log"), global_.text("log-format", "text"), global_.on("debug")));
    const auto words = argv_.last(global_.arguments().size());  // from the verb on
    const Verb* verb = words.empty() ? nullptr : find_verb(words[0]);
    // May start this program anew, with all that it was given.
    if (verb != nullptr && verb->starts_programs) TRY(runtime::protect_own_binary(argv_.data()));
    TRY(linux::close_on_exec_from(3));
    if (global_.on("version")) return say(version_text());
    if (verb != nullptr) return perform_verb(*verb, words.subspan(1));
    if (!words.empty() && std::string_view(words[0]) != "help") {
      return invalid("there is no verb '{}': see `podo-oci help`", words[0]);
    }
    const Verb* topic = words.size() > 1 ? find_verb(words[1]) : nullptr;
    return say(topic != nullptr ? verb_help(*topic) : global_help(global_flags));
  }

  Result<int> perform_verb(const Verb& verb, std::span<char* const> words) {
    failure_code_ = verb.failure_code;
    const Flags flags = TRY_IN(verb.name, Flags::parse(verb.flags, words, verb.order));
    if (flags.wants_help()) return say(verb_help(verb));
    TRY(check_arguments(verb, flags));
    const SystemClock clock;
    runtime::Runtime runtime(choose_root(global_), clock, log_);
    return verb.perform({runtime, log_, flags, choose_manager(global_), passed_descriptors_});
  }

  static Result<int> say(std::string_view text) {
    TRY(print(text));
    return 0;
  }

  std::span<char*> argv_;
  OciLog log_;
  Flags global_;
  int passed_descriptors_ = 0;
  int failure_code_ = 1;
};

}  // namespace

int run(std::span<char*> argv, std::size_t skipped) { return CommandLine(argv).run(skipped); }

}  // namespace podo::oci_cli
