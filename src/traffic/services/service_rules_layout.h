// How the service table lies in the nft table `inet PREFIX-services`. Every set is there for each family, and
// those of fronts once more for node ports: inside4, inside6, node_inside4, node_inside6.
//
//   map inside     front -> goto a chain             for pods of this node and the node itself
//   map outside    front -> goto a chain             for everybody else
//   map backend    front . number -> address . port
//   set source     front . addresses                 who may come, of those from outside
//   set here       address . address                 of a backend here, twice: a pod that reaches itself
//   set elsewhere  address                           of backends of other nodes
//   set stays      client . front . address . port   affinity; kept by rules, each element for its time
//
//   front := address . protocol . port | protocol . port
//
//   prerouting, output -> inside | outside -> a chain that chooses -> destination NAT
//   postrouting: masquerade
//
// Fronts that choose in the same way, among as many, share one chain. So a change of a Service changes
// elements; shared chains come and go with the first and last front that needs them. A front with affinity
// has chains of its own, with a rule for each backend.
#pragma once

#include <array>
#include <optional>

#include "base/linux/nftables.h"
#include "traffic/services/service_rules.h"

namespace podo::services {

enum class SetKind : std::uint8_t { inside, outside, backend, source, here, elsewhere, stays };

struct SetName {
  SetKind kind = SetKind::inside;
  bool v6 = false, node_port = false;
  auto operator<=>(const SetName&) const = default;
};
std::string text_of(const SetName& set);  // "inside4", "node_inside4"

// Keys and data of elements. What lies behind is not looked at.
std::string front_key(const FrontKey& front);
std::string endpoint_key(const Backend& backend);
std::size_t front_key_bytes(bool v6, bool node_port);
std::optional<FrontKey> front_of(std::string_view key, bool v6, bool node_port);
std::optional<Backend> endpoint_of(std::string_view key, bool v6);
std::size_t stays_key_bytes(bool v6);

// How one of `count` backends is chosen.
struct Way {
  bool v6 = false;
  bool node_port = false;
  bool outside = false;  // among those for outside
  bool sourced = false;  // for some sources only
  std::uint32_t count = 0;
  auto operator<=>(const Way&) const = default;
};
inline constexpr auto refusing_chain = "refuse", untranslated_chain = "untranslated";
inline constexpr std::uint32_t first_outside = 1 << 16;  // numbers of backends for outside begin here

// "choose4_3", "choose6_2_node_outside_sourced"; with affinity "stay4_10.96.0.1_6_80_10800"
std::string chain_of(const Way& way);
std::string chain_of(const Way& way, const FrontKey& front, std::int64_t affinity_s);
struct WaySeen {
  bool outside = false, sourced = false;
  std::int64_t affinity_s = 0;
};
std::optional<WaySeen> way_of(std::string_view chain);

void add_way_rules(linux::NftBatch& batch, const Way& way);  // to its chain
void add_way_rules(linux::NftBatch& batch, const Way& way, const FrontKey& front, std::int64_t affinity_s,
                   const std::vector<Backend>& backends);
void add_affinity_set(linux::NftBatch& batch, bool v6);
// Everything that no front is needed for; whatever was in the table before goes.
linux::NftBatch empty_table(const RulesOptions& options);

}  // namespace podo::services
