#include "container/oci_cli/ps_table.h"

#include <algorithm>

#include "container/oci_cli/quantities.h"

namespace podo::oci_cli {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t start = 0; (start = line.find_first_not_of(" \t", start)) != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.push_back(line.substr(start, end - start));
    start = end;
  }
  return words;
}

}  // namespace

Result<std::string> pick_processes(std::string_view table, const std::vector<pid_t>& pids) {
  std::string picked;
  std::size_t column = 0;
  for (bool header = true; !table.empty(); header = false) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    const auto words = words_of(line);
    bool wanted = header;
    if (header) {
      column = static_cast<std::size_t>(std::ranges::find(words, "PID") - words.begin());
      if (column == words.size()) return invalid("ps printed no PID column");
    } else if (column < words.size()) {
      const auto pid = parse_integer(words[column]);
      wanted = pid && std::ranges::find(pids, *pid) != pids.end();
    }
    if (wanted) picked.append(line).append("\n");
  }
  return picked;
}

}  // namespace podo::oci_cli
