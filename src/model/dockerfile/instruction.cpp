#include "model/dockerfile/instruction.h"

#include <algorithm>

#include "model/dockerfile/keywords.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

Failure needs_at_least_one(Kind kind) { return invalid("{} requires at least one argument", name_of(kind)); }

bool is_stage_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

Result<Flag> read_flag(Kind kind, std::string_view written, Place place) {
  const std::size_t equals = std::min(written.find('='), written.size());
  const bool has_value = equals < written.size();
  Flag flag{std::string(written.substr(2, equals - 2)), std::string(written.substr(equals + has_value)),
            place};
  const FlagRule* rule = find_flag_rule(kind, flag.name);
  if (rule == nullptr)
    return invalid("unknown flag: --{}{}", flag.name, suggestion(flag.name, flags_of(kind)));
  const bool yes_no = rule->value == FlagRule::Value::yes_no;
  if (yes_no ? has_value && flag.value.empty() : !has_value)
    return invalid("missing a value on flag: {}", flag.name);
  if (yes_no) {
    const std::string value = has_value ? lower(flag.value) : "true";
    if (value != "true" && value != "false")
      return invalid("expecting boolean value for flag {}, not: {}", flag.name, flag.value);
    flag.value = value;
  }
  return flag;
}

// What can be said of a flag's value before its variables are known.
Result<> check_value(Kind kind, const Flag& flag) {
  constexpr std::string_view networks[] = {"default", "none", "host"}, securities[] = {"sandbox", "insecure"};
  const bool variable = flag.value.contains('$');
  const auto is_one_of = [&](std::span<const std::string_view> values) {
    return variable || std::ranges::contains(values, std::string_view(flag.value));
  };
  if (flag.name == "device") return unsupported("RUN --device: builds are given no devices");
  if (flag.name == "network" && !is_one_of(networks))
    return invalid("invalid network mode {}{}", quoted(flag.value), suggestion(flag.value, networks));
  if (flag.name == "security" && !is_one_of(securities))
    return invalid("security {} is not valid{}", quoted(flag.value), suggestion(flag.value, securities));
  if (flag.name == "from" && kind == Kind::copy && variable) {
    return invalid(
        "variable expansion is not supported for --from, define a new stage with FROM using ARG from global "
        "scope as a workaround");
  }
  if (flag.name == "mount") {
    // A value that is not known yet cannot be wrong; but where a mount comes from must be known.
    const auto mount = parse_run_mount(flag.value);
    if (!mount && (!variable || mount.error().message().starts_with("'from'"))) return Failure(mount.error());
  }
  return {};
}

}  // namespace

const Flag* Instruction::flag(std::string_view name) const {
  const auto found = std::ranges::find_last(flags, name, &Flag::name);
  return found.empty() ? nullptr : &found.front();
}

Result<std::optional<Statement>> StatementReader::next() {
  auto line = source_.next(escape_);
  if (!line) return std::nullopt;
  line_ = *std::move(line);
  problem_ = line_.place(0);
  Statement statement = TRY(read(trimmed(line_.text)));
  statement.comments = std::move(line_.comments);
  statement.empty_continuation = line_.empty_continuation;
  return statement;
}

Result<Statement> StatementReader::read(std::string_view text) {
  Statement statement;
  Instruction& step = statement.instruction;
  step.place = problem_ = place_of(text.data());
  step.text = text;
  std::string_view rest = text;
  statement.keyword = take_word(rest);
  const std::string keyword = upper(statement.keyword);
  const auto kind = kind_of(keyword);
  if (!kind) return invalid("unknown instruction: {}{}", keyword, suggestion(keyword, keywords()));
  step.kind = *kind;
  TRY(read_flags(step, rest));
  TRY(read_rest(statement, rest));
  step.place.last_line = source_.line();
  return statement;
}

Result<> StatementReader::read_flags(Instruction& step, std::string_view& rest) {
  for (const FlagWord& word : take_flags(rest)) {
    problem_ = place_of(word.at);
    Flag flag = TRY(read_flag(step.kind, word.text, problem_));
    const FlagRule* rule = find_flag_rule(step.kind, flag.name);
    if (rule->value != FlagRule::Value::texts && step.flag(flag.name) != nullptr)
      return invalid("duplicate flag specified: --{}", flag.name);
    TRY(check_value(step.kind, flag));
    step.flags.push_back(std::move(flag));
  }
  problem_ = step.place;
  return {};
}

Result<> StatementReader::read_rest(Statement& statement, std::string_view rest) {
  Instruction& step = statement.instruction;
  switch (step.kind) {
    case Kind::from: return read_from(statement, rest);
    case Kind::run:
    case Kind::cmd:
    case Kind::entrypoint:
    case Kind::shell: return read_command(step, rest);
    case Kind::add:
    case Kind::copy: return read_copy(step, rest);
    case Kind::env:
    case Kind::label: return read_pairs(statement, rest);
    case Kind::arg: return read_arguments(step, rest);
    case Kind::health_check: return read_health_check(step, rest);
    case Kind::on_build: return read_trigger(step, rest);
    case Kind::volume:
      if (auto array = TRY(json_strings(rest))) step.words = *std::move(array), step.exec_form = true;
      else step.words = split(rest);
      if (step.words.empty()) return needs_at_least_one(step.kind);
      for (const std::string& path : step.words) {
        if (trimmed(path).empty()) return invalid("VOLUME specified can not be an empty string");
      }
      return {};
    case Kind::expose:
      step.words = split(rest);
      if (step.words.empty()) return needs_at_least_one(step.kind);
      return {};
    case Kind::maintainer:
    case Kind::user:
    case Kind::workdir:
    case Kind::stop_signal:
      if (rest.empty()) return invalid("{} requires exactly one argument", name_of(step.kind));
      step.words.emplace_back(rest);
      return {};
  }
  return {};
}

Result<> StatementReader::read_from(Statement& statement, std::string_view rest) {
  const std::vector<std::string> words = split(rest);
  const bool named = words.size() == 3 && lower(words[1]) == "as";
  if (words.size() != 1 && !named) return invalid("FROM requires either one or three arguments");
  statement.instruction.words = {words[0]};
  if (!named) return {};
  statement.as = words[1];
  statement.stage = words[2];
  statement.instruction.stage_name = lower(words[2]);
  if (is_stage_name(statement.instruction.stage_name)) return {};
  problem_ = place_of(rest.data() + rest.rfind(words[2]));
  return invalid("invalid name for build stage: {}, name can't start with a number or contain symbols",
                 quoted(words[2]));
}

Result<> StatementReader::read_heredocs(Instruction& step, const std::vector<HeredocMark>& marks) {
  for (const HeredocMark& mark : marks) {
    step.heredocs.push_back(mark.heredoc);
    step.heredocs.back().content = TRY(source_.heredoc(mark.heredoc.name, mark.strips_tabs));
  }
  return {};
}

Result<> StatementReader::read_command(Instruction& step, std::string_view rest) {
  if (auto array = TRY(json_strings(rest))) {
    step.exec_form = true;
    step.words = *std::move(array);
  } else if (!rest.empty()) {
    step.words.emplace_back(rest);
    if (step.kind == Kind::run) {
      std::vector<HeredocMark> marks = find_heredocs(rest, escape_, source_);
      for (HeredocMark& mark : marks) mark.heredoc.alone = mark.size == rest.size();
      TRY(read_heredocs(step, marks));
    }
  }
  const bool needed = step.kind == Kind::run || step.kind == Kind::shell;
  if (needed && step.words.empty()) return needs_at_least_one(step.kind);
  if (step.kind == Kind::shell && !step.exec_form)
    return invalid("SHELL requires the arguments to be in JSON form");
  return {};
}

Result<> StatementReader::read_copy(Instruction& step, std::string_view rest) {
  if (auto array = TRY(json_strings(rest))) {
    step.exec_form = true;
    step.words = *std::move(array);
  } else {
    const std::vector<HeredocMark> marks = find_heredocs(rest, escape_, source_);
    std::size_t done = 0;
    for (const HeredocMark& mark : marks) {
      step.words.append_range(split(rest.substr(done, mark.offset - done)));
      step.words.push_back("<<" + mark.heredoc.name);
      done = mark.offset + mark.size;
    }
    step.words.append_range(split(rest.substr(done)));
    if (!marks.empty() && done == rest.size() && step.words.size() > 1)
      return invalid("{} cannot accept a heredoc as a destination", name_of(step.kind));
    TRY(read_heredocs(step, marks));
  }
  if (step.words.size() >= 2) return {};
  return invalid(
      "{} requires at least two arguments, but only one was provided. Destination could not be determined.",
      name_of(step.kind));
}

Result<> StatementReader::read_pairs(Statement& statement, std::string_view rest) {
  Instruction& step = statement.instruction;
  const std::vector<std::string> words = split_outside_quotes(rest, escape_);
  if (words.empty()) return needs_at_least_one(step.kind);
  if (!words[0].contains('=')) {
    const std::string name(take_word(rest));
    if (rest.empty()) return invalid("{} must have two arguments", name_of(step.kind));
    statement.old_pairs = true;
    step.pairs.emplace_back(name, rest);
    return {};
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos)
      return invalid("Syntax error - can't find = in {}. Must be of the form: name=value", quoted(word));
    if (equals == 0) return invalid("{} names can not be blank", name_of(step.kind));
    step.pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return {};
}

Result<> StatementReader::read_arguments(Instruction& step, std::string_view rest) {
  for (const std::string& word : split_outside_quotes(rest, escape_)) {
    const std::size_t equals = word.find('=');
    if (equals == 0) return invalid("ARG names can not be blank");
    if (equals == word.npos) step.pairs.emplace_back(word, std::nullopt);
    else step.pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  if (step.pairs.empty()) return needs_at_least_one(step.kind);
  return {};
}

Result<> StatementReader::read_health_check(Instruction& step, std::string_view rest) {
  if (rest.empty()) return needs_at_least_one(step.kind);
  TRY(health_flags(step));
  const std::string type = upper(take_word(rest));
  if (type == "NONE") {
    if (!rest.empty()) return invalid("HEALTHCHECK NONE takes no arguments");
    step.words = {type};
    return {};
  }
  if (type != "CMD") return invalid("Unknown type {} in HEALTHCHECK (try CMD)", quoted(type));
  TRY(read_command(step, rest));
  if (step.words.empty()) return invalid("Missing command after HEALTHCHECK CMD");
  return {};
}

Result<> StatementReader::read_trigger(Instruction& step, std::string_view rest) {
  if (rest.empty()) return needs_at_least_one(step.kind);
  std::string_view words = rest;
  const std::string keyword = upper(take_word(words));
  if (keyword == "ONBUILD") return invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword == "FROM" || keyword == "MAINTAINER")
    return invalid("{} isn't allowed as an ONBUILD trigger", keyword);
  step.triggered.push_back(TRY(read(rest)).instruction);
  return {};
}

}  // namespace podo::dockerfile
