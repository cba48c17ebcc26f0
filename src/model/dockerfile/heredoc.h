// Heredocs in a line; part of the parser.
//
//   heredoc := [ digits ] "<<" [ "-" ] blanks NAME        a word of its own; NAME may be quoted
//
// "<< NAME" with blanks is one only if a line of that name follows: "$((1 << 2))" is arithmetic.
#pragma once

#include <string_view>
#include <vector>

#include "model/dockerfile/source.h"

namespace podo::dockerfile {

struct HeredocMark {
  std::size_t offset, size;  // of the words in the line
  Heredoc heredoc;
  bool strips_tabs = false;
};
std::vector<HeredocMark> find_heredocs(std::string_view text, char escape, Source& source);

}  // namespace podo::dockerfile
