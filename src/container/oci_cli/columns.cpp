#include "container/oci_cli/columns.h"

#include <algorithm>

namespace podo::oci_cli {
namespace {

// Of UTF-8: what is not the middle of a character begins one.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string Columns::take() {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), width_min_);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]) + gap_);
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - characters(row[i]), ' ');
    }
    out += '\n';
  }
  rows_.clear();
  return out;
}

}  // namespace podo::oci_cli
