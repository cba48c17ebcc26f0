#include "base/linux/signal_name.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag kill_flags[] = {
    {"all", "a", "", "to all processes of the container, also when the first has ended"}};

Result<int> perform_kill(const Call& call) {
  const std::string word = call.flags.arguments().size() > 1 ? call.argument(1) : "TERM";
  const int signal =
      word == "0" ? 0 : TRY(linux::parse_signal(word));  // 0 only asks whether it could be sent
  TRY(call.runtime.kill(call.id(), signal, call.flags.on("all")));
  return 0;
}

}  // namespace

constinit const Verb kill_verb = {
    .name = "kill",
    .arguments = "<container-id> [signal]",
    .summary = "send a signal (default: TERM) to a container's first process",
    .description = "A signal is a number or a name: 9, KILL, SIGKILL, RTMIN+1.\n",
    .flags = kill_flags,
    .arguments_max = 2,
    .perform = perform_kill,
};

}  // namespace podo::oci_cli
