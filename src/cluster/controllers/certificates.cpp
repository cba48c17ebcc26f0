// The controllers of certificate requests: who approves, who signs, who clears away.
#include "base/format/base64.h"
#include "cluster/controllers/certificate_plan.h"
#include "cluster/controllers/controllers.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

class RequestController : public Controller {
 protected:
  RequestController(World& world, std::string name)
      : Controller(world, Kind::certificate_request, std::move(name)) {
    watch_own();
  }
  static Result<crypto::CertificateRequest> read(const json::Item& request) {
    return crypto::read_request(TRY(base64::decode(text_at(request, "spec.request"))));
  }
  Task<void> perform_one(Facts self, Write write) {
    std::vector<Write> writes;
    writes.push_back(std::move(write));
    co_await perform(self, std::move(writes));
  }
};

class Approving final : public RequestController {
 public:
  explicit Approving(World& world) : RequestController(world, "certificate-approver") {}

 private:
  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> request = world_.of(kind_).read(key);
    if (!self || !request || has_condition(request->root(), "Approved") ||
        has_condition(request->root(), "Denied"))
      co_return;
    const Result<crypto::CertificateRequest> wanted = read(request->root());
    if (!wanted) co_return;
    const std::optional<Approval> approval = approval_of(request->root(), *wanted);
    if (!approval) co_return;
    if (!co_await is_allowed(request->root(), *approval) || !co_await is_of_node(*wanted, approval->node))
      co_await denied("{} may not have a certificate of a node without a person's approval",
                      text_at(request->root(), "spec.username"));
    co_await perform_one(*self, approve(request->root(), approval->message, world_.now()));
  }

  Task<bool> is_allowed(const json::Item& request, const Approval& approval) {
    if (approval.permission.empty()) co_return true;
    client::Client& client = world_.ground.client;
    const json::Tree review = review_of(request, approval.permission);
    const json::Tree reviewed = co_await client.create(
        {.resource = client.resource("authorization.k8s.io", "subjectaccessreviews")}, review.root());
    co_return kube::is_true_at(reviewed.root(), "status.allowed");
  }

  Task<bool> is_of_node(const crypto::CertificateRequest& wanted, std::string node) {
    if (node.empty()) co_return true;
    client::Client& client = world_.ground.client;
    const auto found = co_await client.find({.resource = client.resource("", "nodes"), .name = node});
    co_return found&& are_of_node(wanted.subject.hosts, found->root());
  }
};

class Signing final : public RequestController {
 public:
  explicit Signing(World& world) : RequestController(world, "certificate-signer") {}

 private:
  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> tree = world_.of(kind_).read(key);
    if (!self || !tree || !world_.ground.sign_certificate) co_return;
    const json::Item& request = tree->root();
    const std::string_view signer = text_at(request, "spec.signerName");
    const bool is_ours =
        signer == client_signer || signer == node_client_signer || signer == node_server_signer;
    if (!is_ours || !has_condition(request, "Approved") || has_condition(request, "Denied") ||
        has_condition(request, "Failed") || !text_at(request, "status.certificate").empty())
      co_return;
    co_await perform_one(*self, outcome_of(request));
  }

  Write outcome_of(const json::Item& request) const {
    const Result<crypto::CertificateRequest> wanted = read(request);
    if (!wanted) return refuse(request, wanted.error().message(), world_.now());
    if (const auto objection = objection_to(request, *wanted))
      return refuse(request, *objection, world_.now());
    const CertificateUse use = use_of(request);
    const Result<std::string> pem =
        world_.ground.sign_certificate({.request = *base64::decode(text_at(request, "spec.request")),
                                        .valid_for = validity_of(request),
                                        .server = use.server,
                                        .client = use.client});
    return pem ? with_certificate(request, *pem) : refuse(request, pem.error().message(), world_.now());
  }
};

class Clearing final : public RequestController {
 public:
  explicit Clearing(World& world) : RequestController(world, "certificate-cleaner") {}

 private:
  Task<void> reconcile(std::string key) override {
    const std::optional<Facts> self = copy_of_own(key);
    const std::optional<json::Tree> request = world_.of(kind_).read(key);
    if (!self || !request || self->deleting()) co_return;
    const Seconds end = end_of_request(request->root(), world_.now());
    if (end > world_.now()) co_return queue_.add_after(key, seconds(end - world_.now()));
    co_await perform_one(*self, remove(kind_, *self));
  }
};

}  // namespace

std::unique_ptr<Controller> make_certificate_approver(World& world) {
  return std::make_unique<Approving>(world);
}
std::unique_ptr<Controller> make_certificate_signer(World& world) { return std::make_unique<Signing>(world); }
std::unique_ptr<Controller> make_certificate_cleaner(World& world) {
  return std::make_unique<Clearing>(world);
}

}  // namespace podo::controllers
