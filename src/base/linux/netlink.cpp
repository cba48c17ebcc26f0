#include "base/linux/netlink.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <optional>

#include "base/core/ensure.h"

namespace podo::linux {
namespace {

constexpr std::size_t answer_bytes_max =
    32 * 1024;                               // what the kernel puts into one datagram of a dump at most
constexpr int send_buffer_bytes = 16 << 20;  // a batch is one datagram, however many elements it adds

template <class T>
T read_as(std::string_view bytes, std::size_t at = 0) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view extended_reason(const nlmsghdr& header, std::string_view payload) {
  // nlmsgerr, then (with NETLINK_EXT_ACK) attributes, one of them the kernel's own sentence.
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || payload.size() < sizeof(nlmsgerr)) return {};
  std::size_t skipped = sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0)
    skipped += NLMSG_ALIGN(read_as<nlmsgerr>(payload).msg.nlmsg_len) - sizeof(nlmsghdr);
  if (skipped > payload.size()) return {};
  return text_of(find_attribute(payload.substr(skipped), NLMSGERR_ATTR_MSG));
}

struct Acknowledged {
  std::uint32_t sequence = 0;
  int error = 0;
  std::string reason;
};

Failure failure_of(const Acknowledged& acknowledged, const std::string& what) {
  std::string words = what.empty() ? "netlink" : what;
  if (!acknowledged.reason.empty()) words += text(": {}", acknowledged.reason);
  return system_failure(acknowledged.error, std::move(words));
}

// The messages of one datagram; an acknowledgement goes to `acknowledged`, everything else to `other`.
template <class OnAcknowledged, class OnOther>
Result<> split_datagram(std::string_view datagram, OnAcknowledged acknowledged, OnOther other) {
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= datagram.size();) {
    const auto header = read_as<nlmsghdr>(datagram, at);
    if (header.nlmsg_len < sizeof header || at + header.nlmsg_len > datagram.size())
      return corrupt("a netlink answer is cut");
    const std::string_view payload = datagram.substr(at + sizeof header, header.nlmsg_len - sizeof header);
    at += NLMSG_ALIGN(header.nlmsg_len);
    if (header.nlmsg_type == NLMSG_ERROR) {
      if (payload.size() < sizeof(int)) return corrupt("a netlink answer is cut");
      acknowledged(Acknowledged{header.nlmsg_seq, -read_as<int>(payload),
                                std::string(extended_reason(header, payload))});
    } else {
      other(header, payload);
    }
  }
  return {};
}

}  // namespace

void NetlinkAttributes::append(const void* bytes, std::size_t size) {
  bytes_.append(static_cast<const char*>(bytes), size);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

NetlinkAttributes& NetlinkAttributes::attribute(std::uint16_t type, std::string_view payload) {
  rtattr header{};
  ENSURE(RTA_LENGTH(payload.size()) <= UINT16_MAX);
  header.rta_len = static_cast<unsigned short>(RTA_LENGTH(payload.size()));
  header.rta_type = type;
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  append(payload.data(), payload.size());
  return *this;
}

NetlinkAttributes& NetlinkAttributes::attribute(std::uint16_t type, std::uint32_t value) {
  return attribute(type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

NetlinkAttributes& NetlinkAttributes::byte_attribute(std::uint16_t type, std::uint8_t value) {
  return attribute(type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

NetlinkAttributes& NetlinkAttributes::big_endian(std::uint16_t type, std::uint32_t value) {
  return attribute(type, htonl(value));
}

NetlinkAttributes& NetlinkAttributes::text_attribute(std::uint16_t type, std::string_view text) {
  return attribute(type, std::string(text).append(1, '\0'));
}

NetlinkAttributes& NetlinkAttributes::nested(std::uint16_t type, const NetlinkAttributes& inner) {
  return attribute(type | NLA_F_NESTED, inner.bytes_);
}

std::size_t NetlinkAttributes::begin(std::uint16_t type) {
  const std::size_t at = bytes_.size();
  attribute(type | NLA_F_NESTED, std::string_view());
  return at;
}

void NetlinkAttributes::end(std::size_t at) {
  ENSURE(bytes_.size() - at <= UINT16_MAX);
  const auto length = static_cast<unsigned short>(bytes_.size() - at);
  std::memcpy(bytes_.data() + at, &length, sizeof length);  // rta_len comes first
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags, std::string what)
    : what_(std::move(what)) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof header);
}

std::string NetlinkRequest::finish(std::uint32_t sequence, std::uint16_t more_flags) const {
  std::string finished = bytes_;
  auto header = read_as<nlmsghdr>(finished);
  header.nlmsg_len = static_cast<std::uint32_t>(finished.size());
  header.nlmsg_seq = sequence;
  header.nlmsg_flags |= more_flags;
  std::memcpy(finished.data(), &header, sizeof header);
  return finished;
}

std::string_view NetlinkMessage::attribute(std::size_t body_size, std::uint16_t wanted) const {
  const std::size_t at = NLMSG_ALIGN(body_size);
  return at > bytes.size() ? std::string_view() : find_attribute(std::string_view(bytes).substr(at), wanted);
}

std::string_view find_attribute(std::string_view attributes, std::uint16_t wanted) {
  for (std::size_t at = 0; at + sizeof(rtattr) <= attributes.size();) {
    const auto header = read_as<rtattr>(attributes, at);
    if (header.rta_len < sizeof header || at + header.rta_len > attributes.size()) return {};
    if ((header.rta_type & NLA_TYPE_MASK) == wanted)
      return attributes.substr(at + sizeof header, header.rta_len - sizeof header);
    at += RTA_ALIGN(header.rta_len);
  }
  return {};
}

std::string_view text_of(std::string_view payload) { return payload.substr(0, payload.find('\0')); }
std::uint32_t number_of(std::string_view payload) { return read_as<std::uint32_t>(payload); }
std::uint32_t big_endian_number_of(std::string_view payload) { return ntohl(number_of(payload)); }

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  io::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) return failed_errno(errno, "open a netlink socket");
  const auto set = [&](int level, int option,
                       int value) {  // each makes things better where the kernel has it
    ::setsockopt(socket.get(), level, option, &value, sizeof value);
  };
  set(SOL_NETLINK, NETLINK_EXT_ACK, 1);
  set(SOL_NETLINK, NETLINK_CAP_ACK, 1);  // errors do not repeat the request
  if (protocol == NETLINK_NETFILTER) set(SOL_SOCKET, SO_SNDBUFFORCE, send_buffer_bytes);
  return NetlinkSocket(std::move(socket));
}

Result<> NetlinkSocket::send(const NetlinkRequest& request) {
  TRY(exchange(request));
  return {};
}

Result<std::vector<NetlinkMessage>> NetlinkSocket::ask(const NetlinkRequest& request) {
  return exchange(request);
}

Result<> NetlinkSocket::send_bytes(std::string_view bytes) {
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return failed_errno(errno, "netlink request");
  return {};
}

// Every request asks for an acknowledgement, so every exchange ends with one (or with the end of a dump).
Result<std::vector<NetlinkMessage>> NetlinkSocket::exchange(const NetlinkRequest& request) {
  const std::uint32_t sequence = ++sequence_;
  TRY(send_bytes(request.finish(sequence, NLM_F_ACK)));
  std::vector<NetlinkMessage> answers;
  std::optional<Acknowledged> end;
  const auto buffer = std::make_unique_for_overwrite<char[]>(answer_bytes_max);
  while (!end) {
    const ssize_t length = ::recv(socket_.get(), buffer.get(), answer_bytes_max, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed_errno(errno, "netlink answer");
    TRY(split_datagram(
        std::string_view(buffer.get(), static_cast<std::size_t>(length)),
        [&](Acknowledged acknowledged) {
          if (acknowledged.sequence == sequence) end = std::move(acknowledged);
        },
        [&](const nlmsghdr& header, std::string_view payload) {
          if (header.nlmsg_seq != sequence) return;
          if (header.nlmsg_type == NLMSG_DONE) end = Acknowledged{sequence, 0, {}};
          else answers.push_back({header.nlmsg_type, std::string(payload)});
        }));
  }
  if (end->error != 0) return failure_of(*end, request.what());
  return answers;
}

Result<> NetlinkSocket::send_all(std::span<const NetlinkRequest> requests) {
  const std::uint32_t first = sequence_ + 1;
  std::string bytes;
  for (const NetlinkRequest& request : requests) bytes += request.finish(++sequence_, NLM_F_ACK);
  TRY(send_bytes(bytes));
  return collect(requests, first);
}

Result<> NetlinkSocket::send_batch(std::span<const NetlinkRequest> requests) {
  const std::uint32_t first = sequence_ + 1;
  std::string bytes;
  for (std::size_t i = 0; i < requests.size(); ++i)
    bytes += requests[i].finish(++sequence_, i + 2 == requests.size() ? NLM_F_ACK : 0);
  TRY(send_bytes(bytes));
  return collect(requests, first);
}

// Requests that are no dumps have been performed, and their answers queued, when send() returns.
Result<> NetlinkSocket::collect(std::span<const NetlinkRequest> requests, std::uint32_t first_sequence) {
  std::optional<Acknowledged> failed;
  bool acknowledged_any = false;
  const auto buffer = std::make_unique_for_overwrite<char[]>(answer_bytes_max);
  for (;;) {
    const ssize_t length = ::recv(socket_.get(), buffer.get(), answer_bytes_max, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) break;
    if (length < 0) return failed_errno(errno, "netlink answer");
    TRY(split_datagram(
        std::string_view(buffer.get(), static_cast<std::size_t>(length)),
        [&](Acknowledged acknowledged) {
          if (acknowledged.sequence < first_sequence) return;
          acknowledged_any = true;
          if (acknowledged.error != 0 && !failed) failed = std::move(acknowledged);
        },
        [](const nlmsghdr&, std::string_view) {}));
  }
  if (failed) return failure_of(*failed, requests[failed->sequence - first_sequence].what());
  if (!acknowledged_any && !requests.empty()) return internal("netlink: no answer");
  return {};
}

}  // namespace podo::linux
