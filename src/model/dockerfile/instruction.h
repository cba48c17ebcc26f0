// One instruction of a Dockerfile; part of the parser.
#pragma once

#include <string>
#include <vector>

#include "model/dockerfile/heredoc.h"
#include "model/dockerfile/source.h"

namespace podo::dockerfile {

// An instruction, and how it was written: what checks look at.
struct Statement {
  Instruction instruction;
  std::string keyword, as;  // "from", "As"
  std::string stage;        // behind AS, as it was written
  bool old_pairs = false;   // ENV and LABEL: "name value"
  bool empty_continuation = false;
  std::vector<std::string> comments;
};

// Reads statements off a source. After a failure problem() is where.
class StatementReader {
 public:
  StatementReader(Source& source, char escape) : source_(source), escape_(escape) {}
  Result<std::optional<Statement>> next();  // absent: the end
  Place problem() const { return problem_; }

 private:
  Result<Statement> read(std::string_view text);
  Result<> read_flags(Instruction& step, std::string_view& rest);
  Result<> read_rest(Statement& statement, std::string_view rest);
  Result<> read_heredocs(Instruction& step, const std::vector<HeredocMark>& marks);
  Result<> read_from(Statement& statement, std::string_view rest);
  Result<> read_command(Instruction& step, std::string_view rest);
  Result<> read_copy(Instruction& step, std::string_view rest);
  Result<> read_pairs(Statement& statement, std::string_view rest);
  Result<> read_arguments(Instruction& step, std::string_view rest);
  Result<> read_health_check(Instruction& step, std::string_view rest);
  Result<> read_trigger(Instruction& step, std::string_view rest);
  Place place_of(const char* at) const {
    return line_.place(static_cast<std::size_t>(at - line_.text.data()));
  }

  Source& source_;
  char escape_;
  LogicalLine line_;
  Place problem_;
};

}  // namespace podo::dockerfile
