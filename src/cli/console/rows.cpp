#include "cli/console/rows.h"

#include <algorithm>
#include <map>

#include "base/format/json_writer.h"
#include "cli/console/template.h"
#include "cli/console/units.h"
#include "container/oci_cli/columns.h"

namespace podo::cli {
namespace {

// As people type them into a shell: "\t" is a tab.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == 'n');
    out += escape ? (text[++i] == 't' ? '\t' : '\n') : text[i];
  }
  return out;
}

}  // namespace

namespace {

// Go writes these so, and scripts have seen nothing else.
std::string escaped_as_go(std::string_view json) {
  std::string out;
  for (char c : json) {
    if (c == '<' || c == '>' || c == '&') out += podo::text("\\u00{:x}", static_cast<unsigned>(c));
    else out += c;
  }
  return out;
}

}  // namespace

std::string Rows::to_json(const std::vector<std::string>& cells) const {
  std::map<std::string_view, std::string_view> sorted;
  for (std::size_t i = 0; i < columns_.size(); ++i) sorted[columns_[i].field] = cells[i];
  json::Writer out;
  out.object();
  for (const auto& [field, value] : sorted) out.key(field).string(value);
  out.end();
  return out.take();
}

Result<std::string> Rows::text(std::string format) const {
  if (format.empty() || format == "table") format = table_;
  std::string out;
  if (format == "json") {
    for (const auto& cells : rows_) out += escaped_as_go(to_json(cells)) + "\n";
    return out;
  }
  bool table = format.starts_with("table ");
  Template parsed = TRY(Template::parse(unescaped(table ? format.substr(6) : format)));
  oci_cli::Columns columns(3, 10);
  auto add = [&](const std::vector<std::string>& cells) -> Result<> {
    json::Document document = TRY(json::parse(to_json(cells)));
    std::string line = TRY(parsed.run(document.root()));
    if (table) columns.row(split(line, '\t'));
    else out += line + "\n";
    return {};
  };
  if (table) {
    std::vector<std::string> headings;
    for (const Column& column : columns_) headings.emplace_back(column.heading);
    TRY(add(headings));
  }
  for (const auto& cells : rows_) TRY(add(cells));
  return table ? columns.take() : out;
}

}  // namespace podo::cli
