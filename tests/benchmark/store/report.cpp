#include "report.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>

#include "base/format/json_writer.h"
#include "measure.h"

namespace podo::bench {

namespace {

// Columns of the table, in this order; what a section has no values of it leaves out.
constexpr std::string_view columns[] = {"disk", "podo", "lmdb", "lmdb-map", "sqlite"};
// Podo is held against the better LMDB of a row.
constexpr std::string_view lmdbs[] = {"lmdb", "lmdb-map"};
constexpr std::string_view sqlites[] = {"sqlite"};

}  // namespace

void Report::add(const Metric& metric, std::string_view engine, double value) {
  auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) {
    return each.metric.section == metric.section && each.metric.name == metric.name;
  });
  if (row == rows_.end()) row = rows_.insert(rows_.end(), {.metric = metric, .cells = {}});
  auto cell = std::find_if(row->cells.begin(), row->cells.end(),
                           [&](const Cell& each) { return each.engine == engine; });
  if (cell == row->cells.end())
    cell = row->cells.insert(row->cells.end(), {.engine = std::string(engine), .values = {}});
  cell->values.push_back(value);
}

const Report::Cell* Report::find(const Row& row, std::string_view engine) {
  for (const Cell& cell : row.cells)
    if (cell.engine == engine) return &cell;
  return nullptr;
}

double Report::median_of(std::string_view section, std::string_view name, std::string_view engine) const {
  for (const Row& row : rows_)
    if (row.metric.section == section && row.metric.name == name)
      if (const Cell* cell = find(row, engine)) return median(cell->values);
  return 0;
}

void Report::print() const {
  std::string_view section;
  for (const Row& row : rows_) {
    if (row.metric.section != section) print_head(section = row.metric.section);
    print(row);
  }
  std::fflush(stdout);
}

void Report::print_head(std::string_view section) const {
  std::printf("\n%-56.*s", static_cast<int>(section.size()), section.data());
  unsigned engines = 0;
  for (std::string_view column : columns)
    for (const Row& row : rows_)
      if (row.metric.section == section && find(row, column) != nullptr) {
        std::printf("%11s", column.data());
        ++engines;
        break;
      }
  std::printf("%s\n", engines > 1 ? "      /lmdb    /sqlite" : "");
}

void Report::print(const Row& row) {
  std::printf("  %-54s", row.metric.name.c_str());
  for (std::string_view column : columns)
    if (const Cell* cell = find(row, column))
      std::printf("%11.*f", row.metric.decimals, median(cell->values));
  const Cell* podo = find(row, "podo");
  const auto print_ratio = [&](std::span<const std::string_view> peers) {
    std::optional<double> best;
    for (std::string_view peer : peers)
      if (const Cell* cell = find(row, peer)) {
        const double value = median(cell->values);
        if (!best) best = value;
        best = row.metric.better == Better::higher ? std::max(*best, value) : std::min(*best, value);
      }
    if (podo != nullptr && best && *best > 0) std::printf("%10.2fx", median(podo->values) / *best);
  };
  print_ratio(lmdbs);
  print_ratio(sqlites);
  std::printf("\n");
}

Result<void> Report::write_json(const std::string& path, std::string_view machine) const {
  json::Writer out(json::Layout::indented);
  out.object().key("machine").string(machine).key("rows").array();
  for (const Row& row : rows_) {
    out.object().key("section").string(row.metric.section).key("name").string(row.metric.name);
    out.key("better").string(row.metric.better == Better::higher ? "higher" : "lower").key("values").object();
    for (const Cell& cell : row.cells) {
      out.key(cell.engine).array();
      for (double value : cell.values) out.number(value);
      out.end();
    }
    out.end().end();
  }
  const std::string bytes = out.end().end().take() + "\n";
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return failed_errno(errno, "open {}", path);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if (std::fclose(file) != 0 || !written) return failed_errno(errno, "write {}", path);
  return {};
}

}  // namespace podo::bench
