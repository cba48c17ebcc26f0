// A rule of nftables: a list of expressions that read and write registers of 4 bytes. It ends where an
// expression does not match. What the encoders below write, `nft list ruleset` prints again in the language
// of nft(8), as long as a header's field is loaded behind family(), and a port behind protocol() or beside
// load_meta(NFT_META_L4PROTO).
//
//   NftRule().interface_in("br0").count().verdict(NF_DROP)
//   NftRule().family(NFPROTO_IPV4).load_destination(NFPROTO_IPV4, 0).look_up_verdict("by_pod", 0)
#pragma once

#include <netinet/in.h>  // before the kernel's headers, which then leave out what it has
//
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/ip_address.h"
#include "base/linux/netlink.h"

namespace podo::linux {

// Types of keys, by the numbers nft(8) prints them by; concatenated() joins two or more.
enum class NftType : std::uint32_t {
  ipv4 = 7,
  ipv6 = 8,
  protocol = 12,
  port = 13,
  mark = 19,  // any number of the host's byte order
  interface_name = 41,
  verdict = 0xffffff00,  // of data only: elements of the map lead to chains
};
constexpr std::uint32_t number_of(NftType type) { return static_cast<std::uint32_t>(type); }
constexpr std::uint32_t concatenated(std::uint32_t first, NftType second) {
  return first << 6 | number_of(second);
}
constexpr std::uint32_t concatenated(NftType first, NftType second) {
  return concatenated(number_of(first), second);
}

std::string nft_interface_key(std::string_view name);  // 16 bytes
std::string nft_port_key(std::uint16_t port);          // 4 bytes, as in a concatenation
std::string nft_protocol_key(std::uint8_t protocol);   // likewise
std::string nft_number_key(std::uint32_t number);      // 4 bytes, of the host's byte order

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
  NftRule& destination_ports(std::uint16_t first, std::uint16_t last);
  NftRule& connection_state(std::uint32_t any_of);   // bits: NF_CT_STATE_BIT of the kernel, see below
  NftRule& connection_status(std::uint32_t any_of);  // IPS_*
  NftRule& is_original_direction(bool is = true);    // of its connection
  NftRule& mark(std::uint32_t value);
  NftRule& destination_is_local();
  NftRule& one_in(std::uint32_t count);  // by lot
  NftRule& in_set(std::string_view set, Register key, bool is = true);

  // Loads.
  NftRule& load_meta(std::uint32_t key, Register into);
  NftRule& load_source(std::uint8_t nfproto, Register into);
  NftRule& load_destination(std::uint8_t nfproto, Register into);
  NftRule& load_source_port(Register into);
  NftRule& load_destination_port(Register into);
  NftRule& load_constant(std::string_view bytes, Register into);
  NftRule& load_random(std::uint32_t below, std::uint32_t offset, Register into);  // offset <= it
  // For destination_nat(): with what was looked up in a key, `nft list ruleset` fails.
  NftRule& look_up(std::string_view map, Register key, Register into);

  // Acts.
  NftRule& count();
  NftRule& look_up_verdict(std::string_view map, Register key);  // and goes there
  // An element of a dynamic set: it is added, or its time begins anew. A full set ends the rule.
  NftRule& keep_element(std::string_view set, Register key, Duration timeout);
  NftRule& set_mark(std::uint32_t value);
  NftRule& set_source_port(std::uint8_t protocol, std::uint16_t port);  // TCP or UDP; checksum included
  NftRule& set_destination_port(std::uint8_t protocol, std::uint16_t port);
  NftRule& destination_nat(std::uint8_t nfproto, Register address, Register port);
  NftRule& source_nat(const IpAddress& address);
  NftRule& masquerade();
  NftRule& reset_connection();                                       // after protocol(IPPROTO_TCP)
  NftRule& refuse(std::uint8_t code);                                // NFT_REJECT_ICMPX_*
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
  NftRule& load_connection(std::uint32_t key, Register into);
  NetlinkAttributes expressions_;
};
// As elements and expressions have them.
void put_verdict(NetlinkAttributes& out, std::uint16_t type, std::int32_t code, std::string_view chain);
void put_milliseconds(NetlinkAttributes& out, std::uint16_t type, Duration time);

inline constexpr std::uint32_t nft_established_or_related = 2 | 4;
inline constexpr std::uint32_t nft_untracked = 64;  // of no connection: neighbours are found by such packets

}  // namespace podo::linux
