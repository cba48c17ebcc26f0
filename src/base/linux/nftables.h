// nftables(8) as the kernel has it: tables, chains, sets and maps, and rules as lists of expressions. A batch
// changes one table, wholly or not at all.
//
//   NftBatch batch(NFPROTO_INET, "podo");
//   batch.add_table();
//   batch.add_chain({.name = "forward", .type = "filter", .hook = NF_INET_FORWARD, .priority = 0});
//   batch.add_rule("forward", NftRule().interface_in("br0").count().verdict(NF_DROP));
//   TRY(batch.commit());
//
// An expression reads and writes registers of 4 bytes. A rule ends where an expression does not match. The
// encoders below write, where they compare, what `nft list ruleset` prints again in the language of nft(8).
#pragma once

#include <netinet/in.h>  // before the kernel's headers, which then leave out what it has
//
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/ip_address.h"
#include "base/linux/netlink.h"

namespace podo::linux {

// Types of keys, by the numbers nft(8) prints them by; concatenated() joins two or more.
enum class NftType : std::uint32_t { ipv4 = 7, ipv6 = 8, protocol = 12, port = 13, interface_name = 41 };
constexpr std::uint32_t concatenated(std::uint32_t first, NftType second) {
  return first << 6 | static_cast<std::uint32_t>(second);
}

std::string nft_interface_key(std::string_view name);  // 16 bytes
std::string nft_port_key(std::uint16_t port);          // 4 bytes, as in a concatenation
std::string nft_protocol_key(std::uint8_t protocol);   // likewise

class NftRule {
 public:
  using Register = std::uint32_t;  // counts fields of 4 bytes, from 0 to 15

  // Matches.
  NftRule& family(std::uint8_t nfproto);  // NFPROTO_IPV4, NFPROTO_IPV6
  NftRule& interface_in(std::string_view name, bool is = true);
  NftRule& interface_out(std::string_view name, bool is = true);
  NftRule& source(const IpPrefix& prefix, bool is = true);  // after family()
  NftRule& destination(const IpPrefix& prefix, bool is = true);
  NftRule& protocol(std::uint8_t protocol);
  NftRule& source_port(std::uint16_t port);  // after protocol()
  NftRule& destination_port(std::uint16_t port);
  NftRule& connection_state(std::uint32_t any_of);   // bits: NF_CT_STATE_BIT of the kernel, see below
  NftRule& connection_status(std::uint32_t any_of);  // IPS_*
  NftRule& destination_is_local();
  NftRule& in_set(std::string_view set, Register key, bool is = true);

  // Loads.
  NftRule& load_meta(std::uint32_t key, Register into);
  NftRule& load_destination(std::uint8_t nfproto, Register into);
  NftRule& load_destination_port(Register into);
  NftRule& look_up(std::string_view map, Register key, Register into);

  // Acts.
  NftRule& count();
  NftRule& set_source_port(std::uint8_t protocol, std::uint16_t port);  // TCP or UDP; checksum included
  NftRule& set_destination_port(std::uint8_t protocol, std::uint16_t port);
  NftRule& destination_nat(std::uint8_t nfproto, Register address, Register port);
  NftRule& source_nat(const IpAddress& address);
  NftRule& masquerade();
  NftRule& verdict(std::int32_t code, std::string_view chain = {});  // NF_ACCEPT, NF_DROP, NFT_JUMP...

  const NetlinkAttributes& expressions() const { return expressions_; }

 private:
  template <class F>
  NftRule& expression(std::string_view name, F fill);
  NftRule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, Register into);
  NftRule& set_port(std::uint32_t offset, std::uint8_t protocol, std::uint16_t port);
  NftRule& compare(Register with, std::string_view bytes, bool equal);
  NftRule& any_bit(Register of, std::uint32_t bits);
  NftRule& address(const IpPrefix& prefix, bool is, std::uint32_t offset4, std::uint32_t offset6);
  NftRule& immediate(Register into, std::string_view bytes);
  NetlinkAttributes expressions_;
};
inline constexpr std::uint32_t nft_established_or_related = 2 | 4;

struct NftChain {
  std::string name;
  std::string type = {};  // "filter", "nat"; "": no base chain
  std::uint32_t hook = 0;
  std::int32_t priority = 0;
  std::uint32_t policy = NF_ACCEPT;
};

struct NftSet {
  std::string name;
  std::uint32_t key_type = 0, key_bytes = 0;
  std::uint32_t data_type = 0, data_bytes = 0;  // a map, when there are data
};
struct NftElement {
  std::string key, data = {};
};

class NftBatch {
 public:
  NftBatch(std::uint8_t family, std::string table) : family_(family), table_(std::move(table)) {}
  void add_table();
  void remove_table();  // there must be one: add it first when that is not sure
  void add_chain(const NftChain& chain);
  void flush_chain(const std::string& chain);
  void add_rule(const std::string& chain, const NftRule& rule);
  void add_set(const NftSet& set);
  void flush_set(const std::string& set);
  void add_elements(const std::string& set, const std::vector<NftElement>& elements);
  void remove_elements(const std::string& set, const std::vector<NftElement>& elements);

  bool empty() const { return requests_.empty(); }
  // In the network namespace of the calling thread. A batch may be committed again.
  Result<> commit() const;
  Result<> commit(NetlinkSocket& socket) const;  // of NETLINK_NETFILTER; in its namespace
  const std::vector<NetlinkRequest>& requests() const { return requests_; }

 private:
  NetlinkRequest& request(std::uint16_t type, std::uint16_t flags, std::string what);
  void change_elements(std::uint16_t type, std::uint16_t flags, const std::string& set,
                       const std::vector<NftElement>& elements);
  std::uint8_t family_;
  std::string table_;
  std::vector<NetlinkRequest> requests_;
  std::uint32_t sets_ = 0;
};

// Base chains of every table, for a word of warning about what others drop.
struct NftBaseChain {
  std::uint8_t family = 0;
  std::string table, name;
  std::uint32_t hook = 0;
  bool drops = false;  // its policy
};
Result<std::vector<NftBaseChain>> list_base_chains();

}  // namespace podo::linux
