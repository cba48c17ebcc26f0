#include "cluster/apiserver/list_options.h"
#include "cluster/apiserver/subresource.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {

Task<void> get_object(Request& request) {
  objects::Objects& objects = request.parts.ground.objects;
  const objects::Revision least = co_await read_revision(request, request.query().get("resourceVersion"));
  const objects::Revision newest = least != 0 ? co_await objects.newest() : 0;
  if (least > newest) co_await request.refuse(too_large_revision(least, newest));
  const auto found = co_await objects.find(key_of(request));
  if (!found) co_await request.refuse(kube::not_found(*request.resource, request.info.name));
  co_await answer_object(request, 200, co_await json_for(request, *found));
}

Task<void> get_scale(Request& request) {
  const Current current = co_await get_current(request);
  co_await answer_object(request, 200,
                         co_await view_json(request, co_await json_for(request, current.stored)));
}

}  // namespace podo::apiserver
