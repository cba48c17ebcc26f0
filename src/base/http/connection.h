// One connection of the server in HTTP/1.1: its requests, one after the other. Private to base/http.
#pragma once

#include "base/http/exchange.h"

namespace podo::http {

class Connection {
 public:
  struct Settings {
    Handler& handler;
    Log& log;
    const ServerLimits& limits;
    DateField& date;
  };
  Connection(io::Loop& loop, Settings settings, std::unique_ptr<io::Stream> stream, Peer peer,
             io::Socket* socket = nullptr);

  Task<void> serve();  // until the connection is closed or given away; fails when it breaks

 private:
  Task<void> run();
  Task<bool> serve_request();  // false: it was the last one
  Task<bool> skip_body(ServerExchange& exchange);
  Task<void> refuse(const Error& error);
  Task<void> close();

  Settings settings_;
  Peer peer_;
  Watchdog watchdog_;
  Outgoing out_;
  Incoming in_;
  io::TaskGroup group_;  // what the watchdog cancels; dies first
};

}  // namespace podo::http
