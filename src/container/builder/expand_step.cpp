#include "container/builder/expand_step.h"

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;

// Whether the words, and whether the flags, are expanded.
struct Parts {
  bool words = false, flags = false;
};

Parts parts_of(Kind kind) {
  switch (kind) {
    case Kind::add:
    case Kind::copy: return {.words = true, .flags = true};
    case Kind::expose:
    case Kind::stop_signal:
    case Kind::user:
    case Kind::volume:
    case Kind::workdir: return {.words = true};
    case Kind::from:
    case Kind::run:
    case Kind::cmd:
    case Kind::label:
    case Kind::maintainer:
    case Kind::env:
    case Kind::entrypoint:
    case Kind::arg:
    case Kind::on_build:
    case Kind::health_check:
    case Kind::shell: return {};
  }
  return {};
}

// In the words of Docker's builders.
Result<std::string> expand(const std::string& word, const dockerfile::Lookup& lookup, char escape) {
  auto expanded = dockerfile::expand(word, lookup, escape);
  if (expanded) return expanded;
  return invalid("failed to process \"{}\": {}", word, expanded.error().message());
}

bool has_pairs(Kind kind) { return kind == Kind::env || kind == Kind::label; }

Result<> expand_words(Instruction& step, const dockerfile::Lookup& lookup, char escape) {
  std::vector<std::string> words;
  for (std::string& word : step.words) {
    if (!step.heredocs.empty() && word.starts_with("<<")) words.push_back(std::move(word));
    else if (step.kind == Kind::expose)
      for (auto& part : TRY(dockerfile::expand_words(word, lookup, escape))) words.push_back(std::move(part));
    else words.push_back(TRY(expand(word, lookup, escape)));
  }
  step.words = std::move(words);
  for (dockerfile::Heredoc& heredoc : step.heredocs)
    if (heredoc.expand)
      heredoc.content = TRY(dockerfile::expand(heredoc.content, lookup, escape, dockerfile::Quotes::plain));
  return {};
}

}  // namespace

Result<Instruction> expand_step(Instruction step, const dockerfile::Lookup& lookup, char escape) {
  const Parts parts = parts_of(step.kind);
  if (parts.words) TRY(expand_words(step, lookup, escape));
  if (parts.flags) {
    for (dockerfile::Flag& flag : step.flags) {
      if (flag.name != "from") flag.value = TRY(expand(flag.value, lookup, escape));
    }
  }
  if (has_pairs(step.kind)) {
    for (auto& [name, value] : step.pairs) {
      name = TRY(expand(name, lookup, escape));
      if (value) value = TRY(expand(*value, lookup, escape));
    }
  }
  return step;
}

}  // namespace podo::builder
