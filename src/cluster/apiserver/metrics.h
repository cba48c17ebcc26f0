// What the API server counts of itself, told at /metrics in Prometheus' text form. Lives on the API's loop.
#pragma once

#include <map>
#include <string>

#include "cluster/api_request/request.h"

namespace podo::apiserver {

class Metrics {
 public:
  void begin(const Request& request);
  void end(const Request& request, Duration took);
  std::string to_text() const;  // of requests, watches and the process

  std::uint64_t watches = 0;  // now; by who watches

 private:
  struct Requests {
    std::map<int, std::uint64_t> by_code;
    std::uint64_t count = 0, buckets[12] = {};
    double seconds = 0;
  };
  std::map<std::string, Requests> requests_;  // by their labels: verb="get",group="",...
  std::uint64_t reading_ = 0, writing_ = 0;   // in flight
};

// Counts a request from its making to its death.
class InFlight {
 public:
  InFlight(Metrics& metrics, Request& request) : metrics_(metrics), request_(request) {
    metrics_.begin(request);
  }
  InFlight(const InFlight&) = delete;
  ~InFlight();

 private:
  Metrics& metrics_;
  Request& request_;
};

}  // namespace podo::apiserver
