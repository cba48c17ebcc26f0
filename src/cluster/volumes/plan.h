// Planner: from a volume of a pod to its Setup, with what the API has to say: ConfigMaps, Secrets, tokens,
// claims. It waits for nothing: what is missing is a failure. Lives on the loop; pods live until it returns.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cluster/volumes/pod_folder.h"
#include "cluster/volumes/setup.h"
#include "cluster/volumes/sources.h"
#include "cluster/volumes/tokens.h"

namespace podo::volumes {

class Planner {
 public:
  Planner(client::Client& client, Sources& sources, Tokens& tokens, strategy::Amounts allocatable)
      : client_(client), sources_(sources), tokens_(tokens) {
    facts_.allocatable = std::move(allocatable);
  }

  struct Planned {
    Setup setup;
    std::optional<Wall> due = {};  // of the first of its tokens
  };
  Task<Planned> plan(const json::Item& pod, const json::Item& volume, const PodFolder& folder);

  // Whether its contents change while containers run.
  static bool is_changing(const json::Item& volume);
  // The tokens of a projected volume, by their path in it.
  static std::vector<std::pair<std::string, TokenWish>> tokens_of(const json::Item& pod,
                                                                  const json::Item& volume);

 private:
  struct Projected;
  Task<Planned> plan_own(const json::Item& pod, const json::Item& volume, const PodFolder& folder);
  Task<Planned> plan_claimed(const json::Item& pod, const json::Item& volume, const PodFolder& folder);
  Task<void> add_source(Payload& to, const json::Item& pod, SourceKind kind, std::string name,
                        Projection projection);
  Task<void> add_projected(Projected& to, const json::Item& pod, const json::Item& source);
  Task<void> add_all_projected(Projected& to, const json::Item& pod, const json::Item& projected);
  Task<void> add_token(Projected& to, const json::Item& pod, const json::Item& source);

  client::Client& client_;
  Sources& sources_;
  Tokens& tokens_;
  pod::DownwardFacts facts_;
};

}  // namespace podo::volumes
