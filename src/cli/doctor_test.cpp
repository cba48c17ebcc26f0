#include "cli/doctor.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace podo::cli {
namespace {

// A host that is a folder of files.
class Paper {
 public:
  Paper() {
    char pattern[] = "/tmp/podo-doctor-XXXXXX";
    root_ = ::mkdtemp(pattern);
  }
  ~Paper() { std::filesystem::remove_all(root_); }
  Paper& put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
    return *this;
  }
  Host host() const { return Host(root_); }

 private:
  std::string root_;
};

TEST_CASE("a kernel is as old as its first two numbers") {
  auto health = [](const char* release) {
    Paper paper;
    return check_kernel_release(paper.put("/proc/sys/kernel/osrelease", release).host()).health;
  };
  CHECK(health("6.1.0-32-amd64\n") == Health::good);
  CHECK(health("5.15.0\n") == Health::good);
  CHECK(health("5.4.0-91-generic\n") == Health::bad);
  CHECK(health("4.19.0\n") == Health::bad);
}

TEST_CASE("control groups v2 need their controllers at the root") {
  Paper paper;
  paper.put("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  paper.put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  CHECK(check_control_groups(paper.host()).health == Health::good);
  paper.put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n");
  const Finding lacking = check_control_groups(paper.host());
  CHECK(lacking.health == Health::bad);
  CHECK(lacking.cure.find("cgroup_enable=memory") != std::string::npos);
}

TEST_CASE("without control groups the cure is to mount them") {
  Paper paper;
  paper.put("/proc/self/mountinfo", "23 1 254:0 / / rw - ext4 /dev/vda rw\n");
  CHECK(check_control_groups(paper.host()).health == Health::bad);
}

TEST_CASE("a kernel that does not know overlay is told apart from one that does") {
  Paper paper;
  paper.put("/proc/filesystems", "nodev\ttmpfs\nnodev\tproc\n\text4\nnodev\tmqueue\nnodev\toverlay\n");
  CHECK(check_file_systems(paper.host()).health == Health::good);
  paper.put("/proc/filesystems", "nodev\ttmpfs\nnodev\tproc\n\text4\nnodev\tmqueue\n");
  CHECK(check_file_systems(paper.host()).cure.contains("CONFIG_OVERLAY_FS"));
  paper.put("/proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
  paper.put("/lib/modules/6.1.0-9-amd64/modules.dep", "kernel/fs/overlayfs/overlay.ko.xz:\n");
  CHECK(check_file_systems(paper.host()).health == Health::good);  // it is loaded when it is needed
}

TEST_CASE("a host with AppArmor has the profile loaded, will have it, or lacks the program that loads it") {
  Paper paper;
  paper.put("/sys/kernel/security/lsm", "lockdown,capability,apparmor");
  CHECK(check_security_modules(paper.host()).found == "lockdown,capability,apparmor");
  paper.put("/sys/module/apparmor/parameters/enabled", "Y\n");
  const Finding lacking = check_security_modules(paper.host());
  CHECK(lacking.health == Health::note);
  CHECK(lacking.cure.contains("apt install apparmor"));
  paper.put("/usr/sbin/apparmor_parser", "");
  CHECK(check_security_modules(paper.host()).health == Health::good);
  CHECK(check_security_modules(paper.host()).found.contains("podo-default comes with the daemon"));
  paper.put("/sys/kernel/security/apparmor/profiles", "podo-default (enforce)\n");
  CHECK(check_security_modules(paper.host()).found.contains("podo-default is loaded"));
}

TEST_CASE("a port that somebody else listens at is bad, ours is good, one that is only used is free") {
  Paper paper;
  const std::string head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
  paper.put("/proc/net/tcp", head + "   0: 0100007F:192B 00000000:0000 0A 00000000:00000000\n");
  CHECK(check_port(paper.host(), 6443, false).health == Health::bad);
  CHECK(check_port(paper.host(), 6443, true).health == Health::good);
  CHECK(check_port(paper.host(), 6444, false).health == Health::good);
  paper.put("/proc/net/tcp", head + "   0: 0100007F:192B 0100007F:C000 01 00000000:00000000\n");
  CHECK(check_port(paper.host(), 6443, false).health == Health::good);
}

TEST_CASE("who else runs here is named once, with what does not go together") {
  Paper paper;
  paper.put("/proc/1/comm", "systemd\n").put("/proc/40/comm", "dockerd\n").put("/proc/41/comm", "dockerd\n");
  const Finding finding = check_neighbours(paper.host());
  CHECK(finding.health == Health::note);
  CHECK(finding.found == "dockerd runs here, too");
  Paper alone;
  CHECK(check_neighbours(alone.put("/proc/1/comm", "systemd\n").host()).health == Health::good);
}

}  // namespace
}  // namespace podo::cli
