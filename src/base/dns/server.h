// A DNS server on sockets that somebody opened: UDP and TCP of one address. It reads queries, asks its Zone,
// and fits the answer to what the client can take.
//
// Datagrams are taken and answered many at a time (recvmmsg, sendmmsg), from memory on the stack that all
// servers of the thread share. Queries of one connection are answered as their answers are found, not in
// their order (RFC 7766, 6.2.1.1).
//
// Life: made -> serves at once -> destroyed: it stops in the middle. Limits keep one client from taking it
// all: so many questions that wait for others, so many connections; beyond them queries are dropped.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "base/dns/query_view.h"
#include "base/io/epoll_loop.h"
#include "base/io/fd.h"

namespace podo::dns {

struct Query {
  Message message;    // with exactly one question
  std::string bytes;  // the same, as it came
};

// Who knows the answers. Encoded, of any length.
class Zone {
 public:
  virtual ~Zone() = default;
  // An answer that stands ready, written as it goes out: its size; 0: know() may know.
  virtual std::size_t recall(const QueryView&, std::span<char>) { return 0; }
  // What is known here; none: it has to be found out.
  virtual std::optional<Message> know(const Query& query) = 0;
  virtual io::Task<std::string> find_out(Query query) = 0;
};

struct ServerLimits {
  std::size_t waiting = 256, connections = 64;
  Duration idle_connection = seconds(10);
};

// What came and what went out, since the server was made.
struct ServerCounts {
  std::uint64_t datagrams = 0, stream_queries = 0, dropped = 0;
  std::array<std::uint64_t, 16> codes = {};   // of answers, by their Code
  std::array<std::uint64_t, 256> types = {};  // of questions; 0: above 255
};

class Server {
 public:
  Server(io::EpollLoop& loop, io::Fd udp, io::Fd tcp, Zone& zone, ServerLimits limits = {});
  ~Server();
  const ServerCounts& counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podo::dns
