// CertificateApproval, CertificateSigning: who approves or signs must be allowed to do so for that signer.
// CertificateSubjectRestriction: nobody becomes one of system:masters by a certificate of this API.
#include "base/core/text.h"
#include "base/crypto/certificate.h"
#include "base/format/base64.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::text_at;

constexpr std::string_view group = "certificates.k8s.io", plural = "certificatesigningrequests";

bool allows_signer(const Review& review, std::string_view verb, std::string_view signer) {
  if (review.allows(verb, group, "signers", signer)) return true;
  const std::string all_of_domain = std::string(signer.substr(0, signer.find('/'))) + "/*";
  return review.allows(verb, group, "signers", all_of_domain);
}

bool has_failed(const Item& request) {
  for (const Item& condition : kube::children_at(request, "status.conditions"))
    if (text_at(condition, "type") == "Failed") return true;
  return false;
}

Result<> check_subject(const Review& review) {
  const std::string_view signer = text_at(*review.object, "spec.signerName");
  if (signer != "kubernetes.io/kube-apiserver-client") return {};
  const auto pem = base64::decode(text_at(*review.object, "spec.request"));
  if (!pem) return {};  // validation has said so
  const auto request = crypto::read_request(*pem);
  if (!request) return review.forbid(text("failed to parse CSR: {}", request.error().message()));
  for (const std::string& organization : request->subject.organizations) {
    if (organization == "system:masters")
      return review.forbid(text("use of {} signer with system:masters group is not allowed", signer));
  }
  return {};
}

}  // namespace

Result<> check_certificates(const Review& review) {
  if (review.is(group, plural) && review.creates()) return check_subject(review);
  if (!review.updates() || review.old == nullptr) return {};
  // The stored one counts: nobody chooses who is asked.
  const std::string_view signer = text_at(*review.old, "spec.signerName");
  if (review.is(group, plural, "approval") && !allows_signer(review, "approve", signer))
    return review.forbid(text("user not permitted to approve requests with signerName \"{}\"", signer));
  if (!review.is(group, plural, "status")) return {};
  const bool signs =
      text_at(*review.object, "status.certificate") != text_at(*review.old, "status.certificate") ||
      has_failed(*review.object) != has_failed(*review.old);
  if (signs && !allows_signer(review, "sign", signer))
    return review.forbid(text("user not permitted to sign requests with signerName \"{}\"", signer));
  return {};
}

}  // namespace podo::admission
