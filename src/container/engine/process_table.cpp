#include "container/engine/process_table.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <ctime>

#include "base/linux/file.h"
#include "container/config/user_lookup.h"

namespace podo::engine {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

std::string_view field(std::string_view stat, int number) {  // of those behind the name, from 0
  for (; number > 0; --number) {
    const std::size_t space = stat.find(' ');
    if (space == stat.npos) return {};
    stat.remove_prefix(space + 1);
  }
  return stat.substr(0, stat.find(' '));
}

std::int64_t number(std::string_view word) {
  std::int64_t value = 0;
  (void)std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::string two(std::int64_t value) { return value < 10 ? text("0{}", value) : text("{}", value); }

// "11:05" of today, "Nov21" of another day.
std::string start_text(std::time_t at, std::time_t now) {
  std::tm then{}, today{};
  ::localtime_r(&at, &then);
  ::localtime_r(&now, &today);
  char buffer[16];
  const bool same = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  return {buffer, std::strftime(buffer, sizeof buffer, same ? "%H:%M" : "%b%d", &then)};
}

std::string terminal_text(std::int64_t device) {
  const auto major = static_cast<unsigned>(device >> 8 & 0xfff);
  const auto minor = static_cast<unsigned>((device & 0xff) | (device >> 12 & 0xfff00));
  if (device == 0) return "?";
  return major >= 136 && major < 144 ? text("pts/{}", (major - 136) * 256 + minor) : text("tty{}", minor);
}

std::string command_text(pid_t pid, std::string_view name) {
  std::string command = linux::read_file(text("/proc/{}/cmdline", pid).c_str(), file_bytes_max).value_or("");
  while (!command.empty() && command.back() == '\0') command.pop_back();
  for (char& c : command) c = c == '\0' ? ' ' : c;
  return command.empty() ? text("[{}]", name) : command;
}

std::string user_text(pid_t pid, std::string_view passwd) {
  struct stat status{};
  if (::stat(text("/proc/{}", pid).c_str(), &status) != 0) return "?";
  while (!passwd.empty()) {
    const std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
    const std::size_t name_end = line.find(':');
    const std::size_t id = name_end == line.npos ? line.npos : line.find(':', name_end + 1);
    if (id != line.npos && number(line.substr(id + 1)) == status.st_uid)
      return std::string(line.substr(0, name_end));
  }
  return text("{}", status.st_uid);
}

}  // namespace

Engine::Top read_processes(std::span<const pid_t> pids, Wall at) {
  Engine::Top top{.titles = {"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}, .processes = {}};
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK);
  const std::string uptime = linux::read_file("/proc/uptime", file_bytes_max).value_or("");
  const std::int64_t up = number(uptime);
  const std::time_t now = at.ns / 1'000'000'000;
  const std::string passwd = linux::read_file("/etc/passwd", file_bytes_max).value_or("");
  for (const pid_t pid : pids) {
    const auto whole = linux::read_file(text("/proc/{}/stat", pid).c_str(), file_bytes_max);
    if (!whole) continue;
    const std::size_t open = whole->find('('), close = whole->rfind(')');
    if (open == whole->npos || close == whole->npos || close + 2 > whole->size()) continue;
    const std::string_view rest =
        std::string_view(*whole).substr(close + 2);  // "S ppid pgrp session tty ..."
    const std::int64_t used = (number(field(rest, 11)) + number(field(rest, 12))) / ticks;
    const std::int64_t age = up - number(field(rest, 19)) / ticks;
    top.processes.push_back({user_text(pid, passwd), text("{}", pid), std::string(field(rest, 1)),
                             text("{}", age > 0 ? used * 100 / age : 0), start_text(now - age, now),
                             terminal_text(number(field(rest, 4))),
                             two(used / 3600) + ":" + two(used / 60 % 60) + ":" + two(used % 60),
                             command_text(pid, std::string_view(*whole).substr(open + 1, close - open - 1))});
  }
  return top;
}

}  // namespace podo::engine
