#include "podo/node_certificate.h"

#include <algorithm>

#include "base/crypto/certificate.h"
#include "base/crypto/jwt.h"
#include "base/format/base64.h"
#include "base/io/timer.h"
#include "model/kube/path.h"

namespace podo {
namespace {

using io::Task;
using kube::text_at;

constexpr std::size_t file_bytes_max = 64 << 10;
constexpr Duration look_again_after = milliseconds(300), retry_after = seconds(5), patience = seconds(900);

std::vector<std::string> sorted_hosts(const NodeCertificateWish& wish) {
  std::vector<std::string> hosts = {wish.node, wish.address};
  std::ranges::sort(hosts);
  hosts.erase(std::ranges::unique(hosts).begin(), hosts.end());
  return hosts;
}

bool fit(const std::string& certificate, const std::string& key) {
  crypto::VerifyingKeys of_certificate, of_key;
  return of_certificate.add(certificate) && of_key.add(key) && of_certificate.key_set() == of_key.key_set();
}

bool is_good(const tls::Identity& identity, const NodeCertificateWish& wish, Wall now) {
  const auto facts = crypto::read_certificate(identity.certificates);
  if (!facts || !fit(identity.certificates, identity.key)) return false;
  std::vector<std::string> hosts = facts->subject.hosts;
  std::ranges::sort(hosts);
  const std::int64_t life = facts->not_after.ns - facts->not_before.ns;
  return hosts == sorted_hosts(wish) && facts->not_after.ns - now.ns > life / 3;
}

Task<std::string> read_or_nothing(io::Disk& disk, std::string path) {
  auto read = co_await io::read_file(disk, std::move(path), file_bytes_max).result();
  if (!read && read.error().kind() == ErrorKind::cancelled) co_await Failure(read.error());
  co_return read ? *std::move(read) : std::string();
}

// An authority that a node's address is vouched for by what its Node says: that has to be there first.
Task<void> wait_for_node(NodeCertificateGround ground, const NodeCertificateWish& wish) {
  const client::Where place{.resource = ground.client.resource("", "nodes"), .name = wish.node};
  for (;;) {
    const auto node = co_await ground.client.find(place).result();
    if (!node && node.error().kind() == ErrorKind::cancelled) co_await Failure(node.error());
    if (node && *node)
      for (const json::Item& address : kube::children_at((*node)->root(), "status.addresses"))
        if (text_at(address, "address") == wish.address) co_return;
    co_await io::sleep(look_again_after);
  }
}

json::Tree new_request(std::string_view pem) {
  json::Tree tree;
  tree.root().member("metadata").member("generateName").set_string("csr-");
  json::Item& spec = tree.root().member("spec");
  spec.member("request").set_string(base64::encode(pem));
  spec.member("signerName").set_string("kubernetes.io/kubelet-serving");
  for (const std::string_view usage : {"digital signature", "server auth"})
    spec.member("usages").append().set_string(usage);
  return tree;
}

Task<std::string> signed_certificate(NodeCertificateGround ground, std::string pem) {
  client::Where place{.resource =
                          ground.client.resource("certificates.k8s.io", "certificatesigningrequests")};
  json::Tree request = co_await ground.client.create(place, new_request(pem).root());
  place.name = text_at(request.root(), "metadata.name");
  const Monotonic until = ground.clock.now() + patience;
  while (ground.clock.now() < until) {
    if (const std::string_view signed_ = text_at(request.root(), "status.certificate"); !signed_.empty())
      co_return co_await base64::decode(signed_);
    for (const json::Item& condition : kube::children_at(request.root(), "status.conditions"))
      if (const std::string_view type = text_at(condition, "type"); type == "Denied" || type == "Failed")
        co_await denied("{}: {}", place.name, text_at(condition, "message"));
    co_await io::sleep(look_again_after);
    request = co_await ground.client.get(place);
  }
  co_return unavailable("nobody has approved {}", place.name);
}

Task<tls::Identity> new_certificate(NodeCertificateGround ground, const NodeCertificateWish& wish) {
  co_await wait_for_node(ground, wish);
  const std::string key = co_await crypto::make_key();
  const std::string request = co_await crypto::make_request(key, {.common_name = "system:node:" + wish.node,
                                                                  .organizations = {"system:nodes"},
                                                                  .hosts = sorted_hosts(wish)});
  const std::string certificate = co_await signed_certificate(ground, request);
  co_await io::write_file_atomically(ground.disk, wish.folder + "/serving.key", key, 0600);
  co_await io::write_file_atomically(ground.disk, wish.folder + "/serving.crt", certificate, 0644);
  co_await io::write_file_atomically(ground.disk, wish.folder + "/authority.crt", wish.authority, 0644);
  co_return tls::Identity{certificate, key};
}

}  // namespace

Task<tls::Identity> node_certificate(NodeCertificateGround ground, NodeCertificateWish wish) {
  tls::Identity kept;
  kept.certificates = co_await read_or_nothing(ground.disk, wish.folder + "/serving.crt");
  kept.key = co_await read_or_nothing(ground.disk, wish.folder + "/serving.key");
  const std::string authority = co_await read_or_nothing(ground.disk, wish.folder + "/authority.crt");
  if (authority == wish.authority && is_good(kept, wish, ground.clock.wall())) co_return kept;
  for (;;) {
    auto made = co_await new_certificate(ground, wish).result();
    if (made || made.error().kind() == ErrorKind::cancelled) co_return std::move(made);
    ground.log.warn("node {}: a certificate for its API: {}", wish.node, made.error().message());
    co_await io::sleep(retry_after);
  }
}

}  // namespace podo
