#include "cli/completion.h"

#include <algorithm>

#include "cli/console/output.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

std::string flags_of(const Completed& command) {
  std::string flags;
  for (std::span<const Flag> part : {command.flags, command.more_flags})
    for (const Flag& flag : part)
      if (!flag.help.empty()) flags += text(" --{}", flag.name);
  return flags;
}

// The words that may follow "": the first words of all; "container": ls, rm ...
std::string next_words(std::string_view after, const std::vector<Completed>& commands) {
  std::vector<std::string> words;
  for (const Completed& command : commands) {
    std::vector<std::string> parts = split(command.name, ' ');
    bool fits = after.empty() ? true : parts.size() > 1 && parts[0] == after;
    std::string word = fits ? parts[after.empty() ? 0 : 1] : "";
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return join(words, " ");
}

// bash, and zsh through its own compatibility. Containers and images are asked for: `podo ps`, `podo images`.
std::string bash_script() {
  std::vector<Completed> commands = completed_commands();
  std::string cases, groups;
  for (const Completed& command : commands)
    cases += text("    '{}') flags='{}';;\n", command.name, flags_of(command));
  for (std::string_view group : {"container", "image", "network", "volume", "system"})
    groups += text("    {}) words='{}';;\n", group, next_words(group, commands));
  return text(
      "_podo() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} flags= words=\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W '{} help oci serve agent registry store completion man' -- "
      "\"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case $command in\n{}  esac\n"
      "  if [[ $words ]]; then\n"
      "    if ((COMP_CWORD == 2)); then\n"
      "      COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "      return\n"
      "    fi\n"
      "    command+=\" ${{COMP_WORDS[2]}}\"\n"
      "  fi\n"
      "  if [[ $current == -* ]]; then\n"
      "    case $command in\n{}    esac\n"
      "    COMPREPLY=($(compgen -W \"$flags --help\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${{command##* }} in\n"
      "    run|create|rmi|push|tag|history|save) words=$(podo images --format "
      "'{{{{.Repository}}}}:{{{{.Tag}}}}' 2>/dev/null);;\n"
      "    load|import|login|logout|pull) ;;\n"
      "    *) words=$(podo ps -a --format '{{{{.Names}}}}' 2>/dev/null);;\n"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "complete -o default -F _podo podo\n",
      next_words("", commands), groups, cases);
}

std::string fish_script() {
  std::string script = "complete -c podo -f\n";
  for (const Completed& command : completed_commands()) {
    std::vector<std::string> parts = split(command.name, ' ');
    std::string seen =
        parts.size() == 1 ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + parts[0];
    script += text("complete -c podo -n '{}' -a {}\n", seen, parts.back());
    for (std::span<const Flag> flags : {command.flags, command.more_flags}) {
      for (const Flag& flag : flags) {
        if (flag.help.empty() || parts.size() > 1) continue;
        script += text("complete -c podo -n '__fish_seen_subcommand_from {}' -l {}{}\n", parts[0], flag.name,
                       flag.letter != 0 ? text(" -s {}", flag.letter) : "");
      }
    }
  }
  return script;
}

}  // namespace

int print_completion(std::span<char* const> words) {
  std::string_view shell = words.empty() ? "" : words[0];
  Result<> printed;
  if (shell == "bash") printed = print(bash_script());
  else if (shell == "zsh") printed = print("autoload -U +X bashcompinit && bashcompinit\n" + bash_script());
  else if (shell == "fish") printed = print(fish_script());
  else {
    complain("Usage:  podo completion bash|zsh|fish\n\nbash: source <(podo completion bash)");
    return shell == "--help" ? 0 : 125;
  }
  return printed ? 0 : 1;
}

}  // namespace podo::cli
