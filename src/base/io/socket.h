// Sockets of this machine: streams over TCP and unix sockets, and what only unix sockets can do: pass open
// descriptors, and say who is at the other end. Each lives on the EpollLoop it was made with.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/io/epoll_loop.h"
#include "base/io/network.h"

namespace podo::io {

class Socket final : public Stream {
 public:
  // A connected stream socket; it is made non-blocking.
  Socket(EpollLoop& loop, Fd fd);

  Task<std::size_t> read(std::span<std::byte> into) override;
  Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;
  // Bytes of an open file, without a copy of them in this process (sendfile(2)); corrupt when it ends before
  // `count` of them. What is not in the kernel's cache is read from the disk while the loop waits.
  Task<void> send_file(int file, std::uint64_t offset, std::uint64_t count);

  // Unix sockets: descriptors go along with the first of the bytes (at least one byte), at most 32.
  Task<void> send_descriptors(std::string bytes, std::span<const int> descriptors);
  struct Received {
    std::string bytes;  // empty: the peer's bytes have ended
    std::vector<Fd> descriptors;
  };
  // Some bytes, at most `bytes_max`, and the descriptors that came along, close-on-exec. If more came than
  // fit, all are closed and the call fails with ErrorKind::exhausted.
  Task<Received> receive_descriptors(std::size_t bytes_max);

  // Unix sockets: who connected, as the kernel saw it then (SO_PEERCRED).
  struct Peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
  };
  Result<Peer> peer() const;

  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  Readiness ready_;
};

class SocketListener final : public NetworkListener {
 public:
  SocketListener(EpollLoop& loop, Fd listening, Address address);
  Task<std::unique_ptr<Stream>> accept() override;
  Task<std::unique_ptr<Socket>> accept_socket();
  Address address() const override { return address_; }

 private:
  Fd fd_;
  Readiness ready_;
  Address address_;
};

// A unix path is bound over a socket file nobody listens on any more; the file stays when the listener dies.
Task<std::unique_ptr<SocketListener>> listen_socket(EpollLoop& loop, Address address);
Task<std::unique_ptr<Socket>> connect_socket(EpollLoop& loop, Address address);

// Two connected unix stream sockets.
struct SocketPair {
  std::unique_ptr<Socket> left, right;
};
Result<SocketPair> socket_pair(EpollLoop& loop);

class SystemNetwork final : public Network {
 public:
  explicit SystemNetwork(EpollLoop& loop) : loop_(loop) {}
  Task<std::unique_ptr<NetworkListener>> listen(Address address) override;
  Task<std::unique_ptr<Stream>> connect(Address address) override;

 private:
  EpollLoop& loop_;
};

}  // namespace podo::io
