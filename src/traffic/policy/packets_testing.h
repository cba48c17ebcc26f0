// A small network for tests: a namespace that plays this node, pods on a bridge of it that reach each other
// by way of it alone, and the world behind it, which has a pod of another node. In each, sockets that take
// what comes to scene_ports. Root only.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "base/linux/namespaces.h"
#include "traffic/policy/policy_testing.h"

namespace podo::policy {

inline bool can_run() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: network namespaces need root");
  return false;
}

class PacketWorld {
 public:
  static constexpr int pods = 5;  // 10.9.0.1 .. 5; 10.9.1.6 is of another node
  // The calling thread plays this node until it dies.
  PacketWorld();

  // Attempts all of them at once. Whether each came through, in their order: a connection, or one datagram.
  std::vector<bool> attempt(const std::vector<Connection>& connections);
  // Every address that can send and be sent to, those of the node last.
  static std::vector<IpAddress> addresses();
  static bool is_of_node(const IpAddress& address);
  static bool is_of_pod(const IpAddress& address);  // here
  const io::Fd& place_of(const IpAddress& address) const;
  const io::Fd& pod(int number) const { return pods_[static_cast<std::size_t>(number - 1)]; }

 private:
  struct Attempt;
  void make_bridge();
  void make_pod(int number);
  void make_outside();
  void listen_in(const io::Fd& place);
  bool has_come(Attempt& attempt);
  void drain(std::vector<bool>* came);

  linux::NetworkNamespaceVisit home_;
  io::Fd node_, outside_;
  std::vector<io::Fd> pods_, listeners_, receivers_;
};

}  // namespace podo::policy
