// The Pod Security Standards: what pods may not have at a level, as of a version of Kubernetes. Pure.
//
//   const Verdict verdict = judge(metadata, spec, {Level::baseline});
//   verdict.text()    `privileged (container "x" must not set securityContext.privileged=true), ...`
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"

namespace podo::admission {

enum class Level : std::uint8_t { privileged, baseline, restricted };

struct Standard {
  static constexpr int latest = 1'000'000;
  Level level = Level::privileged;
  int minor = latest;        // of Kubernetes 1.x
  std::string text() const;  // "restricted:latest", "baseline:v1.24"
  bool operator==(const Standard&) const = default;
};

struct Violation {
  std::string reason, detail;  // "privileged", `container "x" must not set ...`
};
struct Verdict {
  std::vector<Violation> violations;
  bool allowed() const { return violations.empty(); }
  std::string text() const;     // with details
  std::string reasons() const;  // without them
};

// `metadata` may be null.
Verdict judge(const json::Item* metadata, const json::Item& pod_spec, const Standard& standard);

// Private to pod_security_*.cpp: a check adds to `out` what it finds.
struct SecuredPod {
  const json::Item* metadata;
  const json::Item& spec;
  int minor;
  std::vector<const json::Item*> containers;  // init, usual and ephemeral ones
  bool is_windows() const;
  bool has_own_users() const;  // hostUsers: false
};
struct Check {
  std::string_view id;
  int since = 0;  // the minor version
  void (*run)(const SecuredPod& pod, std::vector<Violation>& out);
  std::string_view replaces = {};  // the check of the level below that it includes
};
std::span<const Check> baseline_checks();    // by id
std::span<const Check> restricted_checks();  // by id
void check_proc_mount(const SecuredPod& pod, std::vector<Violation>& out);

// Those of the pod and its containers that say something bad: "pod and containers "a", "b"".
class Culprits {
 public:
  void pod() { pod_ = true; }
  void container(const json::Item& container);
  bool empty() const { return !pod_ && containers_.empty(); }
  std::string text() const;
  std::string_view verb(std::string_view one, std::string_view many) const {
    return containers_.size() == 1 ? one : many;
  }

 private:
  bool pod_ = false;
  std::vector<std::string> containers_;
};
// "volume "a"", "volumes "a", "b"".
std::string counted(std::string_view one, std::string_view many, const std::vector<std::string>& names);
std::string quoted(const std::vector<std::string>& names);
void insert_sorted(std::vector<std::string>& set, std::string_view value);

}  // namespace podo::admission
