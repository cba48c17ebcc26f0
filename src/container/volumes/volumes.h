// Volumes: named folders that outlive containers. The "local" driver: DATA/volumes/NAME/_data, which with the
// options type, device and o is a mount of something else while a container uses it.
//
//   create -> (mount -> unmount)* -> remove
//
// Records are JSON in the store under "volume/NAME", written relaxed. Names: [a-zA-Z0-9][a-zA-Z0-9_.-]+.
// Lives on the daemon's loop; work on files goes to the pool. Errors: not_found "get x: no such volume",
// conflict "remove x: volume is in use - [ID]", invalid as Docker says it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/io/blocking_pool.h"
#include "base/store/store.h"
#include "container/config/container.h"

namespace podo::engine {

using io::Task;

class Volumes {
 public:
  static Task<std::unique_ptr<Volumes>> open(store::Store& store, io::BlockingPool& pool, const Clock& clock,
                                             Random& random, std::string folder);  // DATA/volumes

  // The one there is, when it has that name ("" makes a name up and an anonymous volume). `anonymous`: it
  // goes with the last container that uses it.
  Task<VolumePtr> create(VolumeWish wish, bool anonymous = false);
  Result<VolumePtr> get(std::string_view name) const;
  std::vector<VolumePtr> list() const;  // by name
  // `users`: ids of the containers that have it.
  Task<void> remove(std::string name, std::vector<std::string> users, bool force);
  Task<std::uint64_t> bytes(std::string name);

  // Mounts a volume with options for its first user; nothing to do for a plain one. Repeating is fine.
  Task<void> mount(std::string name, std::string container_id);
  Task<void> unmount(std::string name, std::string container_id);

 private:
  Volumes(store::Store& store, io::BlockingPool& pool, const Clock& clock, Random& random, std::string folder)
      : store_(store), pool_(pool), clock_(clock), random_(random), folder_(std::move(folder)) {}
  Task<void> load();

  store::Store& store_;
  io::BlockingPool& pool_;
  const Clock& clock_;
  Random& random_;
  std::string folder_;
  std::map<std::string, VolumePtr, std::less<>> volumes_;
  std::map<std::string, std::set<std::string>> mounted_by_;  // of volumes with options: container ids
};

Result<> check_volume_name(std::string_view name);
std::string encode_volume(const Volume& volume);
Result<Volume> decode_volume(const json::Document& record);

}  // namespace podo::engine
