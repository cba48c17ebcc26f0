#include "base/format/base64.h"
#include "cluster/control/plans_testing.h"
#include "cluster/controllers/certificate_plan.h"

namespace podo::controllers {
namespace {

using kube::text_at;

crypto::CertificateRequest node_request(std::vector<std::string> hosts = {}) {
  crypto::CertificateRequest request;
  request.subject = {
      .common_name = "system:node:n1", .organizations = {"system:nodes"}, .hosts = std::move(hosts)};
  return request;
}

json::Tree request_of(std::string_view signer, std::string_view usages, std::string_view status = "",
                      std::string_view spec = "") {
  return tree_of(text(R"({{"metadata":{{"name":"r","creationTimestamp":"1970-01-01T00:00:00Z"}},"spec":{{
    "signerName":"{}","username":"system:node:n1","groups":["system:nodes"],"usages":[{}]{}}},
    "status":{{{}}}}})",
                      signer, usages, spec, status));
}

constexpr std::string_view for_clients = R"("digital signature","client auth")",
                           for_servers = R"("digital signature","key encipherment","server auth")";

}  // namespace

TEST_CASE("a node's client certificate is approved for who may have it; nothing else is") {
  const json::Tree own = request_of(node_client_signer, for_clients);
  CHECK(approval_of(own.root(), node_request())->permission == "selfnodeclient");
  crypto::CertificateRequest other = node_request();
  other.subject.common_name = "system:node:n2";
  CHECK(approval_of(own.root(), other)->permission == "nodeclient");
  CHECK_FALSE(approval_of(own.root(), node_request({"n1"})));
  CHECK_FALSE(approval_of(request_of(node_client_signer, for_servers).root(), node_request()));
  CHECK_FALSE(approval_of(request_of(node_server_signer, for_servers).root(), node_request()));
  CHECK_FALSE(approval_of(request_of(client_signer, for_clients).root(), node_request()));
  other.subject.common_name = "admin";
  CHECK_FALSE(approval_of(own.root(), other));
  const json::Tree review = review_of(own.root(), "nodeclient");
  CHECK(text_at(review.root(), "spec.resourceAttributes.subresource") == "nodeclient");
  CHECK(text_at(review.root(), "spec.groups[0]") == "system:nodes");
}

TEST_CASE("a node's server certificate is approved for the names of its Node alone") {
  const json::Tree own = request_of(node_server_signer, for_servers);
  CHECK(approval_of(own.root(), node_request({"n1"}))->permission.empty());
  CHECK(approval_of(own.root(), node_request({"n1"}))->node == "n1");
  crypto::CertificateRequest other = node_request({"n2"});
  other.subject.common_name = "system:node:n2";
  CHECK(approval_of(own.root(), other)->permission == "nodeserver");
  const json::Tree node = tree_of(R"({"metadata":{"name":"n1"},"status":{"addresses":[
    {"type":"InternalIP","address":"10.0.0.7"},{"type":"Hostname","address":"kubernetes.default.svc"}]}})");
  CHECK(are_of_node({"n1", "10.0.0.7"}, node.root()));
  CHECK_FALSE(are_of_node({"n1", "10.0.0.8"}, node.root()));
  CHECK_FALSE(are_of_node({"kubernetes.default.svc"}, node.root()));
}

TEST_CASE("each signer has its own rules") {
  CHECK_FALSE(objection_to(request_of(node_server_signer, for_servers).root(), node_request({"n1"})));
  CHECK(objection_to(request_of(node_server_signer, for_servers).root(), node_request()) ==
        "DNS or IP subjectAltName is required");
  CHECK(objection_to(request_of(node_server_signer, for_clients).root(), node_request({"n1"})));
  crypto::CertificateRequest jane;
  jane.subject = {.common_name = "jane", .organizations = {"dev"}};
  CHECK_FALSE(objection_to(request_of(client_signer, for_clients).root(), jane));
  CHECK(objection_to(request_of(client_signer, R"("client auth","server auth")").root(), jane));
  CHECK(objection_to(request_of(node_client_signer, for_clients).root(), jane) ==
        "subject organization is not system:nodes");
  CHECK(objection_to(request_of("kubernetes.io/legacy-unknown", for_clients).root(), jane));
}

TEST_CASE("a certificate lasts as long as was asked, from ten minutes to a year") {
  const auto days = [](std::string_view spec) {
    return validity_of(request_of(client_signer, for_clients, "", spec).root()).ns / 1'000'000'000;
  };
  CHECK(days("") == 365 * 86400);
  CHECK(days(R"(,"expirationSeconds":7200)") == 7200);
  CHECK(days(R"(,"expirationSeconds":5)") == 600);
  CHECK(days(R"(,"expirationSeconds":99999999)") == 365 * 86400);
}

TEST_CASE("requests are cleared away an hour after their end, or a day after they began") {
  CHECK(end_of_request(request_of(client_signer, for_clients).root(), 5) == 86400);
  CHECK(end_of_request(request_of(client_signer, for_clients, R"("conditions":[{"type":"Denied",
    "lastUpdateTime":"1970-01-01T00:10:00Z"}])")
                           .root(),
                       700) == 600 + 3600);
}

}  // namespace podo::controllers
