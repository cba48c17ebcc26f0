// How the service table lies in the nft table `inet PREFIX-services`. Every set is there for each family:
// inside4, inside6.
//
//   map inside     front -> way                       for pods of this node and the node itself
//   map outside    front -> way                       for everybody else
//   map ways       way -> goto a chain                (of both families)
//   map backend    front . number -> address . port
//   set source     front . addresses                  who may come, of those from outside
//   set here       address . address                  of a backend here, twice: a pod that reaches itself
//   set elsewhere  address                            of backends of other nodes
//   map chosen     client . front -> address . port   affinity; kept by rules, each element for its time
//   set alive      front . address . port             backends of fronts with affinity
//
//   front := address . protocol . port                address 0: any address of this node, a node port
//
//   prerouting, output -> inside | outside -> the chain of a way -> destination NAT
//   postrouting: masquerade
//
// Fronts that choose in the same way, among as many, share one chain. So a change of a Service changes
// elements; chains come and go with the first and last front that needs them. `inside` leads to the number of
// a way, not to its chain: of every element that leads to a chain the kernel makes sure with every such change
// that it leads in no circle.
#pragma once

#include <array>
#include <optional>

#include "base/linux/nftables.h"
#include "traffic/services/service_rules.h"

namespace podo::services {

enum class SetKind : std::uint8_t { inside, outside, backend, source, here, elsewhere, chosen, alive };
inline constexpr std::size_t set_kinds = 8;

struct SetName {
  SetKind kind = SetKind::inside;
  bool v6 = false;
  auto operator<=>(const SetName&) const = default;
};
std::string text_of(const SetName& set);  // "inside4"
inline constexpr auto ways_map = "ways";

// Keys and data of elements.
std::string front_key(const FrontKey& front);
std::string endpoint_key(const Backend& backend);
std::optional<FrontKey> front_of(std::string_view key, bool v6);  // what is behind it does not matter
std::optional<Backend> endpoint_of(std::string_view key, bool v6);

// How one of `count` backends is chosen. Refusing and dropping are ways, too.
struct Way {
  bool v6 = false;
  bool node_port = false;
  bool outside = false;  // among those for outside
  bool sourced = false;  // for some sources only
  std::uint32_t count = 0;
  std::int64_t affinity_s = 0;
  auto operator<=>(const Way&) const = default;
};
inline constexpr std::uint32_t refusing = 1, dropping = 2, first_way = 3;
inline constexpr std::uint32_t first_outside = 1 << 16;  // numbers of backends for outside begin here

std::string chain_of(const Way& way);  // "choose4_3", "choose6_2_node_outside_sourced_affinity_10800"
std::optional<Way> way_of(std::string_view chain);

void add_way_chain(linux::NftBatch& batch, const Way& way);
void add_affinity_sets(linux::NftBatch& batch, bool v6);
// Everything that no front is needed for; whatever was in the table before goes.
linux::NftBatch empty_table(const RulesOptions& options);

}  // namespace podo::services
