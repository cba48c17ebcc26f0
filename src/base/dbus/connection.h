// A connection to a D-Bus server: a bus, or a peer that is the one program asked (systemd's private socket).
//
// Life:  Connection::open(path, kind, deadline) -> call(request, deadline)... -> next_signal(member,
// deadline)...
//
// Blocking, used by one thread; every wait ends at its deadline. Whoever connects is known to the server
// by the socket's credentials (AUTH EXTERNAL without an identity), so also from within a user namespace:
//
//   client := NUL "AUTH EXTERNAL" CRLF "DATA" CRLF "BEGIN" CRLF message*
//   server := "DATA" CRLF "OK " guid CRLF message*
//
// Signals that arrive while a reply is waited for are kept, `signals_max` of them, if they have the name
// given to keep_signals(). Errors: Unavailable (nobody there, time is up, the connection was closed),
// Corrupt (what came is no D-Bus), or the kind that the name of an error reply stands for, with the
// server's own words.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/error.h"
#include "base/dbus/message.h"
#include "base/io/fd.h"

namespace podo::dbus {

enum class ServerKind : std::uint8_t { peer, bus };

constexpr std::size_t signals_max = 256;

class Connection {
 public:
  static Result<Connection> open(const std::string& path, ServerKind kind, const Clock& clock,
                                 Monotonic deadline);
  // Over a connected stream socket.
  static Result<Connection> over(io::Fd socket, ServerKind kind, const Clock& clock, Monotonic deadline);

  // Sends it and returns the reply, never one of type error.
  Result<Message> call(Message request, Monotonic deadline);
  // From now on; a bus is told to send them, if `rule` is not empty ("type='signal',member='JobRemoved'").
  Result<> keep_signals(std::string member, const std::string& rule, Monotonic deadline);
  Result<Message> next_signal(Monotonic deadline);

 private:
  Connection(io::Fd socket, ServerKind kind, const Clock& clock)
      : socket_(std::move(socket)), clock_(&clock), kind_(kind) {}
  Result<> authenticate(Monotonic deadline);
  Result<std::string> receive_line(Monotonic deadline);
  Result<> send(std::string_view bytes, Monotonic deadline);
  Result<> receive_more(Monotonic deadline);
  Result<Message> receive(Monotonic deadline);
  Result<> keep(Message signal);

  io::Fd socket_;
  const Clock* clock_;
  ServerKind kind_;
  std::uint32_t serial_ = 0;
  std::string received_;  // not yet a whole message
  std::string kept_member_;
  std::deque<Message> signals_;
};

// The kind of error that a reply with this name is: "org.freedesktop.DBus.Error.AccessDenied" is Denied.
ErrorKind kind_of_error(std::string_view name);

}  // namespace podo::dbus
