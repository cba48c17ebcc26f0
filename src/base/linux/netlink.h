// netlink(7): requests to the kernel about links, addresses, routes and packet filters, without programs and
// without a library.
//
//   request := nlmsghdr body attribute*        everything aligned to 4 bytes, host byte order
//   attribute := rtattr payload                the payload may be attributes again ("nested")
//
// Life:  NetlinkRequest built -> NetlinkSocket::send -> acknowledged, or the messages of a dump. A socket
// belongs to the network namespace it was opened in. Blocking, one thread. Errors are told with the request's
// own words and the kernel's sentence: "add route: netlink: Nexthop has invalid gateway: ...".
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

class NetlinkAttributes {
 public:
  NetlinkAttributes& attribute(std::uint16_t type, std::string_view payload);
  NetlinkAttributes& attribute(std::uint16_t type, std::uint32_t value);
  NetlinkAttributes& byte_attribute(std::uint16_t type, std::uint8_t value);
  NetlinkAttributes& big_endian(std::uint16_t type, std::uint32_t value);  // as nftables has its numbers
  NetlinkAttributes& text_attribute(std::uint16_t type, std::string_view text);  // with its NUL
  NetlinkAttributes& nested(std::uint16_t type, const NetlinkAttributes& inner);
  // Everything `fill(*this)` adds becomes the payload of one attribute.
  template <class F>
  NetlinkAttributes& nested(std::uint16_t type, F fill) {
    const std::size_t at = begin(type);
    fill(*this);
    end(at);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 protected:
  void append(const void* bytes, std::size_t size);
  std::string bytes_;

 private:
  std::size_t begin(std::uint16_t type);
  void end(std::size_t at);
};

class NetlinkRequest : public NetlinkAttributes {
 public:
  // `type`: RTM_*; `flags`: NLM_F_* besides NLM_F_REQUEST; `what` stands before its errors.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, std::string what = {});

  template <class Body>
  NetlinkRequest& body(const Body& body) {
    append(&body, sizeof body);
    return *this;
  }
  const std::string& what() const { return what_; }
  std::string finish(std::uint32_t sequence, std::uint16_t more_flags = 0) const;

 private:
  std::string what_;
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
// The same among nested attributes; text without its NUL; numbers of 4 bytes.
std::string_view find_attribute(std::string_view attributes, std::uint16_t wanted);
std::string_view text_of(std::string_view payload);
std::uint32_t number_of(std::string_view payload);             // 0 when it has another size
std::uint32_t big_endian_number_of(std::string_view payload);  // likewise

class NetlinkSocket {
 public:
  static Result<NetlinkSocket> open(int protocol = NETLINK_ROUTE);
  Result<> send(const NetlinkRequest& request);                            // waits for the acknowledgement
  Result<std::vector<NetlinkMessage>> ask(const NetlinkRequest& request);  // the one answer, or all of a dump
  // All in one datagram, performed in their order, each whether or not those before it succeeded. The first
  // failure is told.
  Result<> send_all(std::span<const NetlinkRequest> requests);
  // As send_all, but of the kind that is performed whole or not at all: begin and end are among the requests,
  // and only the last but one is acknowledged.
  Result<> send_batch(std::span<const NetlinkRequest> requests);

 private:
  explicit NetlinkSocket(io::Fd socket) : socket_(std::move(socket)) {}
  Result<std::vector<NetlinkMessage>> exchange(const NetlinkRequest& request);
  Result<> send_bytes(std::string_view bytes);
  Result<> collect(std::span<const NetlinkRequest> requests, std::uint32_t first_sequence);
  io::Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace podo::linux
