#include "base/io/combine.h"
#include "cluster/volumes/local_volumes.h"

namespace podo::volumes {

Task<void> LocalVolumes::unmount(std::string uid) {
  co_await check_name(uid);
  const Turn turn = co_await take_turn(uid);
  ground_.sources.release(uid);
  tokens_.forget(uid);
  pods_.erase(uid);
  if (!known_.contains(uid)) co_return;
  co_await io::shielded(unmount_images(uid));
  co_await io::shielded(
      ground_.pool.run([pods = pods_folder_, uid] { return remove_pod_folder(pods, uid); }));
  known_.erase(uid);
  found_.erase(uid);
}

}  // namespace podo::volumes
