// A Dockerfile as values: what it says, where it says it, and what is wrong with it. No I/O, no clock.
//
//   Dockerfile file = TRY(parse(text, "Dockerfile"));
//   for (const Stage& stage : file.stages) ... for (const Instruction& step : stage.steps) ...
//
// The language is that of docker/dockerfile:1 (the reference at docs.docker.com/reference/dockerfile):
//
//   file        := directive* ( comment | empty | instruction )*
//   directive   := "#" ws* ( "syntax" | "escape" | "check" ) ws* "=" ws* value newline    at the top only
//   instruction := KEYWORD flag* rest newline heredoc*       a line that ends with the escape goes on
//   flag        := "--" NAME [ "=" VALUE ]
//   heredoc     := "<<" [ "-" ] [ quote ] NAME [ quote ] ... lines ... NAME
//
// Words are kept as they were written: variables are expanded by whoever knows their values (expand.h).
// Errors name the file, line and column, show the line, and hint at what may have been meant.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/error.h"
#include "model/dockerfile/flags.h"  // IWYU pragma: export

namespace podo::dockerfile {

enum class Kind : std::uint8_t {
  from,
  run,
  cmd,
  label,
  maintainer,
  expose,
  env,
  add,
  copy,
  entrypoint,
  volume,
  user,
  workdir,
  arg,
  on_build,
  stop_signal,
  health_check,
  shell,
};
std::string_view name_of(Kind kind);  // "FROM"

// Of the first character of the instruction, and of the last line of it; both count from 1.
struct Place {
  int line = 0, column = 1, last_line = 0;
};

struct Flag {
  std::string name, value;  // "--mount=type=cache,target=/x": "mount", "type=cache,target=/x"
  Place place;
};

struct Heredoc {
  std::string name, content;  // tabs already taken away for "<<-"
  bool expand = true;         // false: NAME was quoted
  int descriptor = 0;         // "3<<NAME"
  bool alone = false;         // the command is nothing but this
};

// One instruction. What belongs to a kind of its own is said beside the member; everything else is empty.
struct Instruction {
  Kind kind = Kind::run;
  Place place;
  std::string text;  // on one line, as histories and progress show it: "RUN apt-get update && ..."
  std::vector<Flag> flags;
  // The words behind the flags. Exec form: the strings of the JSON array. Shell form (RUN, CMD, ENTRYPOINT):
  // one word, the whole rest. COPY, ADD: the sources, then the destination. USER, WORKDIR, STOPSIGNAL: one.
  // FROM: the image. HEALTHCHECK: "NONE", or the command. A heredoc among the sources of COPY and ADD stands
  // as "<<NAME"; in a command it stands as it was written.
  std::vector<std::string> words;
  bool exec_form = false;
  // ENV, LABEL: name and value. ARG: name and default, absent when there is none.
  std::vector<std::pair<std::string, std::optional<std::string>>> pairs = {};
  std::vector<Heredoc> heredocs = {};
  std::string stage_name = {};                    // FROM ... AS
  std::vector<Instruction> triggered = {};        // ONBUILD: the one instruction
  const Flag* flag(std::string_view name) const;  // the last of that name, or null
};

struct Stage {
  std::string name;  // of AS, lower case; "" without
  Instruction from;
  std::vector<Instruction> steps;
};

struct Directives {
  std::string syntax;
  char escape = '\\';
  std::vector<std::string> skipped_checks;       // "all", or rules; of "check=skip=A,B"
  std::vector<std::string> experimental_checks;  // of "check=experimental=A"
  bool checks_fail = false;                      // "check=error=true": any warning is an error
  bool checks(std::string_view rule) const;      // false: skipped
};

// What a build goes on with, but somebody should know: docs.docker.com/reference/build-checks.
struct Warning {
  std::string rule, message;  // "StageNameCasing"
  Place place;
};
std::string url_of(std::string_view rule);

struct Dockerfile {
  std::string name;  // as errors call it
  Directives directives;
  std::vector<Instruction> globals;  // ARG before the first FROM
  std::vector<Stage> stages;         // at least one
  std::vector<Warning> warnings;     // that need no values of variables
  std::vector<std::string> lines;    // of the source, for whoever tells of an error
};

inline constexpr std::size_t file_bytes_max = 4u << 20;

// `check` stands in the directive's place when it is not empty (build argument BUILDKIT_DOCKERFILE_CHECK).
Result<Dockerfile> parse(std::string_view text, std::string name, std::string_view check = {});
// One instruction alone, its heredocs behind it: of an image's OnBuild, or of `commit --change`.
Result<Instruction> parse_instruction(std::string_view text, char escape = '\\');

// What an image's OnBuild keeps of an ONBUILD; parse_instruction reads it again.
std::string trigger_text(const Instruction& on_build);

// The index of the stage that a FROM, --from or --target means: by name, or by number; absent: it is none of
// this file (an image, or a context with that name). Only stages before `before` are looked at.
std::optional<std::size_t> find_stage(const Dockerfile& file, std::string_view reference, std::size_t before);

// What a command in shell form (RUN, mostly) gives to its shell: the line, its heredocs behind it. When the
// line is nothing but "<<NAME" it is what the heredoc says; a program of its own when that begins with "#!".
struct Script {
  std::string text;
  bool is_program = false;  // to be written to a file and executed, not given to the shell
};
Script script_of(const Instruction& command);

// `message` with where it happened, as people want to see it:
//
//   Dockerfile:3:5: unknown flag: mont (did you mean mount?)
//     3 | RUN --mont=type=cache make
//       |     ^~~~~~~~~~~~~~~~~~
//   a hint, when there is one
Error at(const Dockerfile& file, Place place, std::string_view message, std::string_view hint = {});

// The one of `candidates` that somebody who wrote `word` may have meant; "" when none is near, or when it is
// one of them. suggestion(): " (did you mean X?)", or "".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace podo::dockerfile
