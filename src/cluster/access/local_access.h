// The maker of Access: keys in a folder, roles and what tokens are bound to in mirrors. Private to this
// room.
//
//   open()          local_access.cpp   keys, mirrors; the loop that fills aggregated roles
//   authenticate()  authenticate.cpp, service_authentication.cpp, impersonate.cpp
//   authorize()     authorize.cpp: system:masters -> NodeAuthorizer -> RoleIndex
//   make_token()    make_token.cpp
//
// Lives on the loop.
#pragma once

#include <unordered_map>

#include "base/crypto/jwt.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"
#include "base/io/group.h"
#include "cluster/access/access.h"
#include "cluster/access/aggregation.h"
#include "cluster/access/node_authorizer.h"
#include "cluster/access/other_tokens.h"
#include "cluster/access/pki.h"
#include "cluster/access/rbac.h"
#include "cluster/access/service_tokens.h"
#include "cluster/objects/mirror.h"

namespace podo::access {

class LocalAccess final : public Access {
 public:
  // `disk` and the folder must be there.
  static Task<std::unique_ptr<LocalAccess>> open_on(io::Disk& disk, AccessGround ground,
                                                    AccessOptions options);
  void keep_alive(std::unique_ptr<io::BlockingPool> pool, std::unique_ptr<io::Disk> disk) {
    pool_ = std::move(pool);
    disk_ = std::move(disk);
  }

  Task<User> authenticate(const http::Peer& peer, const http::Headers& headers) override;
  Verdict authorize(const User& user, const Attributes& wanted) const override;
  std::vector<Rule> rules_of(const User& user, std::string_view name_space) const override;
  Result<> check_grant(const User& user, std::string_view name_space,
                       const json::Item& role_or_binding) const override;
  Result<TokenMade> make_token(const TokenWish& wish) override;
  Result<std::string> make_secret_token(const TokenWish& wish) override;
  Task<TokenReviewed> review_token(std::string token, std::vector<std::string> audiences) override;
  std::string key_set() const override { return verifying_.key_set(); }
  const std::string& issuer() const override { return options_.issuer; }
  const tls::ServerOptions& tls() const override { return tls_; }
  Task<bool> renew(std::vector<std::string> hosts) override;
  const std::string& authority_pem() const override { return pki_.authority().certificate; }
  Result<std::string> admin_kubeconfig(std::string_view server_url) override {
    return pki_.admin_kubeconfig(server_url);
  }

 private:
  // What a token said, and which versions of the objects it is bound to have been looked at since.
  struct Known {
    ServiceClaims claims;
    objects::Revision account = 0, pod = 0;
  };

  LocalAccess(AccessGround ground, AccessOptions options, Pki pki, crypto::SigningKey key);
  Result<> read_keys();
  Task<void> start_mirrors();
  Task<void> follow(std::unique_ptr<objects::Mirror>& mirror, std::string_view group, std::string_view plural,
                    void (LocalAccess::*changed)(const objects::Object& before, const objects::Object& now));
  void role_changed(const objects::Object& before, const objects::Object& now);
  void cluster_role_changed(const objects::Object& before, const objects::Object& now);
  void role_binding_changed(const objects::Object& before, const objects::Object& now);
  void cluster_role_binding_changed(const objects::Object& before, const objects::Object& now);
  void pod_changed(const objects::Object& before, const objects::Object& now);
  void volume_changed(const objects::Object& before, const objects::Object& now);
  void attachment_changed(const objects::Object& before, const objects::Object& now);
  void rbac_changed(std::string_view kind, const objects::Object& before, const objects::Object& now);
  Task<void> aggregate();
  Task<void> write_aggregated(std::string name);

  Task<User> recognize(const http::Peer& peer, const http::Headers& headers);
  Result<User> impersonated(User user, const http::Headers& headers) const;
  Result<> may_impersonate(const User& user, const Attributes& whom) const;
  Task<TokenReviewed> check_token(std::string token, std::vector<std::string> audiences);
  Task<TokenReviewed> check_service_token(std::string token, std::vector<std::string> audiences);
  Result<Known> read_service_token(const std::string& token);
  Task<objects::Object> current(const objects::Mirror* mirror, std::string plural, std::string name_space,
                                std::string name, std::string uid);
  Task<objects::Revision> check_object(const objects::Mirror* mirror, std::string plural,
                                       std::string name_space, BoundTo wanted, objects::Revision looked_at);
  Task<void> check_secret(ServiceClaims claims, std::string token);

  AccessGround ground_;
  AccessOptions options_;
  std::unique_ptr<io::BlockingPool> pool_;  // of disk_; both null in tests
  std::unique_ptr<io::Disk> disk_;
  Pki pki_;
  tls::ServerOptions tls_;
  crypto::SigningKey signing_;
  crypto::VerifyingKeys verifying_;
  std::vector<StaticToken> static_tokens_;
  std::unordered_map<std::string, Known> known_tokens_;  // by the token's digest

  RoleIndex index_;
  Aggregation aggregation_;
  NodeGraph graph_;
  NodeAuthorizer nodes_;
  io::Condition cluster_roles_changed_;
  std::unique_ptr<objects::Mirror> accounts_, pods_, volumes_, attachments_;
  std::unique_ptr<objects::Mirror> roles_, cluster_roles_, role_bindings_, cluster_role_bindings_;
  io::TaskGroup group_;  // last: its strand uses all of the above
};

// Adds the groups that everybody is in who is known, or nobody.
void add_everybodys_group(User& user);

}  // namespace podo::access
