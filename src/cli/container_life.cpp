// podo stop, restart, kill, rm, pause, unpause, rename, wait
#include "cli/command.h"

namespace podo::cli {
namespace {

Task<void> post_verb(Call call, std::string name, std::string_view verb, Daemon::Query query) {
  co_await call.daemon.post(text("/containers/{}/{}", name, verb), query);
  co_await print(name + "\n");
}

Daemon::Query stop_query(const Flags& flags) {
  Daemon::Query query;
  if (flags.given("signal")) query.add("signal", flags.text("signal"));
  for (std::string_view name : {"timeout", "time"})
    if (flags.given(name)) query.add("t", flags.text(name));
  return query;
}

Task<void> stop_one(Call call, std::string name) {
  return post_verb(call, name, "stop", stop_query(call.flags));
}
Task<void> restart_one(Call call, std::string name) {
  return post_verb(call, name, "restart", stop_query(call.flags));
}
Task<void> kill_one(Call call, std::string name) {
  Daemon::Query query;
  if (call.flags.given("signal")) query.add("signal", call.flags.text("signal"));
  return post_verb(call, name, "kill", query);
}
Task<void> pause_one(Call call, std::string name) { return post_verb(call, name, "pause", {}); }
Task<void> unpause_one(Call call, std::string name) { return post_verb(call, name, "unpause", {}); }

Task<void> remove_one(Call call, std::string name) {
  Daemon::Query query;
  if (call.flags.on("force")) query.add("force", "1");
  if (call.flags.on("volumes")) query.add("v", "1");
  if (call.flags.on("link")) query.add("link", "1");
  Result<json::Document> removed = co_await call.daemon.remove(text("/containers/{}", name), query).result();
  bool gone = !removed && removed.error().kind() == ErrorKind::not_found && call.flags.on("force");
  if (!removed && !gone) co_await Failure(std::move(removed).error());
  if (gone) complain(removed.error().message());
  else co_await print(name + "\n");
}

Task<void> wait_one(Call call, std::string name) {
  json::Document ended = co_await call.daemon.post(text("/containers/{}/wait", name));
  co_await print(text("{}\n", get_number(ended.root(), "StatusCode")));
}

Task<int> rename(Call call) {
  Daemon::Query query;
  query.add("name", call.argument(1));
  co_await call.daemon.post(text("/containers/{}/rename", call.argument(0)), query);
  co_return 0;
}

Task<int> stop(Call call) { return for_each_argument(call, stop_one); }
Task<int> restart(Call call) { return for_each_argument(call, restart_one); }
Task<int> kill(Call call) { return for_each_argument(call, kill_one); }
Task<int> pause(Call call) { return for_each_argument(call, pause_one); }
Task<int> unpause(Call call) { return for_each_argument(call, unpause_one); }
Task<int> remove(Call call) { return for_each_argument(call, remove_one); }
Task<int> wait(Call call) { return for_each_argument(call, wait_one); }

using enum FlagKind;

constexpr Flag stop_flags[] = {
    {"signal", 's', value, "Signal to send to the container"},
    {"time", 0, integer, ""},
    {"timeout", 't', integer, "Seconds to wait before killing the container"},
};
constexpr Flag kill_flags[] = {{"signal", 's', value, "Signal to send to the container"}};
constexpr Flag remove_flags[] = {
    {"force", 'f', toggle, "Force the removal of a running container (uses SIGKILL)"},
    {"link", 'l', toggle, "Remove the specified link"},
    {"volumes", 'v', toggle, "Remove anonymous volumes associated with the container"},
};
constexpr std::string_view many = "CONTAINER [CONTAINER...]";

}  // namespace

std::span<const Command> container_life_commands() {
  constexpr std::size_t any = SIZE_MAX;
  static constexpr Command table[] = {
      {"stop|container stop", many, "Stop one or more running containers", stop_flags, 1, any, stop},
      {"restart|container restart", many, "Restart one or more containers", stop_flags, 1, any, restart},
      {"kill|container kill", many, "Kill one or more running containers", kill_flags, 1, any, kill},
      {"rm|container rm|container remove", many, "Remove one or more containers", remove_flags, 1, any,
       remove},
      {"pause|container pause", many, "Pause all processes within one or more containers", {}, 1, any, pause},
      {"unpause|container unpause",
       many,
       "Unpause all processes within one or more containers",
       {},
       1,
       any,
       unpause},
      {"wait|container wait",
       many,
       "Block until one or more containers stop, then print their exit codes",
       {},
       1,
       any,
       wait},
      {"rename|container rename", "CONTAINER NEW_NAME", "Rename a container", {}, 2, 2, rename},
  };
  return table;
}

}  // namespace podo::cli
