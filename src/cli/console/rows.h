// Lists as tables, templates or JSON: what --format, --quiet and --json choose between.
//
//   Rows rows({{"ID", "CONTAINER ID"}, {"Image", "IMAGE"}, ...}, "table {{.ID}}\t{{.Image}}");
//   rows.add({id, image, ...});                    // in the order of the columns
//   rows.print(flags.text("format"))
//
// format := "" | "table" | "table " template | "json" | template          tabs stand between columns
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::cli {

struct Column {
  std::string_view field, heading;
};

class Rows {
 public:
  Rows(std::vector<Column> columns, std::string table)
      : columns_(std::move(columns)), table_(std::move(table)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::size_t size() const { return rows_.size(); }
  Result<std::string> text(std::string format) const;

 private:
  std::string to_json(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::string table_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace podo::cli
