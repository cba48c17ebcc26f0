// Who asks, and may they? Authentication and authorization of requests to the API, and what clients need
// for it: certificates, tokens, the roles that are there from the beginning.
//
//   auto access = co_await Access::open(ground, {.folder = "/var/lib/podo/pki", ...});
//   const User user = co_await access->authenticate(exchange.peer(), exchange.headers());
//   if (access->authorize(user, attributes).decision != Decision::allow) ... forbidden
//
// Authenticators, in order: client certificate (CN is the name, O the groups), bearer token (static file,
// bootstrap token of a Secret, service account JWT, bound to its objects), else system:anonymous.
// Authorizers: system:masters may all; the Node authorizer (graph over pods); RBAC. Roles, bindings,
// service accounts, pods and secrets are mirrored, so authorize() neither waits nor reads the store.
//
// Life: open() makes the keys that are missing and reads the rest -> any calls -> destroyed before Objects.
// Lives on the loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
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
  std::shared_ptr<const User> impersonator = {};  // who really asks, when it is somebody else
  bool is_in(std::string_view group) const;
};

// What a request wants: of a resource, or of a path.
struct Attributes {
  std::string_view verb = {}, group = {}, version = {}, resource = {}, subresource = {}, name_space = {};
  std::string_view name = {}, path = {};  // path: of what is no resource
  bool is_resource = true;
  std::string_view field_selector = {};  // of list, watch, deletecollection, as it came: nodes need one
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
  std::string node_name = {}, node_uid = {};                     // of a Pod: where it runs, if it does
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
  io::Loop& loop;
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
  // Escalation: may the user write this Role, ClusterRole (verb escalate) or binding (verb bind)? Else only
  // when all it grants is the user's own. denied: what stands behind "is forbidden: ". not_found: the role
  // that a binding names is not there (the message is that of the Status).
  virtual Result<> check_grant(const User& user, std::string_view name_space,
                               const json::Item& role_or_binding) const = 0;

  virtual Result<TokenMade> make_token(const TokenWish& wish) = 0;
  // Without an end: of a Secret of type kubernetes.io/service-account-token (bound_name).
  virtual Result<std::string> make_secret_token(const TokenWish& wish) = 0;
  virtual Task<TokenReviewed> review_token(std::string token, std::vector<std::string> audiences) = 0;
  virtual std::string key_set() const = 0;  // JWKS, of /openid/v1/jwks
  virtual const std::string& issuer() const = 0;

  virtual const tls::ServerOptions& tls() const = 0;  // identity, client authorities (not required)
  // Makes the server's certificate anew when the hosts have changed, or a third of its life is left; the
  // admin's, too. True: a new tls::Context and a new kubeconfig are due. For once an hour.
  virtual Task<bool> renew(std::vector<std::string> hosts) = 0;
  virtual const std::string& authority_pem() const = 0;
  // A client certificate of the cluster's authority, with its key, and a whole kubeconfig for it.
  virtual Result<std::string> admin_kubeconfig(std::string_view server_url) = 0;
};

// `User "jane" cannot list resource "pods" in API group "" in the namespace "default": REASON`
std::string forbidden_message(const User& user, const Attributes& wanted, std::string_view reason);

// Roles, bindings (canonical JSON of rbac.authorization.k8s.io/v1) that are made, and kept complete, at
// start: of one that is there already, completed() has what it lacks added (rules, subjects, labels);
// absent when it lacks nothing, or its annotation rbac.authorization.kubernetes.io/autoupdate is "false".
std::vector<std::string> default_rbac_objects();
std::optional<json::Tree> completed(const json::Item& there, const json::Item& wanted);

}  // namespace podo::access
