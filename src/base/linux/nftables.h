// nftables(8) as the kernel has it: tables, chains, sets and maps. A batch changes one table, wholly or not
// at all.
//
//   NftBatch batch(NFPROTO_INET, "podo");
//   batch.add_table();
//   batch.add_chain({.name = "forward", .type = "filter", .hook = NF_INET_FORWARD, .priority = 0});
//   batch.add_rule("forward", NftRule().interface_in("br0").count().verdict(NF_DROP));
//   TRY(batch.commit());
//
// A batch is one datagram to the kernel, of any number of elements (about 200,000 are too many for it).
#pragma once

#include <optional>
#include <vector>

#include "base/linux/nftables_rule.h"

namespace podo::linux {

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
  std::uint32_t data_type = 0, data_bytes = 0;  // a map, when there is a type; verdicts need no bytes
  std::uint32_t flags = 0;                      // NFT_SET_INTERVAL, _TIMEOUT, _EVAL (rules change it)
  std::vector<std::uint32_t> ranges_of = {};    // intervals of a concatenated key: bytes of its fields
  std::uint32_t elements_max = 0;               // needed where rules add elements
};

struct NftVerdict {
  std::int32_t code = NFT_GOTO;
  std::string chain = {};
  bool operator==(const NftVerdict&) const = default;
};
struct NftElement {
  std::string key;
  std::string data = {};
  std::string key_last = {};  // of ranges_of: a range in every field, of one value where the two agree
  std::optional<NftVerdict> verdict = {};  // instead of data
  Duration timeout = {}, expires_in = {};  // of a set with NFT_SET_TIMEOUT; 0: stays
  bool ends_interval = false;              // of a set without ranges_of: see nft_interval()
};

// All keys of one field from `first` to `last`: the two elements (one, when no key comes behind `last`) that
// a set of intervals has for them. Intervals of a set must not overlap, nor ranges.
std::vector<NftElement> nft_interval(const std::string& first, const std::string& last);

class NftBatch {
 public:
  NftBatch(std::uint8_t family, std::string table) : family_(family), table_(std::move(table)) {}
  void add_table();
  void remove_table();  // there must be one: add it first when that is not sure
  void add_chain(const NftChain& chain);
  void flush_chain(const std::string& chain);
  void remove_chain(const std::string& chain);  // with its rules; nothing leads there any more
  void add_rule(const std::string& chain, const NftRule& rule);
  void add_set(const NftSet& set);
  void flush_set(const std::string& set);
  void remove_set(const std::string& set);
  // To change data of an element it is removed and added in the same batch.
  void add_elements(const std::string& set, const std::vector<NftElement>& elements);
  void remove_elements(const std::string& set, const std::vector<NftElement>& elements);  // keys are enough

  bool empty() const { return requests_.empty(); }
  // In the network namespace of the calling thread. A batch may be committed again.
  Result<> commit() const;
  Result<> commit(NetlinkSocket& socket) const;  // of NETLINK_NETFILTER; in its namespace
  const std::vector<NetlinkRequest>& requests() const { return requests_; }

 private:
  NetlinkRequest& request(std::uint16_t type, std::uint16_t flags, std::string what);
  NetlinkRequest& set_request(std::uint16_t type, std::uint16_t flags, const std::string& set,
                              std::string_view what);
  void change_elements(std::uint16_t type, std::uint16_t flags, const std::string& set,
                       const std::vector<NftElement>& elements);
  std::uint8_t family_;
  std::string table_;
  std::vector<NetlinkRequest> requests_;
  std::uint32_t sets_ = 0;
};

// --- what there is; blocking, in the network namespace of the calling thread -------------------------------

// Base chains of every table, for a word of warning about what others drop.
struct NftBaseChain {
  std::uint8_t family = 0;
  std::string table, name;
  std::uint32_t hook = 0;
  bool drops = false;  // its policy
};
Result<std::vector<NftBaseChain>> list_base_chains();

// The number of a table: a table that is made again has another. Not_found: there is none.
Result<std::uint64_t> find_table(NetlinkSocket& socket, std::uint8_t family, const std::string& table);
// Grows with every change of any table of the namespace.
Result<std::uint32_t> nft_generation(NetlinkSocket& socket);
// Not while the table changes: what was listed meanwhile is listed again, a few times.
Result<std::vector<NftElement>> list_elements(NetlinkSocket& socket, std::uint8_t family,
                                              const std::string& table, const std::string& set);
// One of them, whatever their number. Not_found: it is not there, nor may its set be.
Result<NftElement> find_element(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                const std::string& set, const std::string& key);

}  // namespace podo::linux
