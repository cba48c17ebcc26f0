// ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, numbered. The one with the
// highest number is wanted now; going back to an older template gives that one the highest number anew.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

class Revisions {
 public:
  // `there`: those that the owner controls.
  Revisions(const json::Item& owner, Kind kind, const Facts& self, std::vector<json::Tree> there);

  // What must be written first so that the wanted template has its revision; absent when it has.
  std::optional<Write> due() const;
  std::string_view wanted_name() const { return wanted_name_; }  // "web-5d59d67564"
  std::string_view wanted_hash() const;                          // "5d59d67564"
  // Null when there is none of that name.
  const json::Item* template_of(std::string_view name) const;
  // The oldest ones beyond spec.revisionHistoryLimit that nobody uses.
  std::vector<Write> past(const std::vector<std::string_view>& used) const;

 private:
  json::Tree made() const;
  std::int64_t newest() const;

  const json::Item& owner_;
  const Kind kind_;
  const Facts& self_;
  std::vector<json::Tree> there_;  // by number
  json::Tree data_;
  std::string hash_, wanted_name_;
  const json::Tree* equal_ = nullptr;
};

}  // namespace podo::controllers
