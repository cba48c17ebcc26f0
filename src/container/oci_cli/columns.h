// Text in columns, each as wide as its widest cell and a gap.
#pragma once

#include <string>
#include <vector>

namespace podo::oci_cli {

class Columns {
 public:
  explicit Columns(std::size_t gap, std::size_t width_min = 0) : gap_(gap), width_min_(width_min) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string take();

 private:
  std::vector<std::vector<std::string>> rows_;
  std::size_t gap_, width_min_;
};

}  // namespace podo::oci_cli
