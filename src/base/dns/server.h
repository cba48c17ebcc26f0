// A DNS server on sockets that somebody opened: UDP and TCP of one address. It reads queries, asks its Zone,
// and fits the answer to what the client can take.
//
// Life: made -> serves at once -> destroyed: it stops in the middle. Limits keep one client from taking it
// all: so many questions that wait for others, so many connections; beyond them queries are dropped.
#pragma once

#include <memory>
#include <optional>

#include "base/dns/message.h"
#include "base/io/epoll_loop.h"
#include "base/io/fd.h"
#include "base/io/group.h"

namespace podo::dns {

struct Query {
  Message message;    // with exactly one question
  std::string bytes;  // the same, as it came
};

// Who knows the answers. Encoded, of any length.
class Zone {
 public:
  virtual ~Zone() = default;
  // What is known here; none: it has to be found out.
  virtual std::optional<Message> know(const Query& query) = 0;
  virtual io::Task<std::string> find_out(Query query) = 0;
};

struct ServerLimits {
  std::size_t waiting = 256, connections = 64;
  Duration idle_connection = seconds(10);
};

class Server {
 public:
  Server(io::EpollLoop& loop, io::Fd udp, io::Fd tcp, Zone& zone, ServerLimits limits = {});
  ~Server();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podo::dns
