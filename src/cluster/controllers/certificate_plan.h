// Requests for certificates (certificates.k8s.io): which are approved without a person, how those that are
// approved are signed, and when they are cleared away.
//
//   signer kubernetes.io/...           what is asked for must be
//   kube-apiserver-client              a client's certificate
//   kube-apiserver-client-kubelet      a node's: O system:nodes, CN system:node:NAME, no other names
//   kubelet-serving                    a node's server: the same, with names or addresses, for serving
//
// All other signers, legacy-unknown too, are not ours. Kubernetes leaves kubelet-serving to a person, or to a
// program beside it, since who has such a certificate can answer for any address in it; here a node gets one
// for its own name and for the addresses that its Node says. Pure.
#pragma once

#include "base/crypto/certificate.h"
#include "cluster/control/plan.h"

namespace podo::controllers {

inline constexpr std::string_view client_signer = "kubernetes.io/kube-apiserver-client",
                                  node_client_signer = "kubernetes.io/kube-apiserver-client-kubelet",
                                  node_server_signer = "kubernetes.io/kubelet-serving";

bool has_condition(const json::Item& request, std::string_view type);

// A node's certificate may be approved when who asks may "create" this subresource of
// certificatesigningrequests ("": the node itself asks, and may), and all hosts are of_node(). Absent: a
// person decides.
struct Approval {
  std::string_view permission;  // "selfnodeclient", "nodeclient", "nodeserver"
  std::string_view message;
  std::string node = {};  // whose names and addresses it asks for; "": it asks for none
};
std::optional<Approval> approval_of(const json::Item& request, const crypto::CertificateRequest& wanted);
// Each is the node's name, or one of the addresses that it says.
bool are_of_node(const std::vector<std::string>& hosts, const json::Item& node);
// A SubjectAccessReview of whether they may.
json::Tree review_of(const json::Item& request, std::string_view permission);
Write approve(const json::Item& request, std::string_view message, Seconds now);

// What keeps an approved request from being signed, in words; absent: nothing.
std::optional<std::string> objection_to(const json::Item& request, const crypto::CertificateRequest& wanted);
struct CertificateUse {
  bool server = false, client = false;
};
CertificateUse use_of(const json::Item& request);
Duration validity_of(const json::Item& request);
Write with_certificate(const json::Item& request, std::string_view pem);
Write refuse(const json::Item& request, std::string_view why, Seconds now);

// When it is to be deleted: approved, denied and failed ones after an hour, others after a day; at once when
// its certificate has ended.
Seconds end_of_request(const json::Item& request, Seconds now);

}  // namespace podo::controllers
