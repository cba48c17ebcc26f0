#include "base/linux/netlink.h"

#include <sys/socket.h>

#include <cstring>
#include <memory>

namespace podo::linux {
namespace {

constexpr std::size_t answer_bytes_max =
    32 * 1024;  // what the kernel puts into one datagram of a dump at most

std::string_view extended_reason(const nlmsghdr& header, std::string_view payload) {
  // nlmsgerr, then (with NETLINK_EXT_ACK) attributes, one of them the kernel's own sentence.
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::size_t at = sizeof(nlmsgerr);
  while (at + sizeof(nlattr) <= payload.size()) {
    nlattr attribute{};
    std::memcpy(&attribute, payload.data() + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > payload.size()) break;
    if (attribute.nla_type == NLMSGERR_ATTR_MSG) {
      const std::string_view text =
          payload.substr(at + sizeof attribute, attribute.nla_len - sizeof attribute);
      return text.substr(0, text.find('\0'));
    }
    at += NLMSG_ALIGN(attribute.nla_len);
  }
  return {};
}

}  // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof header);
}

NetlinkRequest& NetlinkRequest::append(const void* bytes, std::size_t size) {
  bytes_.append(static_cast<const char*>(bytes), size);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  return *this;
}

NetlinkRequest& NetlinkRequest::attribute(std::uint16_t type, std::string_view payload) {
  rtattr header{};
  header.rta_len = static_cast<unsigned short>(RTA_LENGTH(payload.size()));
  header.rta_type = type;
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  return append(payload.data(), payload.size());
}

NetlinkRequest& NetlinkRequest::attribute(std::uint16_t type, std::uint32_t value) {
  return attribute(type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

NetlinkRequest& NetlinkRequest::text_attribute(std::uint16_t type, std::string_view text) {
  return attribute(type, std::string(text).append(1, '\0'));
}

std::string NetlinkRequest::finish(std::uint32_t sequence) {
  nlmsghdr header{};
  std::memcpy(&header, bytes_.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  header.nlmsg_seq = sequence;
  std::memcpy(bytes_.data(), &header, sizeof header);
  return std::move(bytes_);
}

std::string_view NetlinkMessage::attribute(std::size_t body_size, std::uint16_t wanted) const {
  std::size_t at = NLMSG_ALIGN(body_size);
  while (at + sizeof(rtattr) <= bytes.size()) {
    rtattr header{};
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if (header.rta_len < sizeof header || at + header.rta_len > bytes.size()) return {};
    if ((header.rta_type & NLA_TYPE_MASK) == wanted)
      return std::string_view(bytes).substr(at + sizeof header, header.rta_len - sizeof header);
    at += RTA_ALIGN(header.rta_len);
  }
  return {};
}

Result<NetlinkSocket> NetlinkSocket::open() {
  io::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return failed_errno(errno, "open a netlink socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on,
               sizeof on);  // better errors where the kernel has them
  return NetlinkSocket(std::move(socket));
}

Result<> NetlinkSocket::send(NetlinkRequest request) {
  TRY(exchange(request));
  return {};
}

Result<std::vector<NetlinkMessage>> NetlinkSocket::ask(NetlinkRequest request) { return exchange(request); }

// Every request asks for an acknowledgement, so every exchange ends with one (or with the end of a dump).
Result<std::vector<NetlinkMessage>> NetlinkSocket::exchange(NetlinkRequest& request) {
  std::string bytes = request.finish(++sequence_);
  reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_flags |= NLM_F_ACK;
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return failed_errno(errno, "netlink request");
  std::vector<NetlinkMessage> answers;
  const auto buffer = std::make_unique_for_overwrite<char[]>(answer_bytes_max);
  for (;;) {
    const ssize_t length = ::recv(socket_.get(), buffer.get(), answer_bytes_max, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed_errno(errno, "netlink answer");
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(length);) {
      nlmsghdr header{};
      std::memcpy(&header, buffer.get() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || at + header.nlmsg_len > static_cast<std::size_t>(length))
        return corrupt("a netlink answer is cut");
      const std::string_view payload(buffer.get() + at + sizeof header, header.nlmsg_len - sizeof header);
      at += NLMSG_ALIGN(header.nlmsg_len);
      if (header.nlmsg_seq != sequence_) continue;
      if (header.nlmsg_type == NLMSG_DONE) return answers;
      if (header.nlmsg_type != NLMSG_ERROR) {
        answers.push_back({header.nlmsg_type, std::string(payload)});
        continue;
      }
      nlmsgerr error{};
      if (payload.size() < sizeof error) return corrupt("a netlink answer is cut");
      std::memcpy(&error, payload.data(), sizeof error);
      if (error.error == 0) return answers;
      const std::string_view reason = extended_reason(header, payload);
      return reason.empty() ? failed_errno(-error.error, "netlink")
                            : failed_errno(-error.error, "netlink: {}", reason);
    }
  }
}

}  // namespace podo::linux
