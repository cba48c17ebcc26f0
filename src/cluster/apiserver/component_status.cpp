#include <algorithm>

#include "base/format/json_writer.h"
#include "cluster/api_request/table.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {
namespace {

// The parts of a cluster are one program here: it answers, so they are well.
constexpr std::string_view components[] = {"controller-manager", "etcd-0", "scheduler"};

void write_component(json::Writer& out, std::string_view name, bool in_list) {
  out.object();
  if (!in_list) out.key("kind").string("ComponentStatus").key("apiVersion").string("v1");
  out.key("metadata").object().key("name").string(name).end();
  out.key("conditions").array().object().key("type").string("Healthy").key("status").string("True");
  out.key("message").string("ok").end().end().end();
}

std::string component_json(std::string_view name) {
  json::Writer out;
  write_component(out, name, false);
  return out.take();
}

Task<void> answer_table(Request& request) {
  const Table table(request, co_await included_object(request));
  std::string out;
  table.append_head(out, "{}");
  std::string_view between = "";
  for (const std::string_view name : components) {
    const json::Tree component = co_await json::Tree::parse(component_json(name));
    out += std::exchange(between, ",");
    table.append_row(out, component.root());
  }
  out += Table::tail;
  request.media.shape = Shape::whole;
  co_await answer_object(request, 200, std::move(out));
}

}  // namespace

Task<void> get_component(Call& call) {
  call.warnings.emplace_back("v1 ComponentStatus is deprecated in v1.19+");
  if (!call.info.name.empty()) {
    if (std::find(std::begin(components), std::end(components), call.info.name) == std::end(components))
      co_await call.refuse(kube::not_found(*call.resource, call.info.name));
    co_return co_await answer_object(call, 200, component_json(call.info.name));
  }
  if (call.media.shape == Shape::table) co_return co_await answer_table(call);
  json::Writer out;
  out.object().key("kind").string("ComponentStatusList").key("apiVersion").string("v1");
  out.key("metadata").object().end().key("items").array();
  for (const std::string_view name : components) write_component(out, name, true);
  out.end().end();
  const schema::Struct* type = call.ground.schema.find_root("v1", "ComponentStatusList");
  ENSURE(type != nullptr);
  co_await answer_other(call, 200, out.take(), *type);
}

}  // namespace podo::apiserver
