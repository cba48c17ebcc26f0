#include "cli/commands.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/console/units.h"
#include "container/oci_cli/columns.h"

namespace podo::cli {
namespace {

constexpr int bad_usage = 125;

struct Chapter {
  std::string_view title;
  std::span<const Command> (*tables[10])();
};
constexpr Chapter chapters[] = {
    {"Containers",
     {run_commands, exec_commands, ps_commands, logs_commands, attach_commands, container_life_commands,
      container_view_commands, update_commands, stats_commands, copy_commands}},
    {"Images",
     {build_commands, images_commands, registry_commands, archive_commands, login_commands,
      builder_commands}},
    {"Networks and volumes", {network_commands, volume_commands}},
    {"The cluster", {net_commands}},
    {"The engine",
     {inspect_commands, events_commands, info_commands, doctor_commands, disk_usage_commands,
      prune_commands}},
};

template <class F>
void for_each_command(F visit) {
  for (const Chapter& chapter : chapters)
    for (auto* table : chapter.tables)
      for (const Command& command : table != nullptr ? table() : std::span<const Command>()) {
        if constexpr (std::is_invocable_v<F, const Command&>) visit(command);
        else visit(command, chapter);
      }
}

constexpr Flag global_flags[] = {
    {"host", 'H', FlagKind::value, "the daemon's address: unix:///PATH or tcp://HOST:PORT"},
};

struct Found {
  const Command* command = nullptr;
  std::size_t words = 0;
};

// "container ls" before "container": the longest name that fits.
Found find_command(std::span<char* const> words) {
  Found found;
  for_each_command([&](const Command& command) {
    for (const std::string& name : split(command.names, '|')) {
      std::vector<std::string> parts = split(name, ' ');
      bool fits = parts.size() <= words.size() && std::equal(parts.begin(), parts.end(), words.begin());
      if (fits && parts.size() > found.words) found = {&command, parts.size()};
    }
  });
  return found;
}

std::vector<std::string_view> first_words() {
  std::vector<std::string_view> words;
  for_each_command([&](const Command& command) {
    std::string_view names = command.names;
    for (std::size_t at = 0; at != std::string_view::npos; at = names.find('|', at)) {
      if (at > 0) ++at;
      std::string_view name = names.substr(at, names.find('|', at) - at);
      words.push_back(name.substr(0, name.find(' ')));
    }
  });
  std::ranges::sort(words);
  auto repeated = std::ranges::unique(words);
  words.erase(repeated.begin(), repeated.end());
  return words;
}

std::string_view shown_name(const Command& command) {
  return command.names.substr(0, command.names.find('|'));
}

std::span<const Flag> more_flags_of(const Command& command) {
  return command.more_flags != nullptr ? command.more_flags() : std::span<const Flag>();
}

std::string help_of(const Command& command) {
  bool has_flags = !command.flags.empty() || command.more_flags != nullptr;
  std::string help = text("Usage:  podo {}{} {}\n\n{}\n", shown_name(command), has_flags ? " [OPTIONS]" : "",
                          command.arguments, command.summary);
  std::vector<std::string> names = split(command.names, '|');
  for (std::string& name : names) name.insert(0, "podo ");
  if (names.size() > 1) help += text("\nAliases:\n  {}\n", join(names, ", "));
  if (has_flags) help += "\nOptions:\n" + describe_flags({command.flags, more_flags_of(command)});
  return help;
}

// "container": the commands that have it as their first word.
std::string help_of_group(std::string_view group) {
  oci_cli::Columns table(3);
  for_each_command([&](const Command& command) {
    for (const std::string& name : split(command.names, '|')) {
      if (!name.starts_with(std::string(group) + " ")) continue;
      table.row({"  " + name.substr(group.size() + 1), std::string(command.summary)});
      break;
    }
  });
  return text(
      "Usage:  podo {} COMMAND\n\nCommands:\n{}\nRun 'podo {} COMMAND --help' for more information on a "
      "command.\n",
      group, table.take(), group);
}

int misused(const Command& command, std::string_view problem) {
  complain(text("podo {}: {}\n\nUsage:  podo {} {}\n\nRun 'podo {} --help' for more information",
                shown_name(command), problem, shown_name(command), command.arguments, shown_name(command)));
  return bad_usage;
}

std::string count_problem(const Command& command) {
  if (command.least == command.most)
    return text("requires exactly {} argument{}", command.least, command.least == 1 ? "" : "s");
  if (command.most == SIZE_MAX)
    return text("requires at least {} argument{}", command.least, command.least == 1 ? "" : "s");
  return text("requires {} to {} arguments", command.least, command.most);
}

int perform(const Command& command, const Flags& flags, std::string_view host) {
  io::EpollLoop loop;
  Result<std::unique_ptr<Daemon>> daemon = Daemon::at(loop, daemon_address(host));
  Result<int> code =
      daemon ? loop.run(command.perform({**daemon, flags})) : Failure(std::move(daemon).error());
  if (code) return *code;
  complain(code.error().message());
  return 1;
}

int run_command(const Command& command, std::span<char* const> words, std::string_view host) {
  Result<Flags> flags = Flags::parse({command.flags, more_flags_of(command)}, words, command.order);
  if (!flags) return misused(command, flags.error().message());
  if (flags->wants_help()) return print(help_of(command)) ? 0 : 1;
  std::size_t count = flags->arguments().size();
  if (count < command.least || count > command.most) {
    misused(command, count_problem(command));
    return 1;
  }
  return perform(command, *flags, host);
}

int unknown(std::span<char* const> words) {
  std::vector<std::string_view> known = first_words();
  std::string_view word = words[0];
  if (std::ranges::contains(known, word)) {
    bool asked =
        words.size() == 1 || std::string_view(words[1]) == "--help" || std::string_view(words[1]) == "-h";
    if (!asked) complain(text("podo {}: '{}' is not a command of it\n", word, words[1]));
    print_error_bytes(help_of_group(word));
    return asked ? 0 : 1;
  }
  std::string_view guess = nearest(word, known);
  complain(text("podo: '{}' is not a podo command.{}\nSee 'podo help'", word,
                guess.empty() ? "" : text(" Did you mean '{}'?", guess)));
  return 1;
}

}  // namespace

int run_engine_command(std::span<char*> argv) {
  Result<Flags> global = Flags::parse({global_flags}, argv.subspan(1), Flags::Order::before_arguments);
  if (!global) {
    complain(text("podo: {}\nSee 'podo help'", global.error().message()));
    return bad_usage;
  }
  std::size_t count = global->arguments().size();
  std::span<char* const> words = argv.subspan(argv.size() - count);
  if (words.empty()) return 1;
  if (std::string_view(words[0]) == "completion") return print_completion(words.subspan(1));
  if (std::string_view(words[0]) == "man") return print_manual();
  Found found = find_command(words);
  if (found.command == nullptr) return unknown(words);
  return run_command(*found.command, words.subspan(found.words), global->text("host"));
}

std::string engine_help() {
  std::string help;
  for (const Chapter& chapter : chapters) {
    oci_cli::Columns table(3);
    for (auto* commands : chapter.tables)
      for (const Command& command : commands != nullptr ? commands() : std::span<const Command>())
        table.row({text("    {}", shown_name(command)), std::string(command.summary)});
    help += text("{}\n{}\n", chapter.title, table.take());
  }
  return help;
}

std::vector<Completed> completed_commands() {
  std::vector<Completed> all;
  for_each_command([&](const Command& command, const Chapter& chapter) {
    bool alias = false;
    for (const std::string& name : split(command.names, '|')) {
      all.push_back({name, command.flags, more_flags_of(command), chapter.title, command.arguments,
                     command.summary, alias});
      alias = true;
    }
  });
  return all;
}

Task<int> for_each_argument(Call call, Task<void> (*perform)(Call call, std::string name)) {
  int code = 0;
  for (const std::string& name : call.arguments()) {
    Result<void> done = co_await perform(call, name).result();
    if (done) continue;
    complain(done.error().message());
    code = 1;
  }
  co_return code;
}

}  // namespace podo::cli
