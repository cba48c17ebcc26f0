#include <algorithm>

#include "model/dockerfile/directives.h"
#include "model/dockerfile/instruction.h"
#include "model/dockerfile/lint.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

Failure refused(const Dockerfile& file, Place place, const Error& error) {
  const std::string message = text("dockerfile parse error on line {}: {}", place.line, error.message());
  return fail(error.kind(), at(file, place, message).message());
}

Result<std::vector<Statement>> read_all(const Dockerfile& file, Source& source) {
  std::vector<Statement> statements;
  StatementReader reader(source, file.directives.escape);
  for (;;) {
    auto statement = reader.next();
    if (!statement) return refused(file, reader.problem(), statement.error());
    if (!*statement) return statements;
    statements.push_back(**std::move(statement));
  }
}

Result<> into_stages(Dockerfile& file, std::vector<Statement> statements) {
  for (Statement& statement : statements) {
    Instruction& step = statement.instruction;
    if (step.kind == Kind::from) {
      file.stages.push_back({.name = step.stage_name, .from = std::move(step), .steps = {}});
    } else if (!file.stages.empty()) {
      file.stages.back().steps.push_back(std::move(step));
    } else if (step.kind == Kind::arg) {
      file.globals.push_back(std::move(step));
    } else {
      return refused(file, step.place, Error(ErrorKind::invalid, "no build stage in current context"));
    }
  }
  if (file.stages.empty()) return invalid("dockerfile contains no stages to build");
  return {};
}

}  // namespace

Result<Dockerfile> parse(std::string_view text, std::string name, std::string_view check) {
  if (text.empty()) return invalid("the Dockerfile ({}) cannot be empty", name);
  if (text.size() > file_bytes_max)
    return exhausted("the Dockerfile ({}) has {} bytes, more than {}", name, text.size(), file_bytes_max);
  Dockerfile file;
  file.name = std::move(name);
  Source source(text);
  for (const std::string_view line : source.lines()) file.lines.emplace_back(without_line_end(line));
  auto directives = read_directives(source, check);
  if (!directives) return refused(file, {.line = source.line() + 1}, directives.error());
  file.directives = *std::move(directives);
  std::vector<Statement> statements = TRY(read_all(file, source));
  if (statements.empty()) return invalid("file with no instructions");
  file.warnings = lint(statements, file.directives);
  TRY(into_stages(file, std::move(statements)));
  return file;
}

Result<Instruction> parse_instruction(std::string_view text, char escape) {
  if (text.size() > file_bytes_max) return exhausted("an instruction of {} bytes", text.size());
  Source source(text);
  StatementReader reader(source, escape);
  auto statement = TRY(reader.next());
  if (!statement) return invalid("file with no instructions");
  if (const auto more = source.next(escape))
    return invalid("one instruction is allowed, not also {}", quoted(more->text));
  return std::move(statement->instruction);
}

std::string trigger_text(const Instruction& on_build) {
  if (on_build.triggered.empty()) return {};
  const Instruction& trigger = on_build.triggered.front();
  std::string text = trigger.text;
  for (const Heredoc& heredoc : trigger.heredocs) text += "\n" + heredoc.content + heredoc.name;
  return text;
}

std::optional<std::size_t> find_stage(const Dockerfile& file, std::string_view reference,
                                      std::size_t before) {
  before = std::min(before, file.stages.size());
  const std::string name = lower(reference);
  for (std::size_t i = before; i > 0 && !name.empty(); --i) {
    if (file.stages[i - 1].name == name) return i - 1;
  }
  if (name.empty() || name.size() > 9) return std::nullopt;
  std::size_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  if (number >= before) return std::nullopt;
  return number;
}

Script script_of(const Instruction& command) {
  if (command.words.empty()) return {};
  const std::string& line = command.words.front();
  if (!command.heredocs.empty() && command.heredocs.front().alone) {
    const std::string& content = command.heredocs.front().content;
    return {content, content.starts_with("#!")};
  }
  std::string text = line;
  for (const Heredoc& heredoc : command.heredocs) text += "\n" + heredoc.content + heredoc.name;
  return {std::move(text), false};
}

}  // namespace podo::dockerfile
