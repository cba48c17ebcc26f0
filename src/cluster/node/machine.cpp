#include "cluster/node/machine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <string_view>

#include "base/core/text.h"
#include "base/io/fd.h"
#include "base/linux/file.h"

namespace podo::node {
namespace {

constexpr std::size_t file_bytes_max = 64 << 10;

std::string first_line(const char* path) {
  const auto content = linux::read_file(path, file_bytes_max);
  if (!content) return {};
  return content->substr(0, content->find('\n'));
}

std::string os_name() {
  const auto content = linux::read_file("/etc/os-release", file_bytes_max);
  std::string_view rest = content ? std::string_view(*content) : std::string_view();
  constexpr std::string_view key = "PRETTY_NAME=";
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return "Linux";
}

// The source address that the kernel chooses for a far away peer; nothing is sent.
std::string way_out() {
  const io::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(53);
  ::inet_pton(AF_INET, "192.0.2.1", &peer.sin_addr);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  char words[INET_ADDRSTRLEN] = {};
  const bool known = ::connect(socket.get(), reinterpret_cast<sockaddr*>(&peer), sizeof peer) == 0 &&
                     ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
                     ::inet_ntop(AF_INET, &own.sin_addr, words, sizeof words) != nullptr;
  return known && own.sin_addr.s_addr != 0 ? words : "127.0.0.1";
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::string architecture_of(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

std::string size_text(std::uint64_t kilobytes) {
  if (kilobytes % (1 << 20) == 0) return text("{}Gi", kilobytes >> 20);
  return kilobytes % 1024 == 0 ? text("{}Mi", kilobytes >> 10) : text("{}Ki", kilobytes);
}

// /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
std::map<std::string, std::uint64_t> huge_pages() {
  std::map<std::string, std::uint64_t> pages;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/sys/kernel/mm/hugepages"), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    std::string_view name = entry->d_name;
    constexpr std::string_view prefix = "hugepages-";
    if (!name.starts_with(prefix)) continue;
    std::uint64_t kilobytes = 0, count = 0;
    name.remove_prefix(prefix.size());
    std::from_chars(name.data(), name.data() + name.size(), kilobytes);
    const std::string line =
        first_line(text("/sys/kernel/mm/hugepages/{}/nr_hugepages", entry->d_name).c_str());
    std::from_chars(line.data(), line.data() + line.size(), count);
    if (kilobytes != 0) pages[size_text(kilobytes)] = count * kilobytes * 1024;
  }
  return pages;
}

}  // namespace

Machine look_at_machine(const std::string& data_folder) {
  Machine machine;
  utsname system{};
  if (::uname(&system) == 0) {
    machine.host_name = system.nodename;
    machine.kernel = system.release;
    machine.architecture = architecture_of(system.machine);
  }
  struct sysinfo memory{};
  if (::sysinfo(&memory) == 0) {
    machine.memory_bytes = std::uint64_t(memory.totalram) * memory.mem_unit;
    machine.swap_bytes = std::uint64_t(memory.totalswap) * memory.mem_unit;
  }
  struct statvfs disk{};
  if (::statvfs(data_folder.c_str(), &disk) == 0)
    machine.disk_bytes = std::uint64_t(disk.f_blocks) * disk.f_frsize;
  machine.address = way_out();
  machine.machine_id = first_line("/etc/machine-id");
  machine.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  if (machine.system_uuid.empty()) machine.system_uuid = machine.machine_id;
  machine.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  machine.os_image = os_name();
  machine.processors = usable_processors();
  machine.huge_pages = huge_pages();
  return machine;
}

}  // namespace podo::node
