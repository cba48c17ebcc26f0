// rtnetlink(7): requests to the kernel about links and addresses, without programs and without a library.
//
//   request := nlmsghdr body attribute*        everything aligned to 4 bytes, host byte order
//   attribute := rtattr payload
//
// Life:  NetlinkRequest built -> NetlinkSocket::send -> acknowledged, or the messages of a dump. A socket
// belongs to the network namespace it was opened in. Blocking, one thread.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

class NetlinkRequest {
 public:
  // `type`: RTM_*; `flags`: NLM_F_* besides NLM_F_REQUEST.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags);

  template <class Body>
  NetlinkRequest& body(const Body& body) {
    return append(&body, sizeof body);
  }
  NetlinkRequest& attribute(std::uint16_t type, std::string_view payload);
  NetlinkRequest& attribute(std::uint16_t type, std::uint32_t value);
  NetlinkRequest& text_attribute(std::uint16_t type, std::string_view text);  // with its NUL

  std::string finish(std::uint32_t sequence);

 private:
  NetlinkRequest& append(const void* bytes, std::size_t size);
  std::string bytes_;
};

// One message of an answer: the body and, after it, attributes.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::string bytes;  // behind the nlmsghdr

  template <class Body>
  Body body() const {
    Body value{};
    if (bytes.size() >= sizeof value) __builtin_memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  // The payload of the first attribute of that type behind a body of `body_size`; empty when there is none.
  std::string_view attribute(std::size_t body_size, std::uint16_t wanted) const;
};

class NetlinkSocket {
 public:
  static Result<NetlinkSocket> open();
  Result<> send(NetlinkRequest request);                            // waits for the acknowledgement
  Result<std::vector<NetlinkMessage>> ask(NetlinkRequest request);  // the one answer, or all of a dump

 private:
  explicit NetlinkSocket(io::Fd socket) : socket_(std::move(socket)) {}
  Result<std::vector<NetlinkMessage>> exchange(NetlinkRequest& request);
  io::Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace podo::linux
