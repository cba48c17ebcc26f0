#include "model/dockerfile/lint.h"

#include <algorithm>
#include <map>

#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

bool is_lower(std::string_view text) { return lower(text) == text; }
bool is_upper(std::string_view text) { return upper(text) == text; }

// Whether `name` has one of `words` as one of its parts: "MY_API_KEY" has "key".
bool has_part(std::string_view name, std::span<const std::string_view> words) {
  const std::string small = lower(name);
  for (std::size_t begin = 0; begin <= small.size();) {
    const std::size_t end = std::min(small.find('_', begin), small.size());
    if (std::ranges::contains(words, std::string_view(small).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool sounds_secret(std::string_view name) {
  constexpr std::string_view secret[] = {"apikey", "auth",     "credential", "credentials", "key",
                                         "passwd", "password", "pword",      "secret",      "token"};
  constexpr std::string_view open[] = {"public"};
  return has_part(name, secret) && !has_part(name, open);
}

class Linter {
 public:
  explicit Linter(const Directives& directives) : directives_(directives) {}

  std::vector<Warning> run(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      at_ = statement.instruction.place;
      if (statement.empty_continuation) {
        Place last = at_;
        last.line = last.last_line;
        warn("NoEmptyContinuation", last, "Empty continuation line");
      }
      check(statement);
    }
    check_casing(statements);
    std::ranges::stable_sort(warnings_, {}, [](const Warning& warning) { return warning.place.line; });
    return std::move(warnings_);
  }

 private:
  // What a stage hands on to those that are FROM it.
  struct StageFacts {
    bool has_shell = false, has_workdir = false;
  };

  void warn(std::string_view rule, Place place, std::string message) {
    if (directives_.checks(rule)) warnings_.push_back({std::string(rule), std::move(message), place});
  }
  void warn(std::string_view rule, std::string message) { warn(rule, at_, std::move(message)); }

  void check(const Statement& statement) {
    const Instruction& step = statement.instruction;
    switch (step.kind) {
      case Kind::from: return check_from(statement);
      case Kind::maintainer:
        return warn("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label");
      case Kind::workdir: return check_workdir(step.words[0]);
      case Kind::cmd:
      case Kind::entrypoint:
        if (!step.exec_form && !step.words.empty() && !stage_.has_shell) {
          warn("JSONArgsRecommended",
               text("JSON arguments recommended for {} to prevent unintended behavior related to OS signals",
                    name_of(step.kind)));
        }
        return check_last(step);
      case Kind::health_check: return check_last(step);
      case Kind::shell: stage_.has_shell = true; return keep_facts();
      case Kind::env:
      case Kind::label: return check_pairs(statement);
      case Kind::arg: check_secrets(step); return check_description(statement);
      case Kind::expose: return check_ports(step);
      default: return;
    }
  }

  void keep_facts() {
    if (!stage_name_.empty()) facts_[stage_name_] = stage_;
  }

  void check_from(const Statement& statement) {
    const Instruction& step = statement.instruction;
    const auto base = facts_.find(lower(step.words[0]));
    stage_ = base == facts_.end() ? StageFacts() : base->second;
    last_.clear();
    stage_name_ = step.stage_name;
    check_platform(step);
    if (stage_name_.empty()) return;
    if (stage_name_ == "scratch" || stage_name_ == "context") {
      warn("ReservedStageName",
           text("Stage name should not use the same name as reserved stage {}", quoted(stage_name_)));
    }
    if (facts_.contains(stage_name_)) {
      warn("DuplicateStageName",
           text("Duplicate stage name {}, stage names should be unique", quoted(stage_name_)));
    }
    keep_facts();
    if (!is_lower(statement.stage))
      warn("StageNameCasing", text("Stage name '{}' should be lowercase", statement.stage));
    const std::string& from = statement.keyword;
    if ((is_lower(from) && !is_lower(statement.as)) || (is_upper(from) && !is_upper(statement.as)))
      warn("FromAsCasing", text("'{}' and '{}' keywords' casing do not match", statement.as, from));
    check_description(statement);
  }

  void check_platform(const Instruction& from) {
    const Flag* platform = from.flag("platform");
    if (platform == nullptr) return;
    if (platform->value == "$TARGETPLATFORM" || platform->value == "${TARGETPLATFORM}") {
      warn("RedundantTargetPlatform",
           text("Setting platform to predefined {} in FROM is redundant as this is the default behavior",
                platform->value));
    }
    if (platform->value.contains('$')) return;
    // A stage that is called after its platform is meant to have it.
    for (std::string_view rest = platform->value; !rest.empty();) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      if (end > 0 && stage_name_.contains(rest.substr(0, end))) return;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    warn("FromPlatformFlagConstDisallowed",
         text("FROM --platform flag should not use constant value {}", quoted(platform->value)));
  }

  void check_workdir(std::string_view path) {
    const bool absolute = path.starts_with('/') || path.starts_with("\"/") || path.starts_with("'/");
    if (!stage_.has_workdir && !absolute && !path.contains('$')) {
      warn("WorkdirRelativePath",
           text("Relative workdir {} can have unexpected results if the base image changes", quoted(path)));
    }
    stage_.has_workdir = true;
    keep_facts();
  }

  void check_last(const Instruction& step) {
    const auto [before, is_first] = last_.try_emplace(step.kind, step.place);
    if (is_first) return;
    warn(
        "MultipleInstructionsDisallowed", std::exchange(before->second, step.place),
        text(
            "Multiple {} instructions should not be used in the same stage because only the last one will be "
            "used",
            name_of(step.kind)));
  }

  void check_pairs(const Statement& statement) {
    const Instruction& step = statement.instruction;
    const std::string_view name = name_of(step.kind);
    if (statement.old_pairs) {
      warn("LegacyKeyValueFormat",
           text("\"{} key=value\" should be used instead of legacy \"{} key value\" format", name, name));
    }
    if (step.kind == Kind::env) check_secrets(step);
  }

  void check_secrets(const Instruction& step) {
    for (const auto& [name, value] : step.pairs) {
      if (!sounds_secret(name)) continue;
      warn("SecretsUsedInArgOrEnv", text("Do not use ARG or ENV instructions for sensitive data ({} {})",
                                         name_of(step.kind), quoted(name)));
    }
  }

  void check_description(const Statement& statement) {
    if (statement.comments.empty()) return;
    const Instruction& step = statement.instruction;
    std::string_view comment = statement.comments.back();
    const std::string_view first = take_word(comment);
    const bool is_arg = step.kind == Kind::arg;
    const auto is_named = [first](const auto& pair) { return pair.first == first; };
    if (is_arg ? std::ranges::any_of(step.pairs, is_named) : first == step.stage_name) return;
    std::string_view name = step.stage_name;
    if (is_arg) name = step.pairs.size() == 1 ? std::string_view(step.pairs[0].first) : "<arg_key>";
    warn("InvalidDefinitionDescription",
         text("Comment for {} should follow the format: `# {} <description>`", name_of(step.kind), name));
  }

  void check_ports(const Instruction& step) {
    for (const std::string& port : step.words) {
      if (port.contains('$')) continue;
      if (port.contains(':')) {
        warn("ExposeInvalidFormat",
             text("EXPOSE instruction should not define an IP address or host-port mapping, found '{}'",
                  port));
      }
      const std::size_t slash = std::min(port.find('/'), port.size());
      if (!is_lower(std::string_view(port).substr(slash)))
        warn("ExposeProtoCasing",
             text("Defined protocol '{}' in EXPOSE instruction should be lowercase", port));
    }
  }

  // Arguments in front of the first stage do not count.
  void check_casing(const std::vector<Statement>& statements) {
    const auto first = std::ranges::find(
        statements, Kind::from, [](const Statement& statement) { return statement.instruction.kind; });
    const std::span<const Statement> counted(first, statements.end());
    const auto count = [&](auto is) {
      return std::ranges::count_if(counted, is, [](const Statement& statement) { return statement.keyword; });
    };
    const bool small = count(is_lower) > count(is_upper);
    for (const Statement& statement : counted) {
      if (small ? is_lower(statement.keyword) : is_upper(statement.keyword)) continue;
      warn("ConsistentInstructionCasing", statement.instruction.place,
           text("Command '{}' should match the case of the command majority ({})", statement.keyword,
                small ? "lowercase" : "uppercase"));
    }
  }

  const Directives& directives_;
  std::vector<Warning> warnings_;
  std::map<std::string, StageFacts> facts_;  // by stage
  std::string stage_name_;
  StageFacts stage_;
  std::map<Kind, Place> last_;  // of the stage
  Place at_;
};

}  // namespace

std::vector<Warning> lint(const std::vector<Statement>& statements, const Directives& directives) {
  return Linter(directives).run(statements);
}

}  // namespace podo::dockerfile
