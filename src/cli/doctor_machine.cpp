// podo doctor: the machine, who else is on it, and the daemon.
#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/core/text.h"
#include "base/core/version.h"
#include "base/linux/file.h"
#include "cli/console/units.h"
#include "cli/doctor.h"

namespace podo::cli {

constexpr std::uint64_t gigabyte = 1'000'000'000, megabyte = 1'000'000;

std::string Host::text_of(std::string_view path) const {
  return linux::read_file((root_ + std::string(path)).c_str(), 8 << 20).value_or("");
}

bool Host::has(std::string_view path) const {
  return ::access((root_ + std::string(path)).c_str(), F_OK) == 0;
}

std::vector<std::string> Host::names_in(std::string_view folder) const {
  std::vector<std::string> names;
  DIR* open = ::opendir((root_ + std::string(folder)).c_str());
  if (open == nullptr) return names;
  while (const dirent* entry = ::readdir(open)) names.emplace_back(entry->d_name);
  ::closedir(open);
  std::ranges::sort(names);
  return names;
}

std::uint64_t Host::number_in(std::string_view path) const {
  return ::strtoull(text_of(path).c_str(), nullptr, 10);
}

Finding check_root() {
  if (::geteuid() == 0) return {Health::good, "user", "root", ""};
  return {Health::note, "user", text("user {}", ::geteuid()),
          "podo serve needs root; commands need to be root or in the group of podo serve --group"};
}

Finding check_disk(const std::string& folder) {
  std::string place = folder;  // what is not there yet lies where its parent does
  while (place.size() > 1 && ::access(place.c_str(), F_OK) != 0)
    place.resize(std::max<std::size_t>(place.rfind('/'), 1));
  struct statvfs disk{};
  if (::statvfs(place.c_str(), &disk) != 0)
    return {Health::bad, "disk", place + " cannot be asked", "podo serve --data DIR chooses another place"};
  const std::uint64_t free = disk.f_bavail * disk.f_frsize, all = disk.f_blocks * disk.f_frsize;
  Finding finding{.what = "disk",
                  .found = text("{} of {} free below {}", human_size(static_cast<double>(free)),
                                human_size(static_cast<double>(all)), folder)};
  const bool few_files = disk.f_files > 0 && disk.f_favail < disk.f_files / 20;
  if (free < gigabyte || few_files) finding.health = Health::bad;
  else if (free < all / 10) finding.health = Health::note;
  if (finding.health != Health::good)
    finding.cure =
        "podo system prune -a removes what nothing uses; podo builder prune empties the build cache";
  if (few_files) finding.found += ", few files more can be made";
  return finding;
}

Finding check_memory(const Host& host) {
  const std::string facts = host.text_of("/proc/meminfo");
  auto bytes = [&](const char* name) {
    const std::size_t at = facts.find(name);
    return at == std::string::npos
               ? 0
               : ::strtoull(facts.c_str() + at + std::string_view(name).size(), nullptr, 10) * 1024;
  };
  const std::uint64_t available = bytes("MemAvailable:");
  Finding finding{.what = "memory",
                  .found = text("{} of {} available", binary_size(static_cast<double>(available)),
                                binary_size(static_cast<double>(bytes("MemTotal:"))))};
  if (available >= 200 * megabyte) return finding;
  finding.health = Health::note;
  finding.cure = "Podo itself needs about 30 MB; what its containers need is not there";
  return finding;
}

Finding check_limits(const Host& host) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::uint64_t processes = host.number_in("/proc/sys/kernel/pid_max");
  Finding finding{.what = "limits", .found = text("{} open files, {} processes", files.rlim_max, processes)};
  std::vector<std::string> cures;
  if (files.rlim_max < 4096)
    cures.emplace_back("ulimit -Hn 65536 before podo serve (LimitNOFILE= of its unit)");
  if (processes < 32768) cures.emplace_back("sysctl kernel.pid_max=4194304");
  if (cures.empty()) return finding;
  finding.health = Health::note;
  finding.cure = join(cures, "; ");
  return finding;
}

// Others that make bridges, rules and control groups of their own. They can live beside Podo; what does not
// go together is said.
Finding check_neighbours(const Host& host) {
  struct Neighbour {
    std::string_view name, word;
  };
  static constexpr Neighbour known[] = {
      {"dockerd", "dockerd: its images are its own; its firewall drops what others forward unless told"},
      {"kubelet",
       "kubelet: two agents on one machine both evict and clean; stop it, or run Podo with --no-node"},
      {"k3s", "k3s: it has the same ports 6443 and 10250; stop it, or choose others with --listen"},
      {"kube-proxy", "kube-proxy: node ports of both clusters meet; stop it, or keep their ranges apart"},
      {"firewalld",
       "firewalld: add the bridges to a zone: firewall-cmd --zone=trusted --add-interface=podo0"},
      {"microk8s", "microk8s: it has port 10250; stop it, or run Podo with --no-node"},
  };
  std::vector<std::string> found, words;
  for (const std::string& entry : host.names_in("/proc")) {
    if (entry.empty() || entry[0] < '0' || entry[0] > '9') continue;
    std::string name = host.text_of("/proc/" + entry + "/comm");
    name = name.substr(0, name.find('\n'));
    for (const Neighbour& neighbour : known) {
      if (name != neighbour.name || std::ranges::find(found, name) != found.end()) continue;
      found.push_back(name);
      words.emplace_back(neighbour.word);
    }
  }
  if (found.empty()) return {Health::good, "neighbours", "no other engine or cluster runs here", ""};
  return {Health::note, "neighbours", join(found, ", ") + " runs here, too", join(words, "; ")};
}

Finding check_daemon(const DaemonSeen& daemon) {
  if (!daemon.answers)
    return {Health::note, "daemon", "none answers",
            "podo serve starts one; -H or PODO_HOST names another place"};
  if (daemon.version == version()) return {Health::good, "daemon", text("Podo {}", daemon.version), ""};
  return {Health::note, "daemon", text("Podo {}, and this is {}", daemon.version, version()),
          "start the daemon anew with this program: its containers go on meanwhile"};
}

}  // namespace podo::cli
