#include "cli/process_facts.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/text.h"
#include "base/linux/file.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

template <class F>
void each_name(const std::string& folder, F visit) {
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return;
  while (const dirent* entry = ::readdir(open))
    if (entry->d_name[0] != '.') visit(std::string(entry->d_name));
  ::closedir(open);
}

// The number behind "NAME" in lines "NAME   123 kB".
std::uint64_t number_behind(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : ::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

Result<std::uint64_t> memory_of(const std::string& process) {
  return number_behind(TRY(linux::read_file((process + "/smaps_rollup").c_str(), 1 << 16)), "\nPss:") * 1024;
}

Duration ticks(const std::string& count) {
  const auto hertz = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return milliseconds(static_cast<std::int64_t>(::strtoull(count.c_str(), nullptr, 10) * 1000 / hertz));
}

}  // namespace

Result<ProcessFacts> look_at_process(pid_t pid) {
  const std::string process = text("/proc/{}", pid);
  ProcessFacts facts;
  facts.memory = TRY(memory_of(process));
  // Behind the name, which may hold anything: state is the third field of all, utime the fourteenth.
  const std::string stat = TRY(linux::read_file((process + "/stat").c_str(), 1 << 16));
  const std::vector<std::string> fields = split(stat.substr(stat.rfind(')') + 2), ' ');
  if (fields.size() < 20) return corrupt("{}/stat: {}", process, stat);
  facts.cpu = ticks(fields[11]) + ticks(fields[12]);
  const std::string uptime = TRY(linux::read_file("/proc/uptime", 256));
  facts.age =
      milliseconds(static_cast<std::int64_t>(::strtod(uptime.c_str(), nullptr) * 1000)) - ticks(fields[19]);
  each_name(process + "/task", [&](const std::string& thread) {
    ++facts.threads;
    const std::string path = text("{}/task/{}/status", process, thread);
    facts.wakeups +=
        number_behind(linux::read_file(path.c_str(), 1 << 16).value_or(""), "\nvoluntary_ctxt_switches:");
  });
  each_name(process + "/fd", [&](const std::string&) { ++facts.descriptors; });
  return facts;
}

Monitors look_at_monitors(const std::string& run_folder) {
  Monitors monitors;
  const std::string ours = std::string("podo-monitor") + '\0' + run_folder + "/";
  each_name("/proc", [&](const std::string& pid) {
    if (pid[0] < '0' || pid[0] > '9') return;
    const auto words = linux::read_file(text("/proc/{}/cmdline", pid).c_str(), 1 << 16);
    if (!words || !words->starts_with(ours)) return;
    ++monitors.count;
    monitors.memory += memory_of("/proc/" + pid).value_or(0);
  });
  return monitors;
}

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t bytes = 0;
  each_name(folder, [&](const std::string& name) {
    struct stat about{};
    const std::string path = folder + "/" + name;
    if (::lstat(path.c_str(), &about) != 0) return;
    bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
    if (S_ISDIR(about.st_mode)) bytes += bytes_below(path);
  });
  return bytes;
}

}  // namespace podo::cli
