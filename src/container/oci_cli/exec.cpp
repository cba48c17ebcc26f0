#include "container/oci_cli/creation_flags.h"
#include "container/oci_cli/quantities.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag exec_flags[] = {
    console_socket_flag,
    {"cwd", "", "DIR", "the working directory, in the container"},
    {"env", "e", "NAME=VALUE", "add to the environment; may be given again"},
    {"tty", "t", "", "make a terminal"},
    {"user", "u", "UID[:GID]", "as whom"},
    {"additional-gids", "g", "GID", "a further group; may be given again"},
    {"process", "p", "FILE", "the whole process as JSON, as in config.json; then no command is given"},
    {"detach", "d", "", "return as soon as the process runs"},
    pid_file_flag,
    {"process-label", "", "LABEL", "SELinux label"},
    {"apparmor", "", "PROFILE", "AppArmor profile"},
    {"no-new-privs", "", "", "set no_new_privs"},
    {"cap", "c", "NAME", "add a capability; may be given again"},
    preserve_fds_flag,
    {"cgroup", "", "PATH", "a sub-group to run in: only / is supported"},
    {"ignore-paused", "", "", "also in a paused container"},
    {"no-subreaper", "", "", ""},
};

Result<std::vector<std::uint32_t>> group_ids(const std::vector<std::string>& words) {
  std::vector<std::uint32_t> ids;
  for (const std::string& word : words) {
    const std::int64_t id = TRY_IN("--additional-gids", parse_integer(word));
    if (id < 0 || id > UINT32_MAX) return invalid("--additional-gids: {} is not a group", word);
    ids.push_back(static_cast<std::uint32_t>(id));
  }
  return ids;
}

Result<runtime::ExecOptions> exec_options(const Call& call) {
  const Flags& given = call.flags;
  runtime::ExecOptions options;
  options.process_file = given.text("process");
  options.args.assign(given.arguments().begin() + 1, given.arguments().end());
  options.env = given.all("env");
  options.caps = given.all("cap");
  options.cwd = given.text("cwd");
  options.user = given.text("user");
  options.apparmor = given.text("apparmor");
  options.process_label = given.text("process-label");
  options.additional_gids = TRY(group_ids(given.all("additional-gids")));
  if (given.given("tty")) options.terminal = given.on("tty");
  if (given.given("no-new-privs")) options.no_new_privileges = given.on("no-new-privs");
  options.console_socket = given.text("console-socket");
  options.pid_file = given.text("pid-file");
  options.preserve_fds = TRY(preserved_descriptors(call));
  options.detach = given.on("detach");
  options.ignore_paused = given.on("ignore-paused");
  return options;
}

Result<int> perform_exec(const Call& call) {
  const runtime::ExecOptions options = TRY(exec_options(call));
  const std::string group = call.flags.text("cgroup", "/");
  if (group != "/") return unsupported("--cgroup {}: a process runs in the container's own group", group);
  if (options.process_file.empty() && options.args.empty())
    return invalid("exec needs a command, or --process");
  return call.runtime.exec(call.id(), options);
}

}  // namespace

constinit const Verb exec_verb = {
    .name = "exec",
    .arguments = "<container-id> <command> [arguments]",
    .summary = "start a further process in a running container",
    .description =
        "Everything after the container's id is the command. The exit code is the command's, or 255 when it "
        "could not be started.\n",
    .flags = exec_flags,
    .arguments_max = any_number,
    .order = FlagOrder::before_arguments,
    .starts_programs = true,
    .failure_code = 255,
    .perform = perform_exec,
};

}  // namespace podo::oci_cli
