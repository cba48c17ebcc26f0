// Report: what was measured, many values a cell, printed as medians with Podo's ratio to each peer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::bench {

enum class Better : std::uint8_t { higher, lower };

struct Metric {
  std::string section;
  std::string name;  // with its unit
  Better better = Better::lower;
  int decimals = 0;
};

class Report {
 public:
  void add(const Metric& metric, std::string_view engine, double value);
  double median_of(std::string_view section, std::string_view name, std::string_view engine) const;  // or 0
  void print() const;  // to standard output
  Result<void> write_json(const std::string& path, std::string_view machine) const;

 private:
  struct Cell {
    std::string engine;
    std::vector<double> values;
  };
  struct Row {
    Metric metric;
    std::vector<Cell> cells;
  };
  static const Cell* find(const Row& row, std::string_view engine);
  void print_head(std::string_view section) const;
  static void print(const Row& row);
  std::vector<Row> rows_;
};

}  // namespace podo::bench
