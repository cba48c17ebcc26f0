#include "cluster/node/orphans.h"

#include "cluster/pod/container_request.h"

namespace podo::node {
namespace {

constexpr Duration grace = seconds(2);  // whoever removed the pod gave it none

Task<void> remove_what_is_left(const WorkerGround& ground, std::string uid) {
  ground.log.info("pod {} is not in the API any more: what is left of it goes", uid);
  for (const engine::ContainerPtr& container : ground.runs.of(uid)) {
    const Result<void> stopped = co_await ground.containers.stop(container->id, grace).result();
    if (!stopped && stopped.error().kind() == ErrorKind::cancelled) co_await Result<void>(stopped);
    co_await ground.containers.remove(container->id);
  }
  co_await ground.engine.remove_sandbox(uid);
  co_await ground.volumes.unmount(uid);
}

Task<void> remove_orphan(const WorkerGround& ground, std::string uid) {
  const Result<void> removed = co_await remove_what_is_left(ground, uid).result();
  if (removed || removed.error().kind() == ErrorKind::cancelled) co_await Result<void>(removed);
  else ground.log.warn("what is left of pod {}: {}", uid, removed.error().message());
}

std::set<std::string> all_that_is_here(const WorkerGround& ground) {
  std::set<std::string> uids;
  for (std::string& uid : ground.runs.pods()) uids.insert(std::move(uid));
  for (std::string& uid : ground.volumes.known_pods()) uids.insert(std::move(uid));
  for (const engine::SandboxPtr& sandbox : ground.engine.list_sandboxes())
    if (sandbox->wish.labels.contains(std::string(pod::label::pod_uid))) uids.insert(sandbox->wish.id);
  return uids;
}

}  // namespace

Task<void> remove_orphans(const WorkerGround& ground, std::function<bool(std::string_view uid)> is_known) {
  io::TaskGroup removing(ground.loop);
  for (const std::string& uid : all_that_is_here(ground))
    if (!is_known(uid)) removing.spawn(remove_orphan(ground, uid), "remove an orphan");
  co_await removing.join();
}

}  // namespace podo::node
