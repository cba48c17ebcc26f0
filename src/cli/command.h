// A command as its row in a table: what it is called, what it accepts, and the function behind it. The rows
// are kept beside their functions, one file for each noun or verb; commands.cpp lists the files.
#pragma once

#include "cli/console/daemon.h"
#include "cli/console/flags.h"
#include "cli/console/output.h"

namespace podo::cli {

using io::Task;

// One run of a command.
struct Call {
  Daemon& daemon;
  const Flags& flags;
  const std::string& argument(std::size_t index) const { return flags.arguments()[index]; }
  const std::vector<std::string>& arguments() const { return flags.arguments(); }
};

struct Command {
  std::string_view names;      // "ps|container ls|container list"; the first one is shown
  std::string_view arguments;  // "CONTAINER [CONTAINER...]"
  std::string_view summary;
  std::span<const Flag> flags = {};
  std::size_t least = 0, most = SIZE_MAX;     // arguments
  Task<int> (*perform)(Call call) = nullptr;  // the exit code; an Error is told, and is 1
  std::span<const Flag> (*more_flags)() = nullptr;
  Flags::Order order = Flags::Order::anywhere;
};

// --- the tables, one a file -------------------------------------------------------------------------------
std::span<const Command> run_commands();  // run, create
std::span<const Command>
container_life_commands();  // start, stop, restart, kill, rm, pause, unpause, wait ...
std::span<const Command> container_view_commands();  // top, port, diff
std::span<const Command> ps_commands();
std::span<const Command> logs_commands();
std::span<const Command> exec_commands();
std::span<const Command> attach_commands();  // attach, start
std::span<const Command> update_commands();
std::span<const Command> stats_commands();
std::span<const Command> copy_commands();     // cp
std::span<const Command> archive_commands();  // save, load, import, export, commit
std::span<const Command> inspect_commands();
std::span<const Command> images_commands();    // images, rmi, tag, history
std::span<const Command> registry_commands();  // pull, push
std::span<const Command> login_commands();
std::span<const Command> build_commands();
std::span<const Command> builder_commands();  // builder prune, du
std::span<const Command> network_commands();
std::span<const Command> volume_commands();
std::span<const Command> net_commands();  // net show service
std::span<const Command> events_commands();
std::span<const Command> info_commands();        // info, version
std::span<const Command> doctor_commands();
std::span<const Command> disk_usage_commands();  // system df
std::span<const Command> prune_commands();       // system prune, container prune ...

// Does `perform` for each argument: what fails is told and the others go on; the exit code is then 1.
Task<int> for_each_argument(Call call, Task<void> (*perform)(Call call, std::string name));

}  // namespace podo::cli
