// The chain: every plugin in its place. It is built in, since its order is part of what the API promises.
#include "cluster/admission/plugin.h"
#include "cluster/admission/quota_counter.h"

namespace podo::admission {
namespace {

class Chain final : public Admission {
 public:
  Chain(const AdmissionGround& ground, Known known)
      : ground_(ground), known_(std::move(known)), quotas_(ground.objects, ground.loop) {}
  Task<void> start() { return quotas_.start(); }

  Task<void> admit(const Attributes& attributes, kube::Refusal& refuse, json::Item* object,
                   const json::Item* old) override {
    const Review review{attributes, refuse, object, old, ground_, known_};
    co_await check_namespace(review);  // first: nothing else matters where nothing may be
    if (attributes.operation == Operation::connect) co_return;
    if (object != nullptr) {
      co_await fill_limits(review, *object);
      co_await add_service_account(review, *object);
    }
    co_await restrict_node(review);  // sees what it would run as, and may refuse deletions too
    if (object == nullptr) co_return;
    co_await taint_new_node(review, *object);
    co_await set_priority(review, *object);
    co_await tolerate_node_failures(review, *object);
    co_await set_storage_class(review, *object);
    co_await protect_storage(review, *object);
    co_await apply_runtime_class(review, *object);
    co_await set_ingress_class(review, *object);
  }

  Task<void> validate(const Attributes& attributes, kube::Refusal& refuse, const json::Item* object,
                      const json::Item* old) override {
    if (object == nullptr || attributes.operation == Operation::connect) co_return;
    const Review review{attributes, refuse, object, old, ground_, known_};
    co_await check_limits(review);
    co_await check_mountable_secrets(review);
    co_await check_pod_security(review);
    co_await check_default_priority(review);
    co_await check_volume_resize(review);
    co_await check_overhead(review);
    co_await check_certificates(review);
    co_await warn_of_unenforced(review);
    co_await charge_quotas(review);  // last: what it takes is only given back when something is deleted
  }

 private:
  const AdmissionGround ground_;
  const Known known_;
  QuotaCounter quotas_;
};

}  // namespace

Task<std::unique_ptr<Admission>> Admission::open(AdmissionGround ground) {
  Known known = co_await Known::load(ground.objects);
  auto chain = std::make_unique<Chain>(ground, std::move(known));
  co_await chain->start();
  co_return chain;
}

}  // namespace podo::admission
