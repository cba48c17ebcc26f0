// The query of list, watch and deletecollection (meta.v1 ListOptions), read and checked.
#pragma once

#include <optional>
#include <string>

#include "cluster/api_request/request.h"
#include "cluster/objects/objects.h"
#include "model/kube/selectors.h"

namespace podo::apiserver {

struct ListOptions {
  kube::LabelSelector labels;
  kube::FieldSelector fields;
  std::string resource_version, match, continue_token;
  std::size_t limit = 0;
  bool watch = false, allow_bookmarks = false;
  std::optional<bool> send_initial_events = {};
  std::optional<std::int64_t> timeout_s = {};

  bool selects_all() const { return labels.empty() && fields.empty(); }
  bool selects(const json::Item& object) const;  // in the version of the request
};

// Fails with a Status of the request. A name in the path is a field selector.
Result<ListOptions> read_list_options(Request& request);

// The number of a resourceVersion; 0 for "" and "0". Fails with a Status.
Result<objects::Revision> read_revision(Request& request, std::string_view resource_version);
kube::Status too_large_revision(objects::Revision asked, objects::Revision newest);  // 504: try again

}  // namespace podo::apiserver
