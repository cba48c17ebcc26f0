// Objects as rows of a meta.k8s.io Table, as `kubectl get` shows them: the columns of each resource, and
// what stands in them. Times are told as ages at `now`.
//
//   const std::span<const Column> columns = columns_of(resource.group_version->group, resource.plural);
//   append_column_definitions(out, columns);                     [{"name":"Name","type":"string",...},...]
//   append_row(out, columns, pod, partial_metadata, now);        {"cells":["web","1/1",...],"object":{...}}
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/core/clock.h"
#include "base/format/json_tree.h"

namespace podo::kube {

struct Row {
  const json::Item& object;
  Wall now;
};

struct Column {
  std::string_view name, type = "string", format = "";
  int priority = 0;  // 1: shown by -o wide only
  // Appends the cell as JSON; `path` is the column's, for cells that only need one.
  void (*cell)(std::string& out, const Row& row, std::string_view path) = nullptr;
  std::string_view path = {};
};

// Name and Created At for resources without columns of their own. Subresources have their kind's
// ("autoscaling", "scales").
std::span<const Column> columns_of(std::string_view group, std::string_view plural);

void append_column_definitions(std::string& out, std::span<const Column> columns);
// `object_json`: what stands in the row's "object"; "null" for none.
void append_row(std::string& out, std::span<const Column> columns, const json::Item& object,
                std::string_view object_json, Wall now);

// 5s, 3m12s, 47h, 12d: integer units, cut off.
std::string human_duration(std::int64_t seconds);
// "<unknown>" for no time.
std::string age_of(std::string_view time, Wall now);

}  // namespace podo::kube
