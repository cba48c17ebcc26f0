#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"
#include "model/kube/path.h"

namespace podo::apiserver {

// What only the node of a pod can do: its logs, exec, attach, portforward; proxies to nodes, pods, Services.
// The object must be there, and on a node; nodes of this version cannot be reached yet.
Task<void> reach_node(Request& request) {
  const Current current = co_await get_current(request);
  const bool of_pod = request.resource->plural == "pods";
  if (of_pod && kube::text_at(current.object.root(), "spec.nodeName").empty())
    co_await request.refuse(
        kube::bad_request(text("pod {} does not have a host assigned", request.info.name)));
  co_await request.refuse(
      {.code = 501,
       .reason = "NotImplemented",
       .message = text("{} of {} \"{}\": no node of this cluster can be reached yet",
                       request.info.subresource, kube::qualified(*request.resource), request.info.name),
       .group = "",
       .kind = "",
       .name = ""});
}

}  // namespace podo::apiserver
