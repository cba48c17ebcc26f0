// Facts: what controllers need to know of an object at every turn, decoded once per change. The whole object
// is read from the mirror by who needs more of it (watched.h).
//
// Times are whole seconds since 1970, as objects carry them; 0: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format/json_tree.h"
#include "model/kube/node_fit.h"

namespace podo::controllers {

using Seconds = std::int64_t;

// What controllers watch and write.
enum class Kind : std::uint8_t {
  pod,
  replica_set,
  replication_controller,
  deployment,
  stateful_set,
  daemon_set,
  job,
  cron_job,
  revision,
  claim,
  node,
  lease,
  service,
  endpoints,
  endpoint_slice,
  volume,
  storage_class,
  service_account,
  secret,
  certificate_request,
  budget,
};
inline constexpr std::size_t kinds = 21;
struct KindNames {
  std::string_view group, plural, kind, api_version;
};
const KindNames& names_of(Kind kind);

struct Owner {
  std::string api_version, kind, name, uid;
};

using Labels = std::vector<std::pair<std::string, std::string>>;  // by key

struct Facts {
  std::string name_space, name, uid;
  Labels labels;
  std::optional<Owner> owner;  // the one that controls it
  Seconds created = 0, deleted = 0;
  std::optional<kube::LabelSelector> selector;  // spec.selector, of kinds that choose others by it

  virtual ~Facts() = default;
  std::string key() const { return name_space + "/" + name; }
  std::string_view label(std::string_view key) const;  // "" when absent
  bool deleting() const { return deleted != 0; }
};

enum class Phase : std::uint8_t { pending, unknown, running, succeeded, failed };  // as they are ranked

struct Pod final : Facts {
  struct Exit {
    std::string container;
    std::int64_t code = 0;
  };
  struct Condition {
    std::string type, status;
  };
  Phase phase = Phase::pending;
  bool ready = false;
  Seconds ready_since = 0, finished = 0;  // finished: the last container's end
  std::string node, target;               // spec.nodeName; of a daemon's pod, the node that it is for
  std::string reason, message, job_index;
  // restarts, sidecar_restarts: the most of one container; all_restarts: of all
  std::int64_t restarts = 0, sidecar_restarts = 0, all_restarts = 0, deletion_cost = 0, index_failures = 0;
  bool tracked = false;  // has the finalizer of Jobs
  std::vector<std::string> ips;
  std::string hostname, subdomain;
  std::vector<std::string> claims;  // that its volumes are of; those of ephemeral ones by their name to be
  bool has_ephemeral_volumes = false;
  std::vector<Exit> exits;            // of terminated containers; only when it failed
  std::vector<Condition> conditions;  // those that are no conditions of life; only when it failed

  bool ended() const { return phase == Phase::succeeded || phase == Phase::failed; }
  bool active() const { return !ended() && !deleting(); }
  bool available(Seconds min_ready, Seconds now) const {
    return ready && (min_ready == 0 || ready_since + min_ready <= now);
  }
};
using Pods = std::vector<const Pod*>;

struct Node final : Facts {
  std::vector<kube::Taint> taints;
  std::string ready;                      // "True", "False", "Unknown"; "" when it has never said it
  Seconds ready_since = 0, heard_at = 0;  // of that condition: its transition, its heartbeat
  std::string pod_range;                  // spec.podCIDR
  std::string zone;
  std::int64_t cpu_milli = 0;  // that pods may have
};

struct Volume final : Facts {
  std::string claim, claim_uid;  // key of spec.claimRef
  std::string class_name, phase;
};

struct Claim final : Facts {
  std::string volume, class_name, phase;  // spec.volumeName, ...
  std::string node;                       // that the scheduler has chosen for it
  bool has_class = false;                 // spec.storageClassName is there, if only as ""
};

struct Secret final : Facts {
  std::string type, account, account_uid;  // of a token: whose it is
  Seconds expires = 0;                     // of a bootstrap token
};

std::unique_ptr<const Facts> facts_of(Kind kind, const json::Item& object);
bool matches(const kube::LabelSelector& selector, const Labels& labels);

Labels labels_of(const json::Item* labels);
Seconds time_at(const json::Item& object, std::string_view path);  // 0 when absent
std::string time_text(Seconds at);                                 // "2026-01-01T00:00:00Z"

}  // namespace podo::controllers
