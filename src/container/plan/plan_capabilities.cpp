// `process.capabilities` (config.md#linux-process): the five sets, cut down to what the caller can give.
#include "base/linux/capability.h"
#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

struct Unknown {
  std::string names;
  void add(std::string_view name) {
    const std::string shown = quoted(name);
    if (names.size() > 200 || names.find(shown) != names.npos) return;
    names += names.empty() ? shown : ", " + shown;
  }
};

std::uint64_t set_of(const std::vector<std::string>& names, Unknown& unknown) {
  std::uint64_t set = 0;
  for (const std::string& name : names) {
    if (const auto capability = linux::find_capability(name)) {
      set |= linux::capability_bit(*capability);
    } else {
      unknown.add(name);
    }
  }
  return set;
}

}  // namespace

HostFacts inside_user_namespace(HostFacts host) {
  host.bounding_capabilities = host.permitted_capabilities = ~0ull;
  return host;
}

CapabilitySets plan_capabilities(const oci::Capabilities& wanted, const HostFacts& host, Warnings& warnings) {
  Unknown unknown;
  const CapabilitySets asked{.bounding = set_of(wanted.bounding, unknown),
                             .effective = set_of(wanted.effective, unknown),
                             .inheritable = set_of(wanted.inheritable, unknown),
                             .permitted = set_of(wanted.permitted, unknown),
                             .ambient = set_of(wanted.ambient, unknown)};
  const std::uint64_t known =
      host.last_capability >= 63 ? ~0ull : linux::capability_bit(host.last_capability + 1) - 1;
  const std::uint64_t bounding = host.bounding_capabilities & known;
  const std::uint64_t held = bounding & host.permitted_capabilities;
  CapabilitySets plan{.bounding = asked.bounding & bounding,
                      .inheritable = asked.inheritable & held,
                      .permitted = asked.permitted & held};
  plan.effective = asked.effective & plan.permitted;                 // capset(2) refuses more,
  plan.ambient = asked.ambient & plan.permitted & plan.inheritable;  // and so does PR_CAP_AMBIENT_RAISE

  if (!unknown.names.empty())
    warnings.push_back(text("process.capabilities: unknown and left out: {}", unknown.names));
  const std::uint64_t lacking =
      (asked.bounding & ~bounding) |
      ((asked.effective | asked.inheritable | asked.permitted | asked.ambient) & ~held);
  if (lacking) {
    warnings.push_back(text("process.capabilities: left out, since the caller lacks them: {}",
                            linux::name_capabilities(lacking)));
  }
  if (const auto apart = asked.effective & ~plan.permitted & ~lacking) {
    warnings.push_back(text("process.capabilities.effective: left out, since they are not permitted: {}",
                            linux::name_capabilities(apart)));
  }
  if (const auto apart = asked.ambient & ~plan.ambient & ~lacking) {
    warnings.push_back(
        text("process.capabilities.ambient: left out, since they are not permitted and inheritable: {}",
             linux::name_capabilities(apart)));
  }
  return plan;
}

}  // namespace podo::runtime
