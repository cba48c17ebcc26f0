// Downloads that are under way, by digest, so that two pulls of the same layer share one: the first does
// it, the others wait and look again. When it breaks off (cancelled, no access), the next in line goes on
// where it stopped. Lives on the registry's loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/io/condition.h"

namespace podo::image {

struct Flight {
  io::Condition changed{"a download by another pull"};  // progress, and the end
  std::uint64_t current = 0;
  bool ended = false;
};

class Flights {
 public:
  // Held by the one that downloads.
  class Hold {
   public:
    Hold(Flights& flights, std::string digest) : flights_(flights), digest_(std::move(digest)) {}
    Hold(const Hold&) = delete;
    ~Hold() { flights_.land(digest_); }

   private:
    Flights& flights_;
    std::string digest_;
  };

  // Null when somebody else has it.
  std::unique_ptr<Hold> take(const std::string& digest) {
    if (!flights_.try_emplace(digest, std::make_shared<Flight>()).second) return nullptr;
    return std::make_unique<Hold>(*this, digest);
  }
  std::shared_ptr<Flight> find(const std::string& digest) const {
    const auto found = flights_.find(digest);
    return found == flights_.end() ? nullptr : found->second;
  }

 private:
  void land(const std::string& digest) {
    const auto found = flights_.find(digest);
    const std::shared_ptr<Flight> flight = found->second;
    flights_.erase(found);
    flight->ended = true;
    flight->changed.notify_all();
  }
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace podo::image
