// Builds: those that run and have an id, by which their clients may cancel them from another connection.
// Lives on the loop, as long as the API. Private to container/docker.
#pragma once

#include <map>
#include <string>

#include "container/docker/progress.h"

namespace podo::docker {

class Builds {
 public:
  // Until it is dropped the build can be cancelled. Without an id nothing is noted; of two builds with the
  // same id, the later one is meant.
  class Entry {
   public:
    Entry(Builds& builds, std::string id, ProgressAnswer& answer)
        : builds_(builds), id_(std::move(id)), answer_(answer) {
      if (!id_.empty()) builds_.running_[id_] = &answer_;
    }
    Entry(const Entry&) = delete;
    ~Entry() {
      const auto found = builds_.running_.find(id_);
      if (found != builds_.running_.end() && found->second == &answer_) builds_.running_.erase(found);
    }

   private:
    Builds& builds_;
    std::string id_;
    ProgressAnswer& answer_;
  };

  void cancel(const std::string& id) {  // fine if there is none
    if (const auto found = running_.find(id); found != running_.end()) found->second->cancel();
  }

 private:
  std::map<std::string, ProgressAnswer*> running_;
};

}  // namespace podo::docker
