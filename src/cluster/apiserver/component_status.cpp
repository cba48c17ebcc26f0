#include "base/format/json_writer.h"
#include "cluster/apiserver/verbs.h"
#include "model/schema/convert.h"

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

}  // namespace

Task<void> get_component(Request& request) {
  request.warnings.emplace_back("v1 ComponentStatus is deprecated in v1.19+");
  json::Writer out;
  if (!request.info.name.empty()) {
    if (std::find(std::begin(components), std::end(components), request.info.name) == std::end(components))
      co_await request.refuse(kube::not_found(*request.resource, request.info.name));
    write_component(out, request.info.name, false);
    co_return co_await answer_object(request, 200, out.take());
  }
  out.object().key("kind").string("ComponentStatusList").key("apiVersion").string("v1");
  out.key("metadata").object().end().key("items").array();
  for (const std::string_view name : components) write_component(out, name, true);
  out.end().end();
  co_await answer_object(request, 200, out.take());
}

}  // namespace podo::apiserver
