#include "base/linux/nftables.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/linux/namespaces.h"

namespace podo::linux {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += text("{}{:x}", byte < 16 ? "0" : "", unsigned{byte});
  return out;
}

}  // namespace

TEST_CASE("a rule is a list of named expressions with their attributes") {
  const NftRule rule = NftRule().interface_in("br0").verdict(NF_DROP);
  CHECK(hex(rule.expressions().bytes()) ==
        // meta: key iifname, into register 8 (the first of 4 bytes)
        "24000180"
        "09000100"
        "6d657461"
        "00000000"
        "14000280"
        "08000200"
        "00000006"
        "08000100"
        "00000008"
        // cmp: register 8, equal, 16 bytes "br0"
        "38000180"
        "08000100"
        "636d7000"
        "2c000280"
        "08000100"
        "00000008"
        "08000200"
        "00000000"
        "18000380"
        "14000100"
        "62723000000000000000000000000000"
        // immediate: verdict drop
        "30000180"
        "0e000100"
        "696d6d656469617465000000"
        "1c000280"
        "08000100"
        "00000000"
        "10000280"
        "0c000280"
        "08000100"
        "00000000");
}

TEST_CASE("a batch changes a table wholly or not at all, and says what failed") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: network namespaces need root");
    return;
  }
  const auto visit = NetworkNamespaceVisit::enter_new();
  REQUIRE(visit.has_value());
  NftBatch good(NFPROTO_INET, "t");
  good.add_table();
  good.add_chain({"forward", "filter", NF_INET_FORWARD, 0, NF_DROP});
  good.add_set({.name = "ports", .key_type = static_cast<std::uint32_t>(NftType::port), .key_bytes = 2});
  REQUIRE(good.commit().has_value());
  NftBatch bad(NFPROTO_INET, "t");
  bad.add_chain({"input", "filter", NF_INET_LOCAL_IN, 0});
  bad.add_rule("nowhere", NftRule().verdict(NF_DROP));
  const auto failed = bad.commit();
  REQUIRE(!failed.has_value());
  CHECK(failed.error().kind() == ErrorKind::not_found);
  CHECK(failed.error().message() == "table t: add rule to chain nowhere: No such file or directory");
  const auto chains = list_base_chains();
  REQUIRE(chains->size() == 1);
  CHECK((chains->at(0).name == "forward" && chains->at(0).drops && chains->at(0).hook == NF_INET_FORWARD));
}

TEST_CASE("more elements than one message holds are added and removed") {
  if (::geteuid() != 0) return;
  const auto visit = NetworkNamespaceVisit::enter_new();
  std::vector<NftElement> elements;
  for (unsigned port = 1; port <= 5000; ++port)
    elements.push_back({nft_port_key(static_cast<std::uint16_t>(port)).substr(0, 2)});
  NftBatch batch(NFPROTO_INET, "t");
  batch.add_table();
  batch.add_set({.name = "ports", .key_type = static_cast<std::uint32_t>(NftType::port), .key_bytes = 2});
  batch.add_elements("ports", elements);
  REQUIRE(batch.commit().has_value());
  NftBatch removal(NFPROTO_INET, "t");
  removal.remove_elements("ports", elements);
  CHECK(removal.commit().has_value());
  CHECK(removal.commit().error().kind() == ErrorKind::not_found);
}

}  // namespace podo::linux
