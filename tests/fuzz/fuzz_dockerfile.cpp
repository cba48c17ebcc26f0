// A Dockerfile and a .dockerignore of somebody else: all that a build does with their text. Places lie in the
// file, triggers are understood again, and what a walk leaves out is ignored.
//
//   input := Dockerfile [ "\0" .dockerignore ]
#include <algorithm>

#include "base/core/ensure.h"
#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/expand.h"
#include "model/dockerfile/ignore.h"

namespace podo::dockerfile {
namespace {

std::optional<std::string> value_of(std::string_view name) {
  if (name.empty() || name.size() % 4 == 0) return std::nullopt;
  if (name.size() % 4 == 1) return "";
  return "/a b/" + std::string(name) + "*.?x";
}

void check_word(std::string_view word, char escape) {
  for (const Quotes quotes : {Quotes::removed, Quotes::kept, Quotes::plain}) {
    const auto expanded = expand(word, value_of, escape, quotes);
    if (expanded) ENSURE(expanded->size() <= 2 * expanded_bytes_max);
    else ENSURE(!expanded.error().message().empty());
  }
  const auto words = expand_words(word, value_of, escape);
  if (words) ENSURE(std::ranges::none_of(*words, &std::string::empty));
  if (const auto ports = exposed_ports(word)) ENSURE(!ports->empty());
}

void check_place(const Dockerfile& file, const Place& place) {
  ENSURE(place.line >= 1 && place.column >= 1 && place.last_line >= place.line);
  ENSURE(static_cast<std::size_t>(place.last_line) <= file.lines.size());
  const std::string& line = file.lines[static_cast<std::size_t>(place.line) - 1];
  ENSURE(static_cast<std::size_t>(place.column) <= line.size());
  ENSURE(at(file, place, "x").message().starts_with(file.name));
}

void check(const Dockerfile& file, const Instruction& step) {
  const char escape = file.directives.escape;
  check_place(file, step.place);
  for (const std::string& word : step.words) check_word(word, escape);
  for (const auto& [name, value] : step.pairs) {
    check_word(name, escape);
    if (value) check_word(*value, escape);
  }
  for (const Flag& flag : step.flags) {
    check_place(file, flag.place);
    if (flag.name != "mount") continue;
    const auto expanded = [escape](std::string_view value) { return expand(value, value_of, escape); };
    if (const auto mount = parse_run_mount(flag.value, expanded)) ENSURE(mount->target != "/");
  }
  if (step.kind == Kind::health_check) ENSURE(health_flags(step).has_value());
  const Script script = script_of(step);
  ENSURE(!script.is_program || script.text.starts_with("#!"));
  for (const Instruction& trigger : step.triggered) {
    check(file, trigger);
    const auto again = parse_instruction(trigger_text(step), escape);
    // "<<-" takes tabs away, and without them a line may be the name that ends it.
    if (trigger.heredocs.empty() && !again)
      ENSURE(trigger.text.ends_with(escape) || trigger.text.contains('\r'));
    if (again) ENSURE(again->kind == trigger.kind);
  }
}

void check_rules(std::string_view text, const Dockerfile* file) {
  const auto rules = IgnoreRules::parse(text);
  if (!rules) return;
  constexpr std::string_view paths[] = {"a", "a/b", "a/b/c.go", "docs/README.md", "\xED\x95\x9C/x", "*"};
  const auto look_at = [&](std::string_view path) {
    if (rules->ignores_all_below(path)) ENSURE(rules->ignores(std::string(path) + "/below/it"));
    if (rules->ignores_all_below(path)) ENSURE(rules->ignores(std::string(path) + "/a.go"));
  };
  for (const std::string_view path : paths) look_at(path);
  if (file == nullptr) return;
  for (const std::string& line : file->lines) look_at(line);
}

}  // namespace
}  // namespace podo::dockerfile

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::dockerfile;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const auto file = parse(input.substr(0, end), "D");
  check_rules(input.substr(std::min(end + 1, size)), file ? &*file : nullptr);
  if (!file) {
    ENSURE(!file.error().message().empty());
    return 0;
  }
  ENSURE(!file->stages.empty());
  for (const Instruction& step : file->globals) check(*file, step);
  for (const Stage& stage : file->stages) {
    check(*file, stage.from);
    for (const Instruction& step : stage.steps) check(*file, step);
    if (!stage.name.empty()) ENSURE(find_stage(*file, stage.name, file->stages.size()).has_value());
  }
  for (const Warning& warning : file->warnings) {
    ENSURE(warning.place.line >= 1 && static_cast<std::size_t>(warning.place.line) <= file->lines.size());
  }
  return 0;
}
