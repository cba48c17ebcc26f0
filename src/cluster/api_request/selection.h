// Which stored objects a list or watch is about: its selectors, applied to the stored bytes. Names and labels
// are found there; only other fields need the object to be parsed (and converted).
#pragma once

#include "cluster/api_request/list_options.h"

namespace podo::apiserver {

class Selection {
 public:
  Selection(const Request& request, const ListOptions& options);
  bool selects_all() const { return options_.selects_all(); }
  Result<bool> selects(const objects::Object& object) const;
  // As selects(), with the object as it is stored, parsed already.
  Result<bool> selects(const objects::Object& object, const json::Item& stored) const;

 private:
  bool selects_key(const objects::Object& object) const;
  Result<bool> selects_converted(const objects::Object& object) const;

  const Request& request_;
  const ListOptions& options_;
  bool by_key_and_labels_ = true;
};

}  // namespace podo::apiserver
