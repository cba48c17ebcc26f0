#include "cluster/controllers/certificate_plan.h"

#include <algorithm>
#include <set>

#include "base/format/base64.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::text_at;

constexpr Seconds hour = 3600, day = 24 * hour, shortest = 600, longest = 365 * day;
constexpr std::string_view node_group = "system:nodes", node_prefix = "system:node:";

std::set<std::string_view> usages_of(const json::Item& request) {
  std::set<std::string_view> usages;
  for (const json::Item& usage : children_at(request, "spec.usages")) usages.insert(usage.string_or(""));
  return usages;
}

// `needed` and no others than signing and enciphering keys.
bool are_usages(const json::Item& request, std::string_view needed) {
  const std::set<std::string_view> usages = usages_of(request);
  return usages.contains(needed) && std::ranges::all_of(usages, [&](std::string_view usage) {
           return usage == needed || usage == "digital signature" || usage == "key encipherment";
         });
}

std::optional<std::string> objection_to_node(const crypto::CertificateRequest& wanted) {
  if (wanted.subject.organizations != std::vector<std::string>{std::string(node_group)})
    return "subject organization is not system:nodes";
  if (!wanted.subject.common_name.starts_with(node_prefix))
    return "subject common name does not begin with system:node:";
  return std::nullopt;
}

std::optional<std::string> objection_to_node_client(const json::Item& request,
                                                    const crypto::CertificateRequest& wanted) {
  if (auto objection = objection_to_node(wanted)) return objection;
  if (!wanted.subject.hosts.empty()) return "DNS or IP subjectAltNames are not allowed";
  if (wanted.other_names) return "Email and URI subjectAltNames are not allowed";
  if (!are_usages(request, "client auth") || !usages_of(request).contains("digital signature"))
    return "usages did not match [digital signature key encipherment client auth]";
  return std::nullopt;
}

std::optional<std::string> objection_to_node_server(const json::Item& request,
                                                    const crypto::CertificateRequest& wanted) {
  if (auto objection = objection_to_node(wanted)) return objection;
  if (wanted.subject.hosts.empty()) return "DNS or IP subjectAltName is required";
  if (wanted.other_names) return "Email and URI subjectAltNames are not allowed";
  if (!are_usages(request, "server auth") || !usages_of(request).contains("digital signature"))
    return "usages did not match [digital signature key encipherment server auth]";
  return std::nullopt;
}

void add_condition(json::Item& request, std::string_view type, std::string_view reason,
                   std::string_view message, Seconds now) {
  json::Item& condition = request.member("status").member("conditions").append();
  condition.member("type").set_string(type);
  condition.member("status").set_string("True");
  condition.member("reason").set_string(reason);
  condition.member("message").set_string(message);
  condition.member("lastUpdateTime").set_string(time_text(now));
}

Write changed_request(json::Tree request, std::string_view subresource) {
  Write write = update(Kind::certificate_request, std::move(request));
  write.subresource = subresource;
  return write;
}

Seconds time_of_condition(const json::Item& request, std::string_view type) {
  for (const json::Item& condition : children_at(request, "status.conditions")) {
    if (text_at(condition, "type") != type) continue;
    return std::max(time_at(condition, "lastUpdateTime"), time_at(request, "metadata.creationTimestamp"));
  }
  return 0;
}

}  // namespace

bool has_condition(const json::Item& request, std::string_view type) {
  for (const json::Item& condition : children_at(request, "status.conditions"))
    if (text_at(condition, "type") == type) return true;
  return false;
}

std::optional<Approval> server_approval_of(const json::Item& request,
                                           const crypto::CertificateRequest& wanted) {
  if (objection_to_node_server(request, wanted)) return std::nullopt;
  std::string node = wanted.subject.common_name.substr(node_prefix.size());
  if (text_at(request, "spec.username") == wanted.subject.common_name)
    return Approval{"", "Auto approving self kubelet server certificate for the names of its Node.",
                    std::move(node)};
  return Approval{"nodeserver", "Auto approving kubelet server certificate after SubjectAccessReview.",
                  std::move(node)};
}

bool are_of_node(const std::vector<std::string>& hosts, const json::Item& node) {
  std::set<std::string_view> own = {text_at(node, "metadata.name")};
  for (const json::Item& address : children_at(node, "status.addresses"))
    if (text_at(address, "type").ends_with("IP")) own.insert(text_at(address, "address"));
  return std::ranges::all_of(hosts, [&](const std::string& host) { return own.contains(host); });
}

std::optional<Approval> approval_of(const json::Item& request, const crypto::CertificateRequest& wanted) {
  if (text_at(request, "spec.signerName") == node_server_signer) return server_approval_of(request, wanted);
  if (text_at(request, "spec.signerName") != node_client_signer) return std::nullopt;
  if (objection_to_node_client(request, wanted)) return std::nullopt;
  if (text_at(request, "spec.username") == wanted.subject.common_name)
    return Approval{"selfnodeclient",
                    "Auto approving self kubelet client certificate after SubjectAccessReview."};
  return Approval{"nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."};
}

json::Tree review_of(const json::Item& request, std::string_view permission) {
  json::Tree tree;
  json::Item& review = tree.root();
  review.member("apiVersion").set_string("authorization.k8s.io/v1");
  review.member("kind").set_string("SubjectAccessReview");
  json::Item& spec = review.member("spec");
  spec.member("user").set_string(text_at(request, "spec.username"));
  spec.member("uid").set_string(text_at(request, "spec.uid"));
  for (const std::string_view field : {"groups", "extra"})
    if (const json::Item* value = kube::find_at(request, text("spec.{}", field)))
      spec.member(field).copy(*value);
  json::Item& wanted = spec.member("resourceAttributes");
  wanted.member("group").set_string("certificates.k8s.io");
  wanted.member("resource").set_string("certificatesigningrequests");
  wanted.member("verb").set_string("create");
  wanted.member("subresource").set_string(permission);
  return tree;
}

Write approve(const json::Item& request, std::string_view message, Seconds now) {
  json::Tree changed = json::Tree::copy_of(request);
  add_condition(changed.root(), "Approved", "AutoApproved", message, now);
  return changed_request(std::move(changed), "approval");
}

std::optional<std::string> objection_to(const json::Item& request, const crypto::CertificateRequest& wanted) {
  const std::string_view signer = text_at(request, "spec.signerName");
  if (signer == node_client_signer) return objection_to_node_client(request, wanted);
  if (signer == node_server_signer) return objection_to_node_server(request, wanted);
  if (signer != client_signer) return text("signer {} is not ours", signer);
  if (!are_usages(request, "client auth"))
    return "usages did not match [digital signature key encipherment client auth]";
  return std::nullopt;
}

CertificateUse use_of(const json::Item& request) {
  const std::set<std::string_view> usages = usages_of(request);
  return {.server = usages.contains("server auth"), .client = usages.contains("client auth")};
}

Duration validity_of(const json::Item& request) {
  const json::Item* wanted = kube::find_at(request, "spec.expirationSeconds");
  if (wanted == nullptr) return seconds(longest);
  return seconds(std::clamp<Seconds>(wanted->as_int64().value_or(longest), shortest, longest));
}

Write with_certificate(const json::Item& request, std::string_view pem) {
  json::Tree changed = json::Tree::copy_of(request);
  changed.root().member("status").member("certificate").set_string(base64::encode(pem));
  return changed_request(std::move(changed), "status");
}

Write refuse(const json::Item& request, std::string_view why, Seconds now) {
  json::Tree changed = json::Tree::copy_of(request);
  add_condition(changed.root(), "Failed", "SignerValidationFailure", why, now);
  return changed_request(std::move(changed), "status");
}

Seconds end_of_request(const json::Item& request, Seconds now) {
  if (const auto pem = base64::decode(text_at(request, "status.certificate")); pem && !pem->empty()) {
    const auto certificate = crypto::read_certificate(*pem);
    if (certificate && certificate->not_after.ns / 1'000'000'000 <= now) return now;
  }
  Seconds end = time_at(request, "metadata.creationTimestamp") + day;
  for (const std::string_view type : {"Approved", "Denied", "Failed"})
    if (const Seconds since = time_of_condition(request, type); since != 0) end = std::min(end, since + hour);
  return end;
}

}  // namespace podo::controllers
