#include "cluster/api_request/table.h"

#include "base/format/json_writer.h"
#include "cluster/api_request/answer.h"

namespace podo::apiserver {
namespace {

std::span<const kube::Column> columns_for(const Request& request) {
  const schema::Subresource* part = request.subresource;
  if (part != nullptr && part->kind == "Scale") return kube::columns_of("autoscaling", "scales");
  return kube::columns_of(request.resource->group_version->group, request.resource->plural);
}

}  // namespace

Result<IncludeObject> included_object(Request& request) {
  const std::string_view wish = request.query().get("includeObject");
  if (wish.empty() || wish == "Metadata") return IncludeObject::metadata;
  if (wish == "None") return IncludeObject::none;
  if (wish == "Object") return IncludeObject::object;
  std::string message = "unrecognized includeObject value: ";
  json::append_quoted(message, wish);
  return request.refuse(kube::bad_request(std::move(message)));
}

Table::Table(const Request& request, IncludeObject include)
    : meta_version_(request.media.shape_version),
      include_(include),
      columns_(columns_for(request)),
      clock_(request.ground.clock) {}

void Table::append_head(std::string& out, std::string_view list_meta, bool columns) const {
  out.append(R"({"kind":"Table","apiVersion":"meta.k8s.io/)").append(meta_version_);
  out.append(R"(","metadata":)").append(list_meta).append(R"(,"columnDefinitions":)");
  if (columns) kube::append_column_definitions(out, columns_);
  else out += "null";
  out += R"(,"rows":[)";
}

void Table::append_row(std::string& out, const json::Item& object) const {
  const Wall now = clock_.wall();
  switch (include_) {
    case IncludeObject::none: return kube::append_row(out, columns_, object, "null", now);
    case IncludeObject::metadata:
      return kube::append_row(out, columns_, object, partial_json(object, meta_version_), now);
    case IncludeObject::object: {
      std::string whole;
      json::append_text(whole, object, json::Escapes::html);
      return kube::append_row(out, columns_, object, whole, now);
    }
  }
}

std::string table_json(Request& request, const json::Item& object) {
  const auto include = included_object(request);
  const Table table(request, include ? *include : IncludeObject::metadata);
  const json::Item* version = object.find("metadata", "resourceVersion");
  std::string meta = "{";
  if (version != nullptr && !version->string_or("").empty()) {
    meta += R"("resourceVersion":)";
    json::append_quoted(meta, version->string());
  }
  std::string out;
  table.append_head(out, meta + "}");
  table.append_row(out, object);
  return out += Table::tail;
}

}  // namespace podo::apiserver
