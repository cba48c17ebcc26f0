#include "base/linux/nftables.h"

#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

namespace podo::linux {
namespace {

constexpr std::size_t list_bytes_max = 48 * 1024;  // a nested attribute has at most 64 KiB

constexpr std::uint16_t message(std::uint16_t type) { return NFNL_SUBSYS_NFTABLES << 8 | type; }

nfgenmsg body_of(std::uint8_t family, std::uint16_t resource = 0) {
  return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
}

void put_value(NetlinkAttributes& element, std::uint16_t type, std::string_view bytes) {
  element.nested(type, [&](NetlinkAttributes& value) { value.attribute(NFTA_DATA_VALUE, bytes); });
}

void put_element(NetlinkAttributes& out, const NftElement& element) {
  if (element.ends_interval) out.big_endian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  put_value(out, NFTA_SET_ELEM_KEY, element.key);
  if (element.timeout.ns != 0) put_milliseconds(out, NFTA_SET_ELEM_TIMEOUT, element.timeout);
  if (element.expires_in.ns != 0) put_milliseconds(out, NFTA_SET_ELEM_EXPIRATION, element.expires_in);
  if (!element.key_last.empty()) put_value(out, NFTA_SET_ELEM_KEY_END, element.key_last);
  if (!element.data.empty()) put_value(out, NFTA_SET_ELEM_DATA, element.data);
  if (element.verdict) put_verdict(out, NFTA_SET_ELEM_DATA, element.verdict->code, element.verdict->chain);
}

}  // namespace

std::vector<NftElement> nft_interval(const std::string& first, const std::string& last) {
  std::vector<NftElement> elements = {{.key = first}};
  std::string behind = last;
  for (std::size_t i = behind.size(); i-- > 0;)
    if (++reinterpret_cast<unsigned char&>(behind[i]) != 0) {
      elements.push_back({.key = std::move(behind), .ends_interval = true});
      break;
    }
  return elements;
}

NetlinkRequest& NftBatch::request(std::uint16_t type, std::uint16_t flags, std::string what) {
  NetlinkRequest& made =
      requests_.emplace_back(message(type), flags, text("table {}: {}", table_, std::move(what)));
  made.body(body_of(family_));
  return made;
}

void NftBatch::add_table() {
  request(NFT_MSG_NEWTABLE, NLM_F_CREATE, "add").text_attribute(NFTA_TABLE_NAME, table_);
}

void NftBatch::remove_table() {
  request(NFT_MSG_DELTABLE, 0, "remove").text_attribute(NFTA_TABLE_NAME, table_);
}

void NftBatch::add_chain(const NftChain& chain) {
  NetlinkRequest& made = request(NFT_MSG_NEWCHAIN, NLM_F_CREATE, text("add chain {}", chain.name));
  made.text_attribute(NFTA_CHAIN_TABLE, table_).text_attribute(NFTA_CHAIN_NAME, chain.name);
  if (chain.type.empty()) return;
  made.nested(NFTA_CHAIN_HOOK, [&](NetlinkAttributes& hook) {
    hook.big_endian(NFTA_HOOK_HOOKNUM, chain.hook);
    hook.big_endian(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  });
  made.text_attribute(NFTA_CHAIN_TYPE, chain.type).big_endian(NFTA_CHAIN_POLICY, chain.policy);
}

void NftBatch::flush_chain(const std::string& chain) {
  request(NFT_MSG_DELRULE, 0, text("flush chain {}", chain))
      .text_attribute(NFTA_RULE_TABLE, table_)
      .text_attribute(NFTA_RULE_CHAIN, chain);
}

void NftBatch::add_rule(const std::string& chain, const NftRule& rule) {
  request(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, text("add rule to chain {}", chain))
      .text_attribute(NFTA_RULE_TABLE, table_)
      .text_attribute(NFTA_RULE_CHAIN, chain)
      .nested(NFTA_RULE_EXPRESSIONS, rule.expressions());
}

void NftBatch::remove_chain(const std::string& chain) {
  request(NFT_MSG_DELCHAIN, 0, text("remove chain {}", chain))
      .text_attribute(NFTA_CHAIN_TABLE, table_)
      .text_attribute(NFTA_CHAIN_NAME, chain);
}

void NftBatch::add_set(const NftSet& set) {
  NetlinkRequest& made = request(NFT_MSG_NEWSET, NLM_F_CREATE, text("add set {}", set.name));
  made.text_attribute(NFTA_SET_TABLE, table_).text_attribute(NFTA_SET_NAME, set.name);
  made.big_endian(NFTA_SET_FLAGS, set.flags | (set.data_type != 0 ? NFT_SET_MAP : 0) |
                                      (set.ranges_of.empty() ? 0 : NFT_SET_INTERVAL | NFT_SET_CONCAT));
  made.big_endian(NFTA_SET_KEY_TYPE, set.key_type).big_endian(NFTA_SET_KEY_LEN, set.key_bytes);
  if (set.data_type != 0)
    made.big_endian(NFTA_SET_DATA_TYPE, set.data_type).big_endian(NFTA_SET_DATA_LEN, set.data_bytes);
  made.big_endian(NFTA_SET_ID, ++sets_);
  made.nested(NFTA_SET_DESC, [&](NetlinkAttributes& description) {
    if (set.elements_max != 0) description.big_endian(NFTA_SET_DESC_SIZE, set.elements_max);
    if (set.ranges_of.empty()) return;
    description.nested(NFTA_SET_DESC_CONCAT, [&](NetlinkAttributes& fields) {
      for (const std::uint32_t bytes : set.ranges_of)
        fields.nested(NFTA_LIST_ELEM,
                      [&](NetlinkAttributes& field) { field.big_endian(NFTA_SET_FIELD_LEN, bytes); });
    });
  });
  // For nft(8), which else takes names for numbers and shows them backwards.
  if (set.key_type == number_of(NftType::interface_name))
    made.attribute(NFTA_SET_USERDATA,
                   std::string_view("\0\4\1\0\0\0", 6));  // key byte order, 4 bytes, host's
}

NetlinkRequest& NftBatch::set_request(std::uint16_t type, std::uint16_t flags, const std::string& set,
                                      std::string_view what) {
  NetlinkRequest& made = request(type, flags, text("{} {}", what, set));
  made.text_attribute(NFTA_SET_ELEM_LIST_TABLE, table_).text_attribute(NFTA_SET_ELEM_LIST_SET, set);
  return made;
}

void NftBatch::flush_set(const std::string& set) { set_request(NFT_MSG_DELSETELEM, 0, set, "flush set"); }

void NftBatch::remove_set(const std::string& set) {
  request(NFT_MSG_DELSET, 0, text("remove set {}", set))
      .text_attribute(NFTA_SET_TABLE, table_)
      .text_attribute(NFTA_SET_NAME, set);
}

void NftBatch::change_elements(std::uint16_t type, std::uint16_t flags, const std::string& set,
                               const std::vector<NftElement>& elements) {
  for (std::size_t at = 0; at < elements.size();) {
    NetlinkRequest& made = set_request(type, flags, set, "change elements of");
    made.nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&](NetlinkAttributes& list) {
      const std::size_t before = list.bytes().size();
      for (; at < elements.size() && list.bytes().size() - before < list_bytes_max; ++at)
        list.nested(NFTA_LIST_ELEM, [&](NetlinkAttributes& element) { put_element(element, elements[at]); });
    });
  }
}

void NftBatch::add_elements(const std::string& set, const std::vector<NftElement>& elements) {
  change_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, elements);
}

void NftBatch::remove_elements(const std::string& set, const std::vector<NftElement>& elements) {
  change_elements(NFT_MSG_DELSETELEM, 0, set, elements);
}

Result<> NftBatch::commit() const {
  NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
  return commit(socket);
}

Result<> NftBatch::commit(NetlinkSocket& socket) const {
  if (requests_.empty()) return {};
  std::vector<NetlinkRequest> batch;
  batch.reserve(requests_.size() + 2);
  batch.emplace_back(NFNL_MSG_BATCH_BEGIN, std::uint16_t{0}, text("change table {}", table_))
      .body(body_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  batch.insert(batch.end(), requests_.begin(), requests_.end());
  batch.emplace_back(NFNL_MSG_BATCH_END, std::uint16_t{0}).body(body_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  return socket.send_batch(batch);
}

}  // namespace podo::linux
