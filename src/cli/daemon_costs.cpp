#include "cli/daemon_costs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/core/text.h"
#include "base/io/timer.h"
#include "base/linux/file.h"
#include "cli/console/units.h"
#include "cli/process_facts.h"

namespace podo::cli {
namespace {

constexpr Duration between_looks = milliseconds(300);

// The process that holds DATA/lock; 0: not on this machine, or not to be seen.
pid_t process_of(const std::string& data) {
  const std::string number = linux::read_file((data + "/lock").c_str(), 64).value_or("");
  return static_cast<pid_t>(::strtol(number.c_str(), nullptr, 10));
}

std::string run_folder_of(const std::string& address) {
  constexpr std::string_view local = "unix://";
  if (!address.starts_with(local)) return "";
  return address.substr(local.size(), address.rfind('/') - local.size());
}

std::string size_text(std::uint64_t bytes) { return human_size(static_cast<double>(bytes)); }

std::string decimal(double value) {
  const auto tenths = static_cast<std::int64_t>(value * 10 + 0.5);
  return text("{}.{}", tenths / 10, tenths % 10);
}

std::string process_lines(pid_t pid, const ProcessFacts& before, const ProcessFacts& now,
                          const Monitors& monitors) {
  const double seconds = static_cast<double>((now.age - before.age).ns) / 1e9;
  auto rate = [&](double more) { return decimal(seconds > 0 ? more / seconds : 0); };
  std::string out = text("  Process: {}, up {}, {} threads, {} descriptors\n", pid, human_duration(now.age),
                         now.threads, now.descriptors);
  out += text("  Memory: {} (PSS); {} monitors: {}\n", binary_size(static_cast<double>(now.memory)),
              monitors.count, binary_size(static_cast<double>(monitors.memory)));
  out += text("  CPU: {} s since it began, {} % now\n", decimal(static_cast<double>(now.cpu.ns) / 1e9),
              rate(static_cast<double>((now.cpu - before.cpu).ns) / 1e7));
  out += text("  Wakeups: {} a second now\n", rate(static_cast<double>(now.wakeups - before.wakeups)));
  return out;
}

std::string disk_lines(json::Value usage, const std::string& data) {
  auto sum = [](json::Value list, std::string_view member) {
    std::uint64_t bytes = 0;
    for (json::Value one : list.items())
      bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(get_number(one, member), 0));
    return bytes;
  };
  std::uint64_t volumes = 0;
  for (json::Value volume : usage.find("Volumes").items())
    volumes +=
        static_cast<std::uint64_t>(std::max<std::int64_t>(get_number(volume.find("UsageData"), "Size"), 0));
  std::string out = text("  Disk: images {}, containers {}, volumes {}, records {}",
                         size_text(static_cast<std::uint64_t>(get_number(usage, "LayersSize"))),
                         size_text(sum(usage.find("Containers"), "SizeRw")), size_text(volumes),
                         size_text(bytes_below(data + "/store") + bytes_below(data + "/cluster")));
  struct statvfs disk{};
  if (::statvfs(data.c_str(), &disk) == 0) out += text("; {} free", size_text(disk.f_bavail * disk.f_frsize));
  return out + "\n";
}

}  // namespace

io::Task<std::string> daemon_costs(Daemon& daemon, json::Value info) {
  const std::string data = get_text(info, "DockerRootDir"), run = run_folder_of(daemon.address());
  const pid_t pid = run.empty() ? 0 : process_of(data);
  if (pid <= 0) co_return "";
  const Result<ProcessFacts> before = look_at_process(pid);
  if (!before) co_return "";
  co_await io::sleep(between_looks);
  const ProcessFacts now = co_await look_at_process(pid);
  const json::Document usage = co_await daemon.get("/system/df");
  std::string out = " This daemon:\n" + process_lines(pid, *before, now, look_at_monitors(run));
  struct stat program{};
  if (::stat(text("/proc/{}/exe", pid).c_str(), &program) == 0)
    out += text("  Program: {}\n", size_text(static_cast<std::uint64_t>(program.st_size)));
  out += disk_lines(usage.root(), data);
  if (::access((data + "/kubeconfig").c_str(), R_OK) == 0) out += text("  Kubeconfig: {}/kubeconfig\n", data);
  co_return out;
}

}  // namespace podo::cli
