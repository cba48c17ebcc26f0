// meta.k8s.io Tables: what `kubectl get` asks for. Of a list, piece by piece; of one object, whole.
//
//   {"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":[],"rows":[ROW,...]}
//
// What a row carries along (the object, its metadata or nothing) ?includeObject= says.
#pragma once

#include <string>

#include "cluster/api_request/request.h"
#include "model/kube/printing.h"

namespace podo::apiserver {

enum class IncludeObject : std::uint8_t { none, metadata, object };
Result<IncludeObject> included_object(Request& request);  // fails with a Status

class Table {
 public:
  Table(const Request& request, IncludeObject include);
  // Up to the first row. `list_meta`: `{"resourceVersion":"7"}`. Watches show the columns in their first
  // event only.
  void append_head(std::string& out, std::string_view list_meta, bool columns = true) const;
  // `object`: in the version of the request; not whole when rows carry no whole objects.
  void append_row(std::string& out, const json::Item& object) const;
  static constexpr std::string_view tail = "]}";
  IncludeObject include() const { return include_; }

 private:
  const std::string_view meta_version_;
  const IncludeObject include_;
  const std::span<const kube::Column> columns_;
  const Clock& clock_;  // ages are as of when a row is made
};

// One object (of a get), a Status or a Scale as a Table.
std::string table_json(Request& request, const json::Item& object);

}  // namespace podo::apiserver
