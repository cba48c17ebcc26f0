#include <endian.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstring>

#include "base/linux/nftables.h"

namespace podo::linux {
namespace {

constexpr int tries_max = 20;

constexpr std::uint16_t message(std::uint16_t type) { return NFNL_SUBSYS_NFTABLES << 8 | type; }
constexpr nfgenmsg body_of(std::uint8_t family) {
  return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = 0};
}

// Calls `visit` with the payload of each attribute of that type.
template <class F>
void each_attribute(std::string_view attributes, std::uint16_t wanted, F visit) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr header;
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > attributes.size()) return;
    if ((header.rta_type & NLA_TYPE_MASK) == wanted)
      visit(attributes.substr(sizeof header, header.rta_len - sizeof header));
    attributes.remove_prefix(std::min<std::size_t>(attributes.size(), RTA_ALIGN(header.rta_len)));
  }
}

NftElement element_of(std::string_view attributes) {
  const auto value = [&](std::uint16_t type) {
    return std::string(find_attribute(find_attribute(attributes, type), NFTA_DATA_VALUE));
  };
  NftElement element{.key = value(NFTA_SET_ELEM_KEY),
                     .data = value(NFTA_SET_ELEM_DATA),
                     .key_last = value(NFTA_SET_ELEM_KEY_END)};
  const std::uint32_t flags = big_endian_number_of(find_attribute(attributes, NFTA_SET_ELEM_FLAGS));
  const auto duration = [&](std::uint16_t type) {
    const std::string_view big_endian = find_attribute(attributes, type);
    std::uint64_t ms = 0;
    if (big_endian.size() == sizeof ms) std::memcpy(&ms, big_endian.data(), sizeof ms);
    return milliseconds(static_cast<std::int64_t>(be64toh(ms)));
  };
  element.timeout = duration(NFTA_SET_ELEM_TIMEOUT);
  element.expires_in = duration(NFTA_SET_ELEM_EXPIRATION);
  element.ends_interval = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
  const std::string_view verdict =
      find_attribute(find_attribute(attributes, NFTA_SET_ELEM_DATA), NFTA_DATA_VERDICT);
  if (!verdict.empty())
    element.verdict = NftVerdict{
        .code = static_cast<std::int32_t>(big_endian_number_of(find_attribute(verdict, NFTA_VERDICT_CODE))),
        .chain = std::string(text_of(find_attribute(verdict, NFTA_VERDICT_CHAIN)))};
  return element;
}

}  // namespace

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

Result<std::uint64_t> find_table(NetlinkSocket& socket, std::uint8_t family, const std::string& table) {
  NetlinkRequest request(message(NFT_MSG_GETTABLE), 0, text("find table {}", table));
  request.body(body_of(family)).text_attribute(NFTA_TABLE_NAME, table);
  for (const NetlinkMessage& answer : TRY(socket.ask(request))) {
    const std::string_view handle = answer.attribute(sizeof(nfgenmsg), NFTA_TABLE_HANDLE);
    std::uint64_t number = 0;
    if (handle.size() != sizeof number) break;
    std::memcpy(&number, handle.data(), sizeof number);
    return be64toh(number);
  }
  return internal("find table {}: no answer", table);
}

Result<std::uint32_t> nft_generation(NetlinkSocket& socket) {
  NetlinkRequest request(message(NFT_MSG_GETGEN), 0, "generation of the packet filter");
  request.body(body_of(NFPROTO_UNSPEC));
  const auto answers = TRY(socket.ask(request));
  if (answers.empty()) return internal("generation of the packet filter: no answer");
  return big_endian_number_of(answers.front().attribute(sizeof(nfgenmsg), NFTA_GEN_ID));
}

Result<std::vector<NftElement>> list_elements(NetlinkSocket& socket, std::uint8_t family,
                                              const std::string& table, const std::string& set) {
  NetlinkRequest request(message(NFT_MSG_GETSETELEM), NLM_F_DUMP, text("list set {} of {}", set, table));
  request.body(body_of(family));
  request.text_attribute(NFTA_SET_ELEM_LIST_TABLE, table).text_attribute(NFTA_SET_ELEM_LIST_SET, set);
  for (int tries = 0; tries < tries_max; ++tries) {
    const std::uint32_t before = TRY(nft_generation(socket));
    const auto answers = TRY(socket.ask(request));
    if (TRY(nft_generation(socket)) != before) continue;
    std::vector<NftElement> elements;
    for (const NetlinkMessage& answer : answers)
      each_attribute(answer.attribute(sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS), NFTA_LIST_ELEM,
                     [&](std::string_view attributes) { elements.push_back(element_of(attributes)); });
    return elements;
  }
  return unavailable("list set {} of {}: it changes all the time", set, table);
}

Result<NftElement> find_element(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                const std::string& set, const std::string& key) {
  NetlinkRequest request(message(NFT_MSG_GETSETELEM), 0, text("find an element of {} of {}", set, table));
  request.body(body_of(family));
  request.text_attribute(NFTA_SET_ELEM_LIST_TABLE, table).text_attribute(NFTA_SET_ELEM_LIST_SET, set);
  request.nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&](NetlinkAttributes& list) {
    list.nested(NFTA_LIST_ELEM, [&](NetlinkAttributes& element) {
      element.nested(NFTA_SET_ELEM_KEY,
                     [&](NetlinkAttributes& value) { value.attribute(NFTA_DATA_VALUE, key); });
    });
  });
  std::optional<NftElement> found;
  for (const NetlinkMessage& answer : TRY(socket.ask(request)))
    each_attribute(answer.attribute(sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS), NFTA_LIST_ELEM,
                   [&](std::string_view attributes) { found = element_of(attributes); });
  if (!found) return not_found("{}: it is not there", request.what());
  return *std::move(found);
}

}  // namespace podo::linux
