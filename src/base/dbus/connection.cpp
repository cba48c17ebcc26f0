#include "base/dbus/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>

#include "base/dbus/wire.h"

namespace podo::dbus {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t part_bytes = 16u << 10;

struct ErrorName {
  std::string_view end;
  ErrorKind kind;
};
// By the last word of the name: the specification's, and those of systemd that a caller decides by.
constexpr ErrorName error_names[] = {
    {".NoSuchUnit", ErrorKind::not_found},        {".UnitExists", ErrorKind::already_exists},
    {".UnknownObject", ErrorKind::not_found},     {".ServiceUnknown", ErrorKind::unavailable},
    {".NameHasNoOwner", ErrorKind::unavailable},  {".NoReply", ErrorKind::unavailable},
    {".Timeout", ErrorKind::unavailable},         {".Disconnected", ErrorKind::unavailable},
    {".AccessDenied", ErrorKind::denied},         {".InteractiveAuthorizationRequired", ErrorKind::denied},
    {".InvalidArgs", ErrorKind::invalid},         {".PropertyReadOnly", ErrorKind::invalid},
    {".InvalidSignature", ErrorKind::invalid},    {".BadUnitSetting", ErrorKind::invalid},
    {".LimitsExceeded", ErrorKind::exhausted},    {".NoMemory", ErrorKind::exhausted},
    {".UnknownMethod", ErrorKind::unsupported},   {".UnknownInterface", ErrorKind::unsupported},
    {".UnknownProperty", ErrorKind::unsupported}, {".NotSupported", ErrorKind::unsupported},
};

// What an error reply says: its name, and usually words.
Failure error_of(const Message& reply) {
  std::string words;
  if (reply.signature.starts_with('s')) words = Reader(reply.body).string().value_or("");
  return fail(kind_of_error(reply.error_name),
              words.empty() ? reply.error_name : text("{} ({})", words, reply.error_name));
}

// The kernel waits for a server that does not accept no longer than this.
void limit_connect(const io::Fd& socket, Duration limit) {
  timeval time{};
  time.tv_sec = static_cast<time_t>(limit.ns / 1'000'000'000);
  time.tv_usec = static_cast<suseconds_t>(limit.ns / 1000 % 1'000'000);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

// Until `events`, or nothing more will come of it; false when time is up.
Result<bool> wait_for(const io::Fd& socket, short events, Duration limit) {
  pollfd one{socket.get(), events, 0};
  const auto milliseconds = std::max<std::int64_t>((limit.ns + 999'999) / 1'000'000, 0);
  const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(milliseconds, INT32_MAX)));
  if (ready < 0 && errno != EINTR) return failed_errno(errno, "wait for a D-Bus server");
  return ready != 0;
}

}  // namespace

ErrorKind kind_of_error(std::string_view name) {
  for (const ErrorName& each : error_names) {
    if (name.ends_with(each.end)) return each.kind;
  }
  return ErrorKind::internal;
}

Result<Connection> Connection::open(const std::string& path, ServerKind kind, const Clock& clock,
                                    Monotonic deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return invalid("connect to {}: the name is too long", path);
  path.copy(address.sun_path, path.size());
  io::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed_errno(errno, "make a unix socket");
  const Duration left = deadline - clock.now();
  if (left < milliseconds(1))
    return unavailable("connect to {}: time is up", path);  // none at all would be no limit
  limit_connect(socket, left);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed_errno(errno, "connect to {}", path);
  return TRY_IN(path, over(std::move(socket), kind, clock, deadline));
}

Result<Connection> Connection::over(io::Fd socket, ServerKind kind, const Clock& clock, Monotonic deadline) {
  Connection connection(std::move(socket), kind, clock);
  TRY(connection.authenticate(deadline));
  if (kind == ServerKind::bus) {
    Message hello{.path = "/org/freedesktop/DBus", .interface = "org.freedesktop.DBus", .member = "Hello"};
    hello.destination = "org.freedesktop.DBus";
    TRY(connection.call(std::move(hello), deadline));
  }
  return connection;
}

Result<> Connection::authenticate(Monotonic deadline) {
  constexpr char greeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
  TRY(send(std::string_view(greeting, sizeof greeting - 1), deadline));
  for (;;) {
    const std::string line = TRY(receive_line(deadline));
    if (line.starts_with("OK")) return {};
    if (line != "DATA") return fail(ErrorKind::denied, text("the D-Bus server does not let us in: {}", line));
  }
}

Result<std::string> Connection::receive_line(Monotonic deadline) {
  for (;;) {
    if (const auto end = received_.find("\r\n"); end != received_.npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 2);
      return line;
    }
    if (received_.size() > line_bytes_max) return corrupt("a D-Bus server's greeting has no end");
    TRY(receive_more(deadline));
  }
}

Result<> Connection::send(std::string_view bytes, Monotonic deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!TRY(wait_for(socket_, POLLOUT, deadline - clock_->now())))
        return unavailable("a D-Bus server does not take what it is sent");
    } else if (errno != EINTR) {
      return failed_errno(errno, "send to a D-Bus server");
    }
  }
  return {};
}

Result<> Connection::receive_more(Monotonic deadline) {
  for (;;) {
    if (clock_->now() > deadline) return unavailable("a D-Bus server has not come to an end in time");
    char part[part_bytes];
    const ssize_t count = ::recv(socket_.get(), part, sizeof part, MSG_DONTWAIT);
    if (count > 0) {
      received_.append(part, static_cast<std::size_t>(count));
      return {};
    }
    if (count == 0) return unavailable("a D-Bus server closed the connection");
    if (errno == EAGAIN) {
      if (!TRY(wait_for(socket_, POLLIN, deadline - clock_->now())))
        return unavailable("a D-Bus server does not answer in time");
    } else if (errno != EINTR) {
      return failed_errno(errno, "receive from a D-Bus server");
    }
  }
}

Result<Message> Connection::receive(Monotonic deadline) {
  for (;;) {
    if (received_.size() >= start_bytes) {
      const std::size_t size = TRY_IN("a D-Bus server sent", message_size(received_));
      if (received_.size() >= size) {
        Message message = TRY_IN("a D-Bus server sent", decode(std::string_view(received_).substr(0, size)));
        received_.erase(0, size);
        return message;
      }
    }
    TRY(receive_more(deadline));
  }
}

Result<> Connection::keep(Message signal) {
  if (signal.type != MessageType::signal || signal.member != kept_member_) return {};
  if (signals_.size() == signals_max) signals_.pop_front();  // other people's: ours come after the reply
  signals_.push_back(std::move(signal));
  return {};
}

Result<Message> Connection::call(Message request, Monotonic deadline) {
  request.type = MessageType::call;
  request.serial = ++serial_;
  TRY(send(TRY(encode(request)), deadline));
  for (;;) {
    Message message = TRY(receive(deadline));
    const bool answers = message.type == MessageType::reply || message.type == MessageType::error;
    if (!answers || message.reply_serial != request.serial) {
      TRY(keep(std::move(message)));
    } else if (message.type == MessageType::error) {
      return error_of(message);
    } else {
      return message;
    }
  }
}

Result<> Connection::keep_signals(std::string member, const std::string& rule, Monotonic deadline) {
  kept_member_ = std::move(member);
  if (kind_ == ServerKind::peer || rule.empty()) return {};
  Message request{.path = "/org/freedesktop/DBus", .interface = "org.freedesktop.DBus", .member = "AddMatch"};
  request.destination = "org.freedesktop.DBus";
  request.signature = "s";
  request.body = Writer().string(rule).take();
  TRY(call(std::move(request), deadline));
  return {};
}

Result<Message> Connection::next_signal(Monotonic deadline) {
  while (signals_.empty()) TRY(keep(TRY(receive(deadline))));
  Message first = std::move(signals_.front());
  signals_.pop_front();
  return first;
}

}  // namespace podo::dbus
