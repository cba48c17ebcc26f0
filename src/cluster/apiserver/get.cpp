#include "cluster/api_request/list_options.h"
#include "cluster/apiserver/subresource.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {

Task<void> get_object(Call& call) {
  objects::Objects& objects = call.parts.ground.objects;
  const objects::Revision least = co_await read_revision(call, call.query().get("resourceVersion"));
  const objects::Revision newest = least != 0 ? co_await objects.newest() : 0;
  if (least > newest) co_await call.refuse(too_large_revision(least, newest));
  const auto found = co_await objects.find(key_of(call));
  if (!found) co_await call.refuse(kube::not_found(*call.resource, call.info.name));
  co_await answer_object(call, 200, co_await json_for(call, *found));
}

Task<void> get_scale(Call& call) {
  const Current current = co_await get_current(call);
  co_await answer_object(call, 200, co_await view_json(call, co_await json_for(call, current.stored)));
}

}  // namespace podo::apiserver
