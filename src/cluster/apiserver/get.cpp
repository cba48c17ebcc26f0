#include "cluster/apiserver/subresource.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {

Task<void> get_object(Request& request) {
  const auto found = co_await request.parts.ground.objects.find(key_of(request));
  if (!found) co_await request.refuse(kube::not_found(*request.resource, request.info.name));
  co_await answer_object(request, 200, co_await json_for(request, *found));
}

Task<void> get_scale(Request& request) {
  const Current current = co_await get_current(request);
  co_await answer_object(request, 200,
                         co_await view_json(request, co_await json_for(request, current.stored)));
}

}  // namespace podo::apiserver
