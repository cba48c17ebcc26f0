// Admission: what may change an object, or refuse it, after its form is known and before it is stored. Built
// in, in this order (each in a file of its own): NamespaceLifecycle, TaintNodesByCondition, LimitRanger,
// ServiceAccount, NodeRestriction, PodSecurity, Priority, DefaultTolerationSeconds, DefaultStorageClass,
// DefaultIngressClass, StorageObjectInUseProtection, ... , ResourceQuota (last).
//
//   co_await admission->admit(attributes, refusal, object, old);       // may change the object
//   ... defaults again, validation ...
//   co_await admission->validate(attributes, refusal, object, old);    // may only refuse
//
// An Admission also keeps the status of ResourceQuotas true (quota_counter.h) as long as it lives.
//
// Plugins read namespaces, limit ranges, classes and accounts from Mirrors. Refusals have upstream's words
// (facts: validation.md). Lives on the loop.
#pragma once

#include "base/core/random.h"
#include "cluster/access/access.h"
#include "cluster/objects/objects.h"
#include "model/kube/status.h"

namespace podo::admission {

using io::Task;

enum class Operation : std::uint8_t { create, update, remove, connect };

struct Attributes {
  Operation operation;
  const schema::Resource& resource;
  std::string_view subresource;
  std::string_view name_space, name;
  const access::User& user;
  bool dry_run = false;
  std::vector<std::string>& warnings;  // go out as Warning headers
};

struct AdmissionGround {
  io::Loop& loop;
  objects::Objects& objects;
  access::Access& access;
  Clock& clock;
  Random& random;
  Log& log;
};

class Admission {
 public:
  static Task<std::unique_ptr<Admission>> open(AdmissionGround ground);
  virtual ~Admission() = default;
  // `object`: null when something is deleted; `old`: null when it is created.
  virtual Task<void> admit(const Attributes& attributes, kube::Refusal& refuse, json::Item* object,
                           const json::Item* old) = 0;
  virtual Task<void> validate(const Attributes& attributes, kube::Refusal& refuse, const json::Item* object,
                              const json::Item* old) = 0;
};

}  // namespace podo::admission
