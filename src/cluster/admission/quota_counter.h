// QuotaCounter: keeps status of resource quotas true. Admission raises status.used for what is made; what is
// deleted, or a quota that is new or changed, is counted anew here, from what there is.
//
//   QuotaCounter counter(objects, loop);  ->  co_await counter.start()  ->  destroyed before Objects
//
// A change of an object only says which namespace to count again, so nothing is lost by a change that is not
// seen, but time. An object that was charged and is not stored yet would be missed: after every change of a
// status the namespace is counted once more, a second later. Lives on the loop.
#pragma once

#include <set>
#include <string>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "cluster/objects/mirror.h"

namespace podo::admission {

class QuotaCounter {
 public:
  QuotaCounter(objects::Objects& objects, io::Loop& loop) : objects_(objects), group_(loop) {}
  io::Task<void> start();

 private:
  void see(const objects::Object& before, const objects::Object& now);
  void mark(std::string_view name_space);
  io::Task<void> count_what_is_marked();
  io::Task<void> count(std::string name_space);
  io::Task<void> count_quota(objects::Object stored);
  io::Task<void> count_later(std::string name_space);
  io::Task<void> count_charged(std::string name_space);
  io::Task<void> follow(const schema::Resource& resource);
  io::Task<void> follow_changes(const schema::Resource& resource);
  void follow_what_counts(const json::Item& quota);

  objects::Objects& objects_;
  std::set<std::string, std::less<>> marked_, charged_;
  std::set<const schema::Resource*> followed_;
  io::Condition changed_{"namespaces whose quotas are to be counted"};
  std::unique_ptr<objects::Mirror> quotas_;
  io::TaskGroup group_;  // last: its strands use the rest
};

}  // namespace podo::admission
