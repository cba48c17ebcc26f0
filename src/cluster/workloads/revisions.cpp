#include "cluster/workloads/revisions.h"

#include <algorithm>

#include "cluster/control/claims.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::number_at;
using kube::part_at;
using kube::text_at;

constexpr std::string_view hash_label = "controller.kubernetes.io/hash";

// A patch that puts the template back as it was: what kubectl rollout undo sends.
json::Tree data_of(const json::Item& owner) {
  json::Tree data;
  json::Item& pod = data.root().member("spec").member("template");
  pod.member("$patch").set_string("replace");
  for (const json::Item& member : kube::children_at(owner, "spec.template"))
    pod.member(member.key()).copy(member);
  return data;
}

std::int64_t number_of(const json::Tree& revision) { return number_at(revision.root(), "revision"); }

}  // namespace

Revisions::Revisions(const json::Item& owner, Kind kind, const Facts& self, std::vector<json::Tree> there)
    : owner_(owner), kind_(kind), self_(self), there_(std::move(there)), data_(data_of(owner)) {
  std::ranges::stable_sort(
      there_, [](const json::Tree& a, const json::Tree& b) { return number_of(a) < number_of(b); });
  hash_ = template_hash(part_at(owner, "spec.template"), number_at(owner, "status.collisionCount"));
  wanted_name_ = self.name + "-" + hash_;
  for (const json::Tree& revision : there_) {
    if (!json::same(part_at(revision.root(), "data"), data_.root())) continue;
    equal_ = &revision;
    wanted_name_ = text_at(revision.root(), "metadata.name");
  }
}

std::string_view Revisions::wanted_hash() const {
  return std::string_view(wanted_name_).substr(std::min(wanted_name_.size(), self_.name.size() + 1));
}

std::int64_t Revisions::newest() const { return there_.empty() ? 0 : number_of(there_.back()); }

std::optional<Write> Revisions::due() const {
  if (equal_ == nullptr) {
    Write write = create(Kind::revision, self_.name_space, made());
    write.name = wanted_name_;
    return write;
  }
  if (number_of(*equal_) == newest()) return std::nullopt;
  json::Tree forward = json::Tree::copy_of(equal_->root());
  forward.root().member("revision").set_number(newest() + 1);
  return update(Kind::revision, std::move(forward));
}

json::Tree Revisions::made() const {
  json::Tree tree;
  json::Item& revision = tree.root();
  revision.member("kind").set_string("ControllerRevision");
  revision.member("apiVersion").set_string("apps/v1");
  json::Item& metadata = revision.member("metadata");
  metadata.member("name").set_string(wanted_name_);
  metadata.member("namespace").set_string(self_.name_space);
  metadata.member("labels").copy(part_at(owner_, "spec.template.metadata.labels"));
  metadata.member("labels")
      .member(kind_ == Kind::stateful_set ? hash_label : revision_hash_label)
      .set_string(hash_);
  for (const json::Item& note : kube::children_at(owner_, "metadata.annotations"))
    if (note.key() != "kubectl.kubernetes.io/last-applied-configuration")
      metadata.member("annotations").member(note.key()).copy(note);
  write_owner(metadata.member("ownerReferences").append(), kind_, self_);
  revision.member("data").copy(data_.root());
  revision.member("revision").set_number(newest() + 1);
  return tree;
}

const json::Item* Revisions::template_of(std::string_view name) const {
  for (const json::Tree& revision : there_)
    if (text_at(revision.root(), "metadata.name") == name)
      return &part_at(revision.root(), "data.spec.template");
  return nullptr;
}

std::vector<Write> Revisions::past(const std::vector<std::string_view>& used) const {
  std::vector<Write> writes;
  const json::Item* limit = kube::find_at(owner_, "spec.revisionHistoryLimit");
  const std::int64_t kept = limit != nullptr ? limit->as_int64().value_or(10) : 10;
  std::vector<const json::Item*> idle;
  for (const json::Tree& revision : there_) {
    const std::string_view name = text_at(revision.root(), "metadata.name");
    if (name != wanted_name_ && !std::ranges::contains(used, name)) idle.push_back(&revision.root());
  }
  for (const json::Item* revision : idle) {
    if (static_cast<std::int64_t>(idle.size() - writes.size()) <= kept) break;
    writes.push_back({.verb = Write::Verb::remove,
                      .kind = Kind::revision,
                      .name_space = self_.name_space,
                      .name = std::string(text_at(*revision, "metadata.name")),
                      .uid = std::string(text_at(*revision, "metadata.uid"))});
  }
  return writes;
}

}  // namespace podo::controllers
