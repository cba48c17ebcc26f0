// Questions to servers elsewhere: over UDP from a port of its own and with a random id, over TCP when the
// answer did not fit. What comes back is checked to be an answer to this question.
//
// Servers are asked in their order; one that did not answer lately comes last, so that a dead one costs its
// timeout once in a while and not at every question.
//
// Lives on one loop. Errors: unavailable (no server answered in time).
#pragma once

#include <vector>

#include "base/core/random.h"
#include "base/dns/message.h"
#include "base/io/epoll_loop.h"

namespace podo::dns {

struct Upstream {
  IpAddress address;
  std::uint16_t port = 53;
  bool operator==(const Upstream&) const = default;
};
struct Patience {
  Duration timeout = seconds(5);  // for one server, once
  int attempts = 2;               // through the whole list
};

class Exchange {
 public:
  Exchange(io::EpollLoop& loop, Random& random) : loop_(loop), random_(random) {}

  // An encoded query goes to each server in turn until one answers something better than a failure; the
  // answer has the query's id. Whatever the query holds besides its id goes along unchanged.
  io::Task<std::string> ask(std::string query, std::vector<Upstream> servers, Patience patience);

 private:
  struct Silent {
    Upstream server;
    Monotonic until;
  };
  std::vector<Upstream> in_order(std::vector<Upstream> servers);
  void has_answered(const Upstream& server, bool answered);
  io::Task<std::string> ask_one(std::string query, Upstream server, Duration timeout);
  io::Task<std::string> ask_datagram(std::string query, Upstream server);
  io::Task<std::string> ask_stream(std::string query, Upstream server);
  io::EpollLoop& loop_;
  Random& random_;
  std::vector<Silent> silent_;  // few: of those that were asked
};

}  // namespace podo::dns
