#include <arpa/inet.h>
#include <endian.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/core/ensure.h"
#include "base/linux/nftables_rule.h"

namespace podo::linux {
namespace {

constexpr std::size_t interface_name_bytes = 16;
// Offsets in the headers of IPv4, IPv6, TCP and UDP.
constexpr std::uint32_t source4 = 12, destination4 = 16, source6 = 8, destination6 = 24;
constexpr std::uint32_t source_port_offset = 0, destination_port_offset = 2;
constexpr std::uint32_t checksum_of_tcp = 16, checksum_of_udp = 6;

std::uint32_t number_of_register(NftRule::Register number) { return NFT_REG32_00 + number; }

template <class T>
std::string_view bytes_of_number(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string prefix_mask(int bits, int length) {
  return std::string(IpAddress::from_bytes(std::string(static_cast<std::size_t>(bits / 8), '\0'))
                         .with_host_bits(0, true)
                         .with_host_bits(length, false)
                         .bytes());
}

void put_data(NetlinkAttributes& out, std::uint16_t type, std::string_view bytes) {
  out.nested(type, [&](NetlinkAttributes& data) { data.attribute(NFTA_DATA_VALUE, bytes); });
}

}  // namespace

void put_milliseconds(NetlinkAttributes& out, std::uint16_t type, Duration time) {
  const std::uint64_t big_endian = htobe64(static_cast<std::uint64_t>(time.ns / 1'000'000));
  out.attribute(type, bytes_of_number(big_endian));
}

void put_verdict(NetlinkAttributes& out, std::uint16_t type, std::int32_t code, std::string_view chain) {
  out.nested(type, [&](NetlinkAttributes& data) {
    data.nested(NFTA_DATA_VERDICT, [&](NetlinkAttributes& verdict) {
      verdict.big_endian(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
      if (!chain.empty()) verdict.text_attribute(NFTA_VERDICT_CHAIN, chain);
    });
  });
}

std::string nft_interface_key(std::string_view name) {
  std::string key(name.substr(0, interface_name_bytes - 1));
  key.resize(interface_name_bytes);
  return key;
}

std::string nft_port_key(std::uint16_t port) {
  const std::uint16_t big_endian = htons(port);
  std::string key(bytes_of_number(big_endian));
  key.resize(4);
  return key;
}

std::string nft_protocol_key(std::uint8_t protocol) {
  std::string key(1, static_cast<char>(protocol));
  key.resize(4);
  return key;
}

std::string nft_number_key(std::uint32_t number) { return std::string(bytes_of_number(number)); }

template <class F>
NftRule& NftRule::expression(std::string_view name, F fill) {
  expressions_.nested(NFTA_LIST_ELEM, [&](NetlinkAttributes& element) {
    element.text_attribute(NFTA_EXPR_NAME, name).nested(NFTA_EXPR_DATA, fill);
  });
  return *this;
}

NftRule& NftRule::load_meta(std::uint32_t key, Register into) {
  return expression("meta", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_META_KEY, key).big_endian(NFTA_META_DREG, number_of_register(into));
  });
}

NftRule& NftRule::compare(Register with, std::string_view bytes, bool equal) {
  return expression("cmp", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_CMP_SREG, number_of_register(with));
    data.big_endian(NFTA_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    put_data(data, NFTA_CMP_DATA, bytes);
  });
}

NftRule& NftRule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, Register into) {
  return expression("payload", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_PAYLOAD_DREG, number_of_register(into)).big_endian(NFTA_PAYLOAD_BASE, base);
    data.big_endian(NFTA_PAYLOAD_OFFSET, offset).big_endian(NFTA_PAYLOAD_LEN, size);
  });
}

NftRule& NftRule::load_constant(std::string_view bytes, Register into) {
  return expression("immediate", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_IMMEDIATE_DREG, number_of_register(into));
    put_data(data, NFTA_IMMEDIATE_DATA, bytes);
  });
}

NftRule& NftRule::family(std::uint8_t nfproto) {
  return load_meta(NFT_META_NFPROTO, 0).compare(0, bytes_of_number(nfproto), true);
}

NftRule& NftRule::interface_in(std::string_view name, bool is) {
  return load_meta(NFT_META_IIFNAME, 0).compare(0, nft_interface_key(name), is);
}

NftRule& NftRule::interface_out(std::string_view name, bool is) {
  return load_meta(NFT_META_OIFNAME, 0).compare(0, nft_interface_key(name), is);
}

NftRule& NftRule::address(const IpPrefix& prefix, bool is, std::uint32_t offset4, std::uint32_t offset6) {
  const std::string_view first = prefix.address.bytes();
  const auto size = static_cast<std::uint32_t>(first.size());
  payload(NFT_PAYLOAD_NETWORK_HEADER, prefix.address.is_v4() ? offset4 : offset6, size, 0);
  if (prefix.length < prefix.address.bits())
    expression("bitwise", [&](NetlinkAttributes& data) {
      data.big_endian(NFTA_BITWISE_SREG, number_of_register(0));
      data.big_endian(NFTA_BITWISE_DREG, number_of_register(0)).big_endian(NFTA_BITWISE_LEN, size);
      put_data(data, NFTA_BITWISE_MASK, prefix_mask(prefix.address.bits(), prefix.length));
      put_data(data, NFTA_BITWISE_XOR, std::string(size, '\0'));
    });
  return compare(0, prefix.first().bytes(), is);
}

NftRule& NftRule::source(const IpPrefix& prefix, bool is) { return address(prefix, is, source4, source6); }

NftRule& NftRule::destination(const IpPrefix& prefix, bool is) {
  return address(prefix, is, destination4, destination6);
}

NftRule& NftRule::protocol(std::uint8_t protocol) {
  return load_meta(NFT_META_L4PROTO, 0).compare(0, bytes_of_number(protocol), true);
}

NftRule& NftRule::source_port(std::uint16_t port) {
  const std::uint16_t big_endian = htons(port);
  return load_source_port(0).compare(0, bytes_of_number(big_endian), true);
}

NftRule& NftRule::destination_port(std::uint16_t port) {
  const std::uint16_t big_endian = htons(port);
  return load_destination_port(0).compare(0, bytes_of_number(big_endian), true);
}

NftRule& NftRule::destination_ports(std::uint16_t first, std::uint16_t last) {
  if (first == last) return destination_port(first);
  const std::uint16_t from = htons(first), to = htons(last);
  return load_destination_port(0).expression("range", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_RANGE_SREG, number_of_register(0)).big_endian(NFTA_RANGE_OP, NFT_RANGE_EQ);
    put_data(data, NFTA_RANGE_FROM_DATA, bytes_of_number(from));
    put_data(data, NFTA_RANGE_TO_DATA, bytes_of_number(to));
  });
}

NftRule& NftRule::any_bit(Register of, std::uint32_t bits) {
  const std::uint32_t none = 0;
  expression("bitwise", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_BITWISE_SREG, number_of_register(of));
    data.big_endian(NFTA_BITWISE_DREG, number_of_register(of)).big_endian(NFTA_BITWISE_LEN, sizeof bits);
    put_data(data, NFTA_BITWISE_MASK, bytes_of_number(bits));
    put_data(data, NFTA_BITWISE_XOR, bytes_of_number(none));
  });
  return compare(of, bytes_of_number(none), false);
}

NftRule& NftRule::load_connection(std::uint32_t key, Register into) {
  return expression("ct", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_CT_KEY, key).big_endian(NFTA_CT_DREG, number_of_register(into));
  });
}

NftRule& NftRule::connection_state(std::uint32_t any_of) {
  return load_connection(NFT_CT_STATE, 0).any_bit(0, any_of);
}

NftRule& NftRule::connection_status(std::uint32_t any_of) {
  return load_connection(NFT_CT_STATUS, 0).any_bit(0, any_of);
}

NftRule& NftRule::is_original_direction(bool is) {
  const std::uint8_t original = 0;  // IP_CT_DIR_ORIGINAL
  return load_connection(NFT_CT_DIRECTION, 0).compare(0, bytes_of_number(original), is);
}

NftRule& NftRule::mark(std::uint32_t value) {
  return load_meta(NFT_META_MARK, 0).compare(0, bytes_of_number(value), true);
}

NftRule& NftRule::destination_is_local() {
  expression("fib", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_FIB_DREG, number_of_register(0));
    data.big_endian(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE).big_endian(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
  });
  const std::uint32_t local = RTN_LOCAL;
  return compare(0, bytes_of_number(local), true);
}

NftRule& NftRule::in_set(std::string_view set, Register key, bool is) {
  return expression("lookup", [&](NetlinkAttributes& data) {
    data.text_attribute(NFTA_LOOKUP_SET, set).big_endian(NFTA_LOOKUP_SREG, number_of_register(key));
    if (!is) data.big_endian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  });
}

NftRule& NftRule::load_source(std::uint8_t nfproto, Register into) {
  const bool v4 = nfproto == NFPROTO_IPV4;
  return payload(NFT_PAYLOAD_NETWORK_HEADER, v4 ? source4 : source6, v4 ? 4 : 16, into);
}

NftRule& NftRule::load_destination(std::uint8_t nfproto, Register into) {
  const bool v4 = nfproto == NFPROTO_IPV4;
  return payload(NFT_PAYLOAD_NETWORK_HEADER, v4 ? destination4 : destination6, v4 ? 4 : 16, into);
}

NftRule& NftRule::load_source_port(Register into) {
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, source_port_offset, 2, into);
}

NftRule& NftRule::load_destination_port(Register into) {
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, destination_port_offset, 2, into);
}

NftRule& NftRule::load_random(std::uint32_t below, std::uint32_t offset, Register into) {
  return expression("numgen", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_NG_DREG, number_of_register(into)).big_endian(NFTA_NG_MODULUS, below);
    data.big_endian(NFTA_NG_TYPE, NFT_NG_RANDOM).big_endian(NFTA_NG_OFFSET, offset);
  });
}

NftRule& NftRule::one_in(std::uint32_t count) {
  const std::uint32_t first = 0;
  return load_random(count, 0, 0).compare(0, bytes_of_number(first), true);
}

NftRule& NftRule::look_up(std::string_view map, Register key, Register into) {
  return expression("lookup", [&](NetlinkAttributes& data) {
    data.text_attribute(NFTA_LOOKUP_SET, map).big_endian(NFTA_LOOKUP_SREG, number_of_register(key));
    data.big_endian(NFTA_LOOKUP_DREG, number_of_register(into));
  });
}

NftRule& NftRule::look_up_verdict(std::string_view map, Register key) {
  return expression("lookup", [&](NetlinkAttributes& data) {
    data.text_attribute(NFTA_LOOKUP_SET, map).big_endian(NFTA_LOOKUP_SREG, number_of_register(key));
    data.big_endian(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
  });
}

NftRule& NftRule::keep_element(std::string_view set, Register key, Duration timeout) {
  return expression("dynset", [&](NetlinkAttributes& dynset) {
    dynset.text_attribute(NFTA_DYNSET_SET_NAME, set).big_endian(NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
    dynset.big_endian(NFTA_DYNSET_SREG_KEY, number_of_register(key));
    put_milliseconds(dynset, NFTA_DYNSET_TIMEOUT, timeout);
  });
}

NftRule& NftRule::set_mark(std::uint32_t value) {
  return load_constant(bytes_of_number(value), 0).expression("meta", [](NetlinkAttributes& data) {
    data.big_endian(NFTA_META_KEY, NFT_META_MARK).big_endian(NFTA_META_SREG, number_of_register(0));
  });
}

NftRule& NftRule::count() {
  return expression("counter", [](NetlinkAttributes&) {});
}

NftRule& NftRule::destination_nat(std::uint8_t nfproto, Register address, Register port) {
  return expression("nat", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_NAT_TYPE, NFT_NAT_DNAT).big_endian(NFTA_NAT_FAMILY, nfproto);
    data.big_endian(NFTA_NAT_REG_ADDR_MIN, number_of_register(address));
    data.big_endian(NFTA_NAT_REG_PROTO_MIN, number_of_register(port));
  });
}

NftRule& NftRule::source_nat(const IpAddress& address) {
  return load_constant(address.bytes(), 0).expression("nat", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_NAT_TYPE, NFT_NAT_SNAT);
    data.big_endian(NFTA_NAT_FAMILY, address.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
    data.big_endian(NFTA_NAT_REG_ADDR_MIN, number_of_register(0));
  });
}

NftRule& NftRule::masquerade() {
  return expression("masq", [](NetlinkAttributes&) {});
}

NftRule& NftRule::reset_connection() {
  return expression("reject",
                    [](NetlinkAttributes& data) { data.big_endian(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST); });
}

NftRule& NftRule::refuse(std::uint8_t code) {
  return expression("reject", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH).byte_attribute(NFTA_REJECT_ICMP_CODE, code);
  });
}

NftRule& NftRule::verdict(std::int32_t code, std::string_view chain) {
  return expression("immediate", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    put_verdict(data, NFTA_IMMEDIATE_DATA, code, chain);
  });
}

NftRule& NftRule::set_port(std::uint32_t offset, std::uint8_t protocol, std::uint16_t port) {
  const std::uint16_t big_endian = htons(port);
  return load_constant(bytes_of_number(big_endian), 0).expression("payload", [&](NetlinkAttributes& data) {
    data.big_endian(NFTA_PAYLOAD_SREG, number_of_register(0));
    data.big_endian(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    data.big_endian(NFTA_PAYLOAD_OFFSET, offset).big_endian(NFTA_PAYLOAD_LEN, sizeof big_endian);
    data.big_endian(NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    data.big_endian(NFTA_PAYLOAD_CSUM_OFFSET, protocol == IPPROTO_TCP ? checksum_of_tcp : checksum_of_udp);
  });
}

NftRule& NftRule::set_source_port(std::uint8_t protocol, std::uint16_t port) {
  return set_port(source_port_offset, protocol, port);
}

NftRule& NftRule::set_destination_port(std::uint8_t protocol, std::uint16_t port) {
  return set_port(destination_port_offset, protocol, port);
}

}  // namespace podo::linux
