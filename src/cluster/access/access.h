// Who asks, and may they? Authentication and authorization of requests to the API, and what clients need for
// it: certificates, tokens, the roles that are there from the beginning.
//
//   auto access = co_await Access::open(ground, {.folder = "/var/lib/podo/pki", ...});
//   const User user = co_await access->authenticate(exchange.peer(), exchange.headers());
//   if (access->authorize(user, attributes).decision != Decision::allow) ... forbidden
//
// Authenticators, in order: client certificate (CN is the name, O the groups), bearer token (static file,
// bootstrap token of a Secret, service account JWT, bound to its objects), else system:anonymous.
// Authorizers: system:masters may all; the Node authorizer (graph over pods); RBAC. Roles, bindings, service
// accounts, pods and secrets are mirrored, so authorize() neither waits nor reads the store.
//
// Life: open() makes the keys that are missing and reads the rest -> any calls -> destroyed before Objects.
// Lives on the loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/http/server.h"
#include "cluster/objects/objects.h"

namespace podo::access {

using io::Task;

struct User {
  std::string name, uid = {};
  std::vector<std::string> groups = {};
  std::map<std::string, std::vector<std::string>> extra = {};
};

// What a request wants: of a resource, or of a path.
struct Attributes {
  std::string_view verb, group, version, resource, subresource, name_space, name, path;  // path: non-resource
  bool is_resource = true;
};

enum class Decision : std::uint8_t { allow, deny, no_opinion };
struct Verdict {
  Decision decision = Decision::no_opinion;
  std::string reason = {};
};

// A rule of RBAC as a value: PolicyRule.
struct Rule {
  std::vector<std::string> verbs, groups, resources, names, paths;
};

// A token of a service account (TokenRequest): audiences, what it is bound to, how long.
struct TokenWish {
  std::string name_space, service_account, service_account_uid;
  std::vector<std::string> audiences = {};  // empty: the API server's
  std::int64_t valid_for_s = 3600;
  std::string bound_kind = {}, bound_name = {}, bound_uid = {};  // Pod, Secret or Node; "" of none
};
struct TokenMade {
  std::string token;
  Wall expires = {};
};
struct TokenReviewed {
  User user;
  std::vector<std::string> audiences;  // those that were asked for and that it is for
};

struct AccessGround {
  io::EpollLoop& loop;
  objects::Objects& objects;
  Clock& clock;
  Random& random;
  Log& log;
};

struct AccessOptions {
  std::string folder;                   // DATA/pki: ca, server, service-account keys; 0700, keys 0600
  std::vector<std::string> hosts;       // names and addresses the server is reached by
  std::string static_tokens_file = {};  // TOKEN,USER,UID[,"GROUP,..."]
  std::string issuer = "https://kubernetes.default.svc.cluster.local";
  bool anonymous = true;
};

class Access {
 public:
  static Task<std::unique_ptr<Access>> open(AccessGround ground, AccessOptions options);
  virtual ~Access() = default;

  // unauthenticated: what was shown is not good. Also applies Impersonate-* (denied when that is not
  // allowed).
  virtual Task<User> authenticate(const http::Peer& peer, const http::Headers& headers) = 0;
  virtual Verdict authorize(const User& user, const Attributes& wanted) const = 0;

  // What the user may in the namespace (SelfSubjectRulesReview).
  virtual std::vector<Rule> rules_of(const User& user, std::string_view name_space) const = 0;
  // Escalation: the rules of `wanted` that the user does not have, as upstream prints them; "" when none. A
  // Role or ClusterRole that is being written; of a binding, the rules of the role it names.
  virtual std::string rules_missing(const User& user, std::string_view name_space,
                                    const json::Item& role_or_binding) const = 0;

  virtual Result<TokenMade> make_token(const TokenWish& wish) = 0;
  virtual Task<TokenReviewed> review_token(std::string token, std::vector<std::string> audiences) = 0;
  virtual std::string key_set() const = 0;  // JWKS, of /openid/v1/jwks
  virtual const std::string& issuer() const = 0;

  virtual const tls::ServerOptions& tls() const = 0;  // identity, client authorities (not required)
  virtual const std::string& authority_pem() const = 0;
  // A client certificate of the cluster's authority, with its key, and a whole kubeconfig for it.
  virtual Result<std::string> admin_kubeconfig(std::string_view server_url) = 0;
};

// Roles, bindings (canonical JSON of rbac.authorization.k8s.io/v1) that are made, and kept complete, at
// start.
std::vector<std::string> default_rbac_objects();

}  // namespace podo::access
