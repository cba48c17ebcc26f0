// What `podo doctor` looks at. A check reads what the host tells of itself and says what it found; when that
// is not good, also what to do. Nothing is changed on the host: links and tables are tried in a network
// namespace that is gone afterwards.
//
// A check that needs nothing but files takes them from a Host, whose root tests choose. Blocking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace podo::cli {

enum class Health : std::uint8_t {
  good,
  note,  // works, but somebody should know
  bad,   // something of Podo does not work
};

struct Finding {
  Health health = Health::good;
  std::string what = {};   // "control groups"
  std::string found = {};  // "v2: cpu, memory, pids"
  std::string cure = {};   // "" when all is well
};

class Host {
 public:
  explicit Host(std::string root = "") : root_(std::move(root)) {}
  std::string text_of(std::string_view path) const;  // of a file; "" when it cannot be read
  bool has(std::string_view path) const;
  std::vector<std::string> names_in(std::string_view folder) const;
  std::uint64_t number_in(std::string_view path) const;  // 0 when there is none

 private:
  std::string root_;
};

// Which daemon is meant, and whether it answers.
struct DaemonSeen {
  std::string data = "/var/lib/podo";
  bool answers = false;
  std::string version = {};
};

using Findings = std::vector<Finding>;

// --- the kernel: doctor_kernel.cpp ---
Finding check_kernel_release(const Host& host);
Finding check_namespaces(const Host& host);
Finding check_control_groups(const Host& host);
Finding check_file_systems(const Host& host);
Finding check_seccomp(const Host& host);
Finding check_security_modules(const Host& host);

// --- the network: doctor_network.cpp ---
Findings try_links_and_tables();
Finding check_firewalls(const std::string& own_prefix);
Finding check_ipv6(const Host& host);
Finding check_resolvers(const Host& host);
Finding check_port(const Host& host, std::uint16_t port, bool ours);

// --- the machine: doctor_machine.cpp ---
Finding check_root();
Finding check_disk(const std::string& folder);
Finding check_memory(const Host& host);
Finding check_limits(const Host& host);
Finding check_neighbours(const Host& host);
Finding check_daemon(const DaemonSeen& daemon);

}  // namespace podo::cli
