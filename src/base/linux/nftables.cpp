#include "base/linux/nftables.h"

#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

namespace podo::linux {
namespace {

constexpr std::size_t elements_per_request = 500;  // a nested attribute has at most 64 KiB

constexpr std::uint16_t message(std::uint16_t type) { return NFNL_SUBSYS_NFTABLES << 8 | type; }

nfgenmsg body_of(std::uint8_t family, std::uint16_t resource = 0) {
  return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
}

}  // namespace

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

void NftBatch::add_set(const NftSet& set) {
  NetlinkRequest& made = request(NFT_MSG_NEWSET, NLM_F_CREATE, text("add set {}", set.name));
  made.text_attribute(NFTA_SET_TABLE, table_).text_attribute(NFTA_SET_NAME, set.name);
  made.big_endian(NFTA_SET_FLAGS, set.data_bytes != 0 ? NFT_SET_MAP : 0);
  made.big_endian(NFTA_SET_KEY_TYPE, set.key_type).big_endian(NFTA_SET_KEY_LEN, set.key_bytes);
  if (set.data_bytes != 0)
    made.big_endian(NFTA_SET_DATA_TYPE, set.data_type).big_endian(NFTA_SET_DATA_LEN, set.data_bytes);
  made.big_endian(NFTA_SET_ID, ++sets_);
  // For nft(8), which else takes names for numbers and shows them backwards.
  if (set.key_type == static_cast<std::uint32_t>(NftType::interface_name))
    made.attribute(NFTA_SET_USERDATA,
                   std::string_view("\0\4\1\0\0\0", 6));  // key byte order, 4 bytes, host's
}

void NftBatch::flush_set(const std::string& set) {
  request(NFT_MSG_DELSETELEM, 0, text("flush set {}", set))
      .text_attribute(NFTA_SET_ELEM_LIST_TABLE, table_)
      .text_attribute(NFTA_SET_ELEM_LIST_SET, set);
}

void NftBatch::change_elements(std::uint16_t type, std::uint16_t flags, const std::string& set,
                               const std::vector<NftElement>& elements) {
  for (std::size_t at = 0; at < elements.size(); at += elements_per_request) {
    const std::size_t end = std::min(elements.size(), at + elements_per_request);
    NetlinkRequest& made = request(type, flags, text("change elements of {}", set));
    made.text_attribute(NFTA_SET_ELEM_LIST_TABLE, table_).text_attribute(NFTA_SET_ELEM_LIST_SET, set);
    made.nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&](NetlinkAttributes& list) {
      for (std::size_t i = at; i < end; ++i)
        list.nested(NFTA_LIST_ELEM, [&](NetlinkAttributes& element) {
          element.nested(NFTA_SET_ELEM_KEY,
                         [&](NetlinkAttributes& key) { key.attribute(NFTA_DATA_VALUE, elements[i].key); });
          if (!elements[i].data.empty())
            element.nested(NFTA_SET_ELEM_DATA, [&](NetlinkAttributes& data) {
              data.attribute(NFTA_DATA_VALUE, elements[i].data);
            });
        });
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

Result<std::vector<NftBaseChain>> list_base_chains() {
  NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
  NetlinkRequest request(message(NFT_MSG_GETCHAIN), NLM_F_DUMP, "list chains");
  request.body(body_of(NFPROTO_UNSPEC));
  std::vector<NftBaseChain> chains;
  for (const NetlinkMessage& answer : TRY(socket.ask(request))) {
    const auto body = answer.body<nfgenmsg>();
    const auto payload = [&](std::uint16_t type) { return answer.attribute(sizeof body, type); };
    const std::string_view hook = payload(NFTA_CHAIN_HOOK);
    if (hook.empty()) continue;
    chains.push_back({.family = body.nfgen_family,
                      .table = std::string(text_of(payload(NFTA_CHAIN_TABLE))),
                      .name = std::string(text_of(payload(NFTA_CHAIN_NAME))),
                      .hook = big_endian_number_of(find_attribute(hook, NFTA_HOOK_HOOKNUM)),
                      .drops = big_endian_number_of(payload(NFTA_CHAIN_POLICY)) == NF_DROP});
  }
  return chains;
}

}  // namespace podo::linux
