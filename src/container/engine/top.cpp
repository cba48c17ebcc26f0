#include "container/engine/top.h"

#include <algorithm>
#include <charconv>

#include "base/io/process.h"
#include "container/engine/process_table.h"

namespace podo::engine {
namespace {

constexpr std::size_t ps_bytes_max = 64u << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// The last column has blanks of its own.
std::vector<std::string> row_of(const std::vector<std::string_view>& words, std::size_t columns) {
  std::vector<std::string> row;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i < columns) row.emplace_back(words[i]);
    else row.back() += " " + std::string(words[i]);
  }
  return row;
}

bool is_one_of(std::string_view word, std::span<const pid_t> pids) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
  return error == std::errc{} && end == word.data() + word.size() &&
         std::ranges::find(pids, pid) != pids.end();
}

// ps's own -q: "ps -q 1,2,3 ARGUMENTS" asks for these only, where it knows that.
std::string pid_list(std::span<const pid_t> pids) {
  std::string list;
  for (const pid_t pid : pids) list += (list.empty() ? "-q" : ",") + text("{}", pid);
  return list;
}

Task<std::string> run_ps(io::EpollLoop& loop, const std::vector<std::string>& arguments,
                         const std::vector<pid_t>& pids) {
  io::Command command;
  command.arguments = {"ps", pid_list(pids)};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  io::Captured ps = co_await io::capture(loop, command, "", ps_bytes_max);
  if (ps.status.ok()) co_return std::move(ps.output);
  command.arguments.erase(command.arguments.begin() + 1);
  ps = co_await io::capture(loop, std::move(command), "", ps_bytes_max);
  if (ps.status.ok()) co_return std::move(ps.output);
  while (ps.errors.ends_with('\n')) ps.errors.pop_back();
  co_return internal("ps: {}", ps.errors.empty() ? ps.status.to_text() : ps.errors);
}

}  // namespace

// A column of that name must be process ids, or rows of others would be shown: "-o pid=NAME" is refused.
Result<> check_ps_arguments(std::string_view arguments) {
  for (std::size_t at = arguments.find('='); at != arguments.npos; at = arguments.find('=', at + 1)) {
    const std::size_t begin = arguments.find_last_of(" \t,", at);
    const std::string_view name = arguments.substr(begin == arguments.npos ? 0 : begin + 1,
                                                   at - (begin == arguments.npos ? 0 : begin + 1));
    if (at + 1 < arguments.size() && arguments.substr(at + 1).starts_with("PID") && name != "pid" &&
        name != "-opid")
      return invalid("specifying \"{}\" is not allowed",
                     arguments.substr(begin == arguments.npos ? 0 : begin + 1));
  }
  return {};
}

Result<Engine::Top> filter_ps(std::string_view output, std::span<const pid_t> pids) {
  Engine::Top top;
  const std::size_t first = std::min(output.find('\n'), output.size());
  for (const std::string_view title : words_of(output.substr(0, first))) top.titles.emplace_back(title);
  const auto pid_title = std::ranges::find(top.titles, "PID");
  if (pid_title == top.titles.end()) return internal("Couldn't find PID field in ps output");
  const auto pid_column = static_cast<std::size_t>(pid_title - top.titles.begin());
  bool preceding = false;  // a process of ours, whose threads follow with "-" for the id
  for (output.remove_prefix(std::min(first + 1, output.size())); !output.empty();) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const auto words = words_of(output.substr(0, end));
    output.remove_prefix(std::min(end + 1, output.size()));
    if (words.size() <= pid_column) continue;
    if (words[pid_column] != "-") preceding = is_one_of(words[pid_column], pids);
    if (preceding) top.processes.push_back(row_of(words, top.titles.size()));
  }
  return top;
}

Task<Engine::Top> list_processes(io::EpollLoop& loop, std::string arguments, std::vector<pid_t> pids) {
  if (arguments.empty()) arguments = "-ef";
  co_await check_ps_arguments(arguments);
  std::vector<std::string> list;
  for (const std::string_view word : words_of(arguments)) list.emplace_back(word);
  Result<std::string> output = co_await run_ps(loop, list, pids).result();
  if (!output && output.error().system_errno() == ENOENT) co_return read_processes(pids, loop.clock().wall());
  co_return filter_ps(co_await std::move(output), pids);
}

}  // namespace podo::engine
