// The inside of a Server: what its two ways in, datagrams and connections, share. Private to this room.
#pragma once

#include "base/dns/server.h"
#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/socket.h"

namespace podo::dns {

// What is wrong with a query is answered at once; nothing is said to an answer, which could go on for ever.
struct Checked {
  std::optional<Query> query;
  std::string refusal;
};
Checked check(std::string_view bytes);

// Counts one up as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(&count) { ++count; }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (count_ != nullptr) --*count_;
  }

 private:
  std::size_t* count_;
};

class DatagramBatch;  // server_datagrams.cpp
struct Connection;    // server_connections.cpp

struct Server::State {
  State(io::EpollLoop& l, io::Fd udp_socket, io::Fd tcp_socket, Zone& z, ServerLimits how)
      : loop(l),
        zone(z),
        limits(how),
        udp(std::move(udp_socket)),
        datagrams(l, udp.get()),
        listener(l, std::move(tcp_socket), {}),
        group(l) {}

  io::Task<void> serve_datagrams();
  bool answer_batch();
  void answer_one(DatagramBatch& batch, int index);
  io::Task<void> answer_later(Query query, std::string peer, Counted one);

  io::Task<void> serve_connections();
  io::Task<void> serve_connection(std::unique_ptr<io::Socket> client);
  io::Task<void> read_queries(Connection& connection);
  void answer_on(Connection& connection, std::string_view query);
  io::Task<void> answer_later_on(Connection& connection, Query query, Counted of_all, Counted of_these);

  io::Task<std::string> find_out(Query query);
  void count_query(Type type) {
    const auto number = static_cast<std::size_t>(type);
    ++counts.types[number < counts.types.size() ? number : 0];
  }
  void count_answer(std::string_view answer) { ++counts.codes[static_cast<std::size_t>(answer[3] & 15)]; }

  io::EpollLoop& loop;
  Zone& zone;
  ServerLimits limits;
  ServerCounts counts;
  io::Fd udp;
  io::Readiness datagrams;
  io::SocketListener listener;
  std::size_t waiting = 0, connections = 0;
  io::TaskGroup group;  // last: its strands use what stands above
};

}  // namespace podo::dns
