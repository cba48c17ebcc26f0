// Namespaces by descriptor. One thread changes its namespace for a while and comes back: so never on a thread
// that others share a moment with (a loop's), but on one of a pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

Result<io::Fd> current_network_namespace();

// The calling thread stands in another network namespace until this dies. That it gets back is ENSUREd: a
// thread that stayed would do other people's work in the wrong place.
class NetworkNamespaceVisit {
 public:
  static Result<NetworkNamespaceVisit> enter(const io::Fd& network_namespace);
  static Result<NetworkNamespaceVisit> enter_new();  // one that is made for it
  NetworkNamespaceVisit(NetworkNamespaceVisit&& other) noexcept = default;
  NetworkNamespaceVisit& operator=(NetworkNamespaceVisit&&) = delete;
  ~NetworkNamespaceVisit();

 private:
  explicit NetworkNamespaceVisit(io::Fd home) : home_(std::move(home)) {}
  io::Fd home_;
};

// The same for other kinds. The calling thread has new namespaces of CLONE_NEWIPC and CLONE_NEWUTS until this
// dies; CLONE_NEWPID: it stays where it is, its next child is the first process of a new one.
class NewNamespacesVisit {
 public:
  static Result<NewNamespacesVisit> enter(std::uint64_t kinds);
  NewNamespacesVisit(NewNamespacesVisit&&) noexcept = default;
  NewNamespacesVisit& operator=(NewNamespacesVisit&&) = delete;
  ~NewNamespacesVisit();

 private:
  struct Home {
    io::Fd descriptor;
    std::uint64_t kind;
  };
  explicit NewNamespacesVisit(std::vector<Home> homes) : homes_(std::move(homes)) {}
  std::vector<Home> homes_;
};

// The one of that kind the calling thread is in.
Result<io::Fd> current_namespace(std::uint64_t kind);
Result<> set_host_name(const std::string& name);  // of the UTS namespace the thread is in

// A name for the namespace: a file at `path` it is mounted on. It lives as long as that mount, a process in
// it or a descriptor of it.
Result<> pin_namespace(const io::Fd& name_space, const std::string& path);
Result<io::Fd> open_pinned_namespace(const std::string& path);
Result<> unpin_namespace(const std::string& path);  // fine when it is not there

// A value of /proc/sys, of the namespaces the thread is in: "kernel/shmmax".
Result<> write_sysctl(const std::string& name, std::string_view value);
// A value of /proc/sys/net/..., of the network namespace the thread is in: "ipv4/ip_forward".
Result<> write_net_sysctl(const std::string& name, std::string_view value);
Result<std::string> read_net_sysctl(const std::string& name);  // without the line's end

}  // namespace podo::linux
