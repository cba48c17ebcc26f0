#include "cluster/access/pki.h"

#include <algorithm>

#include "base/core/text.h"
#include "base/crypto/jwt.h"
#include "base/format/base64.h"

namespace podo::access {
namespace {

constexpr Duration year = seconds(365 * 24 * 3600);
// Certificates begin five minutes before the instant they are made for (base/crypto/certificate.h).
constexpr Duration begins_before = seconds(3600 - 300);
constexpr std::size_t file_bytes_max = 64 << 10;

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

crypto::Subject server_subject(const std::vector<std::string>& hosts) {
  return {.common_name = "kube-apiserver", .hosts = server_hosts(hosts), .server = true};
}

crypto::Subject admin_subject() {
  return {.common_name = "kubernetes-admin", .organizations = {"system:masters"}, .client = true};
}

// The key is the certificate's.
bool fit(const crypto::KeyPair& pair) {
  crypto::VerifyingKeys certificate, key;
  return certificate.add(pair.certificate) && key.add(pair.key) && certificate.key_set() == key.key_set();
}

}  // namespace

std::vector<std::string> server_hosts(const std::vector<std::string>& more) {
  std::vector<std::string> hosts = {"localhost",
                                    "127.0.0.1",
                                    "::1",
                                    "kubernetes",
                                    "kubernetes.default",
                                    "kubernetes.default.svc",
                                    "kubernetes.default.svc.cluster.local",
                                    "10.96.0.1"};
  hosts.insert(hosts.end(), more.begin(), more.end());
  return sorted(std::move(hosts));
}

Task<Pki> Pki::open(Ground ground, std::string folder, std::vector<std::string> hosts) {
  Pki pki(ground, std::move(folder));
  co_await pki.open_authority();
  co_await pki.open_server(std::move(hosts));
  co_await pki.open_admin();
  pki.token_key_ = co_await pki.read("sa.key");
  if (pki.token_key_.empty()) {
    pki.token_key_ = co_await crypto::make_key();
    co_await pki.write("sa.key", pki.token_key_, 0600);
  }
  co_return pki;
}

Task<void> Pki::open_authority() {
  authority_ = co_await read_pair("ca");
  if (authority_.certificate.empty() != authority_.key.empty())
    co_await corrupt("{}: of ca.crt and ca.key, one is missing", folder_);
  const Wall now = ground_.clock.wall();
  if (authority_.key.empty()) {
    const Wall from{now.ns - begins_before.ns};
    authority_ = co_await crypto::make_authority("kubernetes", from, year * 10 + begins_before);
    co_await write_pair("ca", authority_);
    co_return;
  }
  if (!fit(authority_)) co_await corrupt("{}: ca.key is not the key of ca.crt", folder_);
  const auto facts = co_await crypto::read_certificate(authority_.certificate);
  if (facts.not_after.ns < now.ns + year.ns)
    ground_.log.warn("the cluster's authority ({}/ca.crt) ends within a year: clients need a new one",
                     folder_);
}

Task<bool> Pki::open_server(std::vector<std::string> hosts) {
  if (server_.key.empty()) server_ = co_await read_pair("server");
  const crypto::Subject subject = server_subject(hosts);
  if (is_good(server_, subject)) co_return false;
  server_ = co_await make(subject);
  co_await write_pair("server", server_);
  co_return true;
}

Task<bool> Pki::renew(std::vector<std::string> hosts) {
  const bool admin = co_await open_admin(), server = co_await open_server(std::move(hosts));
  co_return admin || server;
}

Task<bool> Pki::open_admin() {
  if (admin_.key.empty()) admin_ = co_await read_pair("admin");
  if (is_good(admin_, admin_subject())) co_return false;
  admin_ = co_await make(admin_subject());
  co_await write_pair("admin", admin_);
  co_return true;
}

// It is whole, of this authority, for these hosts, and has more than a third of its life before it.
bool Pki::is_good(const crypto::KeyPair& pair, const crypto::Subject& subject) const {
  if (pair.certificate.empty() || pair.key.empty() || !fit(pair)) return false;
  const auto facts = crypto::read_certificate(pair.certificate);
  const auto authority = crypto::read_certificate(authority_.certificate);
  if (!facts || !authority || facts->issuer != "CN=kubernetes") return false;
  if (facts->not_before < authority->not_before) return false;  // of an earlier authority
  const Duration life{facts->not_after.ns - facts->not_before.ns};
  const Wall now = ground_.clock.wall();
  if (facts->not_after.ns - now.ns < life.ns / 3) return false;
  return facts->subject.common_name == subject.common_name &&
         facts->subject.organizations == subject.organizations &&
         sorted(facts->subject.hosts) == sorted(subject.hosts);
}

Result<crypto::KeyPair> Pki::make(const crypto::Subject& subject) const {
  const Wall from{ground_.clock.wall().ns - begins_before.ns};
  return crypto::issue(authority_, subject, from, year + begins_before);
}

Task<std::string> Pki::read(std::string name) {
  Result<std::string> text =
      co_await io::read_file(ground_.disk, podo::text("{}/{}", folder_, name), file_bytes_max).result();
  if (!text && text.error().kind() == ErrorKind::not_found) co_return std::string();
  co_return std::move(text);
}

Task<void> Pki::write(std::string name, std::string text, unsigned permissions) {
  co_await io::write_file_atomically(ground_.disk, podo::text("{}/{}", folder_, name), std::move(text),
                                     permissions);
}

Task<crypto::KeyPair> Pki::read_pair(std::string name) {
  crypto::KeyPair pair;
  pair.certificate = co_await read(name + ".crt");
  pair.key = co_await read(name + ".key");
  co_return pair;
}

Task<void> Pki::write_pair(std::string name, crypto::KeyPair pair) {
  co_await write(name + ".key", std::move(pair.key), 0600);
  co_await write(name + ".crt", std::move(pair.certificate), 0644);
}

Result<std::string> Pki::admin_kubeconfig(std::string_view server_url) const {
  constexpr std::string_view user = "kubernetes-admin";
  std::string out =
      "apiVersion: v1\nkind: Config\ncurrent-context: podo\nclusters:\n- name: podo\n  cluster:\n";
  out += text("    server: {}\n    certificate-authority-data: {}\n", server_url,
              base64::encode(authority_.certificate));
  out += text("contexts:\n- name: podo\n  context:\n    cluster: podo\n    user: {}\nusers:\n", user);
  out += text("- name: {}\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n", user,
              base64::encode(admin_.certificate), base64::encode(admin_.key));
  return out;
}

}  // namespace podo::access
