// The host's ps program prints the table, and the lines of the container's processes are picked from it;
// where there is no ps, /proc is read here.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "base/format/json_writer.h"
#include "base/linux/file.h"
#include "base/linux/process.h"
#include "base/linux/spawn.h"
#include "container/oci_cli/columns.h"
#include "container/oci_cli/ps_table.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag ps_flags[] = {{"format", "f", "FORMAT", "table (default) or json, a list of numbers"}};
constexpr std::size_t table_bytes_max = 64u << 20;

std::string as_json(const std::vector<pid_t>& pids) {
  json::Writer out;
  out.array();
  for (const pid_t pid : pids) out.number(pid);
  return out.end().take() + "\n";
}

std::string find_program(std::string_view name) {
  const char* path = ::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    std::string candidate = text("{}/{}", directory, name);
    if (directory.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
  }
  return {};
}

std::vector<std::string> own_environment() {
  std::vector<std::string> env;
  for (char** each = environ; *each != nullptr; ++each) env.emplace_back(*each);
  return env;
}

Result<std::string> output_of_ps(const std::string& program, std::span<const std::string> options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_errno(errno, "pipe");
  const io::Fd output(ends[0]);
  io::Fd its_end(ends[1]);
  std::vector<std::string> args = {"ps"};
  if (options.empty()) args.emplace_back("-ef");
  args.insert(args.end(), options.begin(), options.end());
  const linux::Child child = TRY_IN(
      program,
      linux::spawn(
          {.path = program, .args = args, .env = own_environment(), .directory = "", .out = its_end.get()}));
  its_end.close();
  auto text = linux::read_all(output.get(), table_bytes_max);
  if (!text) (void)linux::signal_process(child.pidfd, SIGKILL);
  const linux::Ending ending = TRY(linux::reap(child));
  if (text && !ending.succeeded()) return invalid("{}: {}", program, linux::describe(ending));
  return text;
}

// A process that ended meanwhile is left out.
std::string read_own_table(const std::vector<pid_t>& pids) {
  Columns table(2);
  table.row({"PID", "PPID", "S", "CMD"});
  for (const pid_t pid : pids) {
    const auto stat = linux::read_process_stat(pid);
    if (!stat) continue;
    std::string command = linux::read_file(text("/proc/{}/cmdline", pid).c_str(), 1u << 20).value_or("");
    if (command.ends_with('\0')) command.pop_back();
    std::ranges::replace(command, '\0', ' ');
    table.row({text("{}", pid), text("{}", stat->parent), std::string(1, stat->state), command});
  }
  return table.take();
}

Result<int> perform_ps(const Call& call) {
  const std::string format = call.flags.text("format", "table");
  if (format != "table" && format != "json")
    return invalid("--format: '{}' is neither table nor json", format);
  const auto pids = TRY(call.runtime.processes(call.id()));
  if (format == "json") {
    TRY(print(as_json(pids)));
    return 0;
  }
  const std::string program = find_program("ps");
  if (program.empty()) {
    TRY(print(read_own_table(pids)));
    return 0;
  }
  const std::span options = std::span(call.flags.arguments()).subspan(1);
  TRY(print(TRY(pick_processes(TRY(output_of_ps(program, options)), pids))));
  return 0;
}

}  // namespace

constinit const Verb ps_verb = {
    .name = "ps",
    .arguments = "<container-id> [ps options]",
    .summary = "list the processes of a container",
    .description =
        "Everything after the container's id goes to the host's ps (default: -ef), which must print a PID "
        "column.\n",
    .flags = ps_flags,
    .arguments_max = any_number,
    .order = FlagOrder::before_arguments,
    .perform = perform_ps,
};

}  // namespace podo::oci_cli
