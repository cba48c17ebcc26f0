#include "cluster/api_request/selection.h"

#include <algorithm>

#include "cluster/api_request/answer.h"

namespace podo::apiserver {
namespace {

bool is_of_key(const kube::FieldSelector::Term& term) {
  return term.field == "metadata.name" || term.field == "metadata.namespace";
}

}  // namespace

Selection::Selection(const Request& request, const ListOptions& options)
    : request_(request),
      options_(options),
      by_key_and_labels_(std::ranges::all_of(options.fields.terms(), is_of_key)) {}

bool Selection::selects_key(const objects::Object& object) const {
  return std::ranges::all_of(options_.fields.terms(), [&](const kube::FieldSelector::Term& term) {
    if (!is_of_key(term)) return true;
    const std::string_view is = term.field == "metadata.name" ? object.name() : object.name_space();
    return (is == term.value) == term.equal;
  });
}

Result<bool> Selection::selects(const objects::Object& object) const {
  if (!selects_key(object)) return false;
  if (!by_key_and_labels_) return selects_converted(object);
  if (options_.labels.empty()) return true;
  const std::string_view labels = object.labels();
  if (labels.empty()) return options_.labels.matches(nullptr);
  const json::Tree tree = TRY(json::Tree::parse(std::string(labels)));
  return options_.labels.matches(&tree.root());
}

Result<bool> Selection::selects(const objects::Object& object, const json::Item& stored) const {
  if (!selects_key(object)) return false;
  if (!by_key_and_labels_ && request_.storage != request_.resource) return selects_converted(object);
  return options_.labels.matches(stored.find("metadata", "labels")) &&
         (by_key_and_labels_ || options_.fields.matches(stored));
}

Result<bool> Selection::selects_converted(const objects::Object& object) const {
  const json::Tree tree = TRY(tree_for(request_, object));
  return options_.selects(tree.root());
}

}  // namespace podo::apiserver
