#include "container/runtime/channel.h"

#include <sys/socket.h>

#include <cstring>

namespace podo::runtime {
namespace {

constexpr std::size_t message_bytes_max =
    128 * 1024;  // below the default socket buffer; the state for hooks carries every annotation

union ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr align;
};

}  // namespace

Result<std::pair<Channel, Channel>> Channel::make() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return failed_errno(errno, "socketpair");
  return std::pair{Channel(io::Fd(pair[0])), Channel(io::Fd(pair[1]))};
}

Result<> Channel::send(Step step, std::string_view body, int descriptor) const {
  if (body.size() >= message_bytes_max)
    return invalid("the container's state is over {} bytes", message_bytes_max);
  char first = static_cast<char>(step);
  iovec parts[] = {{&first, 1}, {const_cast<char*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ControlBuffer control{};
  if (descriptor >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  while (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET)
      return cancelled("the other side of the container's birth is gone");
    if (errno != EINTR) return failed_errno(errno, "send to the container's process");
  }
  return {};
}

Result<> Channel::send_failure(const Error& error) const {
  const std::int32_t number = error.system_errno();
  std::string body(1, static_cast<char>(error.kind()));
  body.append(reinterpret_cast<const char*>(&number), sizeof number);
  body.append(error.message(), 0, 16 * 1024);
  return send(Step::failed, body);
}

Error decode_failure(std::string_view body) {
  std::int32_t number = 0;
  if (body.size() < 1 + sizeof number)
    return Error(ErrorKind::internal, "the container's process failed without a word");
  std::memcpy(&number, body.data() + 1, sizeof number);
  return Error(static_cast<ErrorKind>(body[0]), std::string(body.substr(1 + sizeof number)), number);
}

void ChannelLog::write(LogLevel level, std::string_view message) {
  std::string line(1, static_cast<char>(level));
  line.append(message, 0, 16 * 1024);
  (void)channel_->send(Step::log, line);  // nobody to hear it: nobody to tell
}

Result<Message> Channel::receive() const {
  for (;;) {
    Message message = TRY(receive_any());
    if (message.step != Step::log) return message;
    if (log_ != nullptr && !message.body.empty()) {
      log_->write(static_cast<LogLevel>(message.body[0]), std::string_view(message.body).substr(1));
    }
  }
}

Result<Message> Channel::receive_any() const {
  Message message{};
  // MSG_PEEK|MSG_TRUNC tells the length first, so that a short message costs a short buffer.
  ssize_t length = 0;
  char probe = 0;
  while ((length = ::recv(socket_.get(), &probe, 1, MSG_PEEK | MSG_TRUNC)) < 0) {
    if (errno == ECONNRESET) return cancelled("the other side of the container's birth is gone");
    if (errno != EINTR) return failed_errno(errno, "receive from the container's process");
  }
  if (length == 0) return cancelled("the other side of the container's birth is gone");
  message.body.resize(static_cast<std::size_t>(length));
  iovec part{message.body.data(), message.body.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  if (::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC) != length) {
    return failed_errno(errno, "receive from the container's process");
  }
  if (const cmsghdr* first = CMSG_FIRSTHDR(&header); first != nullptr && first->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(first), sizeof descriptor);
    message.descriptor = io::Fd(descriptor);
  }
  message.step = static_cast<Step>(message.body[0]);
  message.body.erase(0, 1);
  return message;
}

Result<Message> Channel::expect(Step step) const {
  Message message = TRY(receive());
  if (message.step == Step::failed) return Failure(decode_failure(message.body));
  if (message.step != step) {
    return internal("the container's process said '{}' where '{}' was due", static_cast<char>(message.step),
                    static_cast<char>(step));
  }
  return message;
}

}  // namespace podo::runtime
