// LimitRanger: the amounts that containers get in a namespace when they ask for none, and how much or little
// containers, pods and claims may ask for.
#include <algorithm>
#include <cstdio>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"
#include "model/strategy/pod_resources.h"

namespace podo::admission {
namespace {

using kube::children_at;
using kube::text_at;
using schema::Quantity;
using strategy::Amounts;
using strategy::amounts_of;

// What is asked for, by a thing of that type ("Container").
struct Asked {
  std::string_view type;
  Amounts requests, limits;
};

const Quantity* amount(const Amounts& of, const std::string& resource) {
  const auto found = of.find(resource);
  return found == of.end() ? nullptr : &found->second;
}

class Checks {
 public:
  explicit Checks(const Asked& asked) : asked_(asked) {}

  void least(const std::string& resource, const Quantity& bound) {
    const Quantity *request = amount(asked_.requests, resource), *limit = amount(asked_.limits, resource);
    const std::string begin = start("minimum", resource, bound);
    if (request == nullptr) problems.push_back(begin + ".  No request is specified");
    else if (*request < bound) problems.push_back(begin + ", but request is " + request->text());
    else if (limit != nullptr && *limit < bound)
      problems.push_back(begin + ", but limit is " + limit->text());
  }
  void most(const std::string& resource, const Quantity& bound) {
    const Quantity *request = amount(asked_.requests, resource), *limit = amount(asked_.limits, resource);
    const std::string begin = start("maximum", resource, bound);
    if (limit == nullptr) problems.push_back(begin + ".  No limit is specified");
    else if (*limit > bound) problems.push_back(begin + ", but limit is " + limit->text());
    else if (request != nullptr && *request > bound)
      problems.push_back(begin + ", but request is " + request->text());
  }
  void most_requested(const std::string& resource, const Quantity& bound) {
    const Quantity* request = amount(asked_.requests, resource);
    const std::string begin = start("maximum", resource, bound);
    if (request == nullptr) problems.push_back(begin + ".  No request is specified");
    else if (*request > bound) problems.push_back(begin + ", but request is " + request->text());
  }
  void ratio(const std::string& resource, const Quantity& bound) {
    const Quantity *request = amount(asked_.requests, resource), *limit = amount(asked_.limits, resource);
    const std::string begin =
        text("{} max limit to request ratio per {} is {}, but ", resource, asked_.type, bound.text());
    if (request == nullptr || request->sign() == 0) {
      problems.push_back(begin + "no request is specified or request is 0");
    } else if (limit == nullptr || limit->sign() == 0) {
      problems.push_back(begin + "no limit is specified or limit is 0");
    } else {
      const double is = value_of(*limit) / value_of(*request);
      char shown[64];
      std::snprintf(shown, sizeof shown, "%f", is);
      if (is > value_of(bound)) problems.push_back(begin + "provided ratio is " + shown);
    }
  }

  std::vector<std::string> problems;

 private:
  // Thousandths while they suffice, as precise as a double is beyond.
  static double value_of(const Quantity& quantity) {
    constexpr std::int64_t fine = INT64_MAX / 1000;
    const std::int64_t whole = quantity.rounded_up();
    return whole < fine ? static_cast<double>(quantity.milli()) / 1000 : static_cast<double>(whole);
  }
  std::string start(std::string_view which, const std::string& resource, const Quantity& bound) const {
    return text("{} {} usage per {} is {}", which, resource, asked_.type, bound.text());
  }
  const Asked& asked_;
};

void check_item(const Item& item, const Asked& asked, std::vector<std::string>& problems) {
  Checks checks(asked);
  for (const auto& [resource, bound] : amounts_of(item.find("min"))) checks.least(resource, bound);
  for (const auto& [resource, bound] : amounts_of(item.find("max"))) {
    if (asked.type == "PersistentVolumeClaim") checks.most_requested(resource, bound);
    else checks.most(resource, bound);
  }
  for (const auto& [resource, bound] : amounts_of(item.find("maxLimitRequestRatio")))
    checks.ratio(resource, bound);
  problems.insert(problems.end(), checks.problems.begin(), checks.problems.end());
}

std::vector<Asked> asked_of_pod(const Item& spec) {
  std::vector<Asked> out;
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Item& container : children_at(spec, list)) {
      out.push_back({"Container", amounts_of(kube::find_at(container, "resources.requests")),
                     amounts_of(kube::find_at(container, "resources.limits"))});
    }
  }
  out.push_back({"Pod", strategy::pod_amounts(spec, "requests"), strategy::pod_amounts(spec, "limits")});
  return out;
}

// What of `defaults` the list does not say yet is added to it; the names of what was added.
std::string add_missing(Item& container, std::string_view which, const Amounts& defaults) {
  std::string added;
  for (const auto& [resource, quantity] : defaults) {
    Item& list = container.member("resources").member(which);
    if (list.find(resource) != nullptr) continue;
    list.member(resource).set_string(quantity.text());
    added.append(added.empty() ? "" : ", ").append(resource);
  }
  return added;
}

void add_defaults(Item& object, const Item& limit_range) {
  Amounts requests, limits;
  for (const Item& item : children_at(limit_range, "spec.limits")) {
    if (text_at(item, "type") != "Container") continue;
    for (auto& [resource, quantity] : amounts_of(item.find("defaultRequest"))) requests[resource] = quantity;
    for (auto& [resource, quantity] : amounts_of(item.find("default"))) limits[resource] = quantity;
  }
  if (requests.empty() && limits.empty()) return;
  std::string what;
  for (const std::string_view list : {"containers", "initContainers"}) {
    const std::string_view called = list == "containers" ? "container" : "init container";
    for (Item* container : containers_of(object.member("spec"), {list})) {
      for (const auto& [which, singular, amounts] :
           {std::tuple("requests", "request", &requests), std::tuple("limits", "limit", &limits)}) {
        const std::string added = add_missing(*container, which, *amounts);
        if (added.empty()) continue;
        what += text("{}{} {} for {} {}", what.empty() ? "" : "; ", added, singular, called,
                     text_at(*container, "name"));
      }
    }
  }
  if (!what.empty()) {
    object.member("metadata")
        .member("annotations")
        .member("kubernetes.io/limit-ranger")
        .set_string("LimitRanger plugin set: " + what);
  }
}

Result<> refuse(const Review& review, const std::vector<std::string>& problems) {
  if (problems.empty()) return {};
  if (problems.size() == 1) return review.forbid(problems.front());
  std::string all_of_them;
  for (const std::string& problem : problems) all_of_them += (all_of_them.empty() ? "[" : ", ") + problem;
  return review.forbid(all_of_them + "]");
}

}  // namespace

Result<> fill_limits(const Review& review, Item& object) {
  if (!review.is("", "pods") || !review.creates()) return {};
  for (const json::Tree& tree : all(*review.known.limit_ranges, review.attributes.name_space))
    add_defaults(object, tree.root());
  return {};
}

Result<> check_limits(const Review& review) {
  std::vector<Asked> asked;
  if (review.is("", "persistentvolumeclaims")) {
    asked.push_back(
        {"PersistentVolumeClaim", amounts_of(kube::find_at(*review.object, "spec.resources.requests")), {}});
  } else if ((review.is("", "pods") && review.creates()) || review.is("", "pods", "resize")) {
    asked = asked_of_pod(kube::part_at(*review.object, "spec"));
  } else {
    return {};
  }
  for (const json::Tree& tree : all(*review.known.limit_ranges, review.attributes.name_space)) {
    std::vector<std::string> problems;
    for (const Item& item : children_at(tree.root(), "spec.limits")) {
      for (const Asked& one : asked)
        if (one.type == text_at(item, "type")) check_item(item, one, problems);
    }
    TRY(refuse(review, problems));
  }
  return {};
}

}  // namespace podo::admission
