// PodTable: the workers of all pods on this machine, by uid; and what the node's API needs to know of them.
//
// Life: take() and lose() as the API says -> workers run in the table's group -> a worker that is done is
// gone. Pods of one name with different uids are side by side for a while; by name the newest one is found.
// Lives on the loop; destroying it touches no container.
#pragma once

#include "cluster/node/worker.h"
#include "cluster/node_api/pod_directory.h"

namespace podo::node {

class PodTable final : public node_api::PodDirectory {
 public:
  PodTable(const WorkerGround& ground) : ground_(ground), group_(ground.loop) {}

  // A pod as it is now; a new one is admitted first. `node`: the Node object, null when it is not known.
  void take(PodPtr pod, const json::Item* node);
  void lose(std::string_view uid);
  void look(std::string_view uid);
  void evict(std::string_view uid, pod::Problem why);
  void show_in(std::string_view uid, PodPtr mirror);
  void refresh(std::string_view name_space);
  bool has(std::string_view uid) const { return workers_.contains(uid); }
  std::vector<std::string> uids() const;
  std::vector<PodPtr> living() const;  // those that have not ended

  Result<node_api::ContainerPlace> find(std::string_view name_space, std::string_view pod,
                                        std::string_view container, bool previous) const override;
  Result<std::string> sandbox_of(std::string_view name_space, std::string_view pod) const override;
  std::string pods_json() const override;
  std::string metrics() const;

 private:
  Task<void> run(PodWorker& worker);
  const PodWorker* find_pod(std::string_view name_space, std::string_view name) const;
  void admit(PodWorker& worker, const json::Item& node) const;

  const WorkerGround ground_;
  std::map<std::string, std::unique_ptr<PodWorker>, std::less<>> workers_;
  io::TaskGroup group_;
};

}  // namespace podo::node
