// LocalVolumes: Volumes of this machine. What it remembers of a pod is found anew by mount(). Private to this
// room; a file per verb: mount.cpp, mounts_of.cpp, refresh.cpp, unmount.cpp.
#pragma once

#include <set>

#include "base/io/condition.h"
#include "cluster/volumes/plan.h"
#include "cluster/volumes/volumes.h"

namespace podo::volumes {

class LocalVolumes final : public Volumes {
 public:
  LocalVolumes(const VolumesGround& ground, std::string pods_folder, strategy::Amounts allocatable);
  Task<void> find_pods();  // of an earlier life

  Task<void> mount(const json::Item& pod) override;
  Task<std::vector<docker::Mount>> mounts_of(const json::Item& pod, ContainerView view) override;
  Task<std::optional<Duration>> refresh(const json::Item& pod) override;
  Task<std::string> termination_message(std::string uid, std::string container, int attempt,
                                        std::size_t bytes_max) override;
  Task<void> unmount(std::string uid) override;
  std::vector<std::string> known_pods() const override { return {known_.begin(), known_.end()}; }

 private:
  struct Written {
    std::string digest;
    std::optional<Wall> due = {};  // of its tokens
  };
  struct Mounted {
    std::map<std::string, Place, std::less<>> places;      // by volume
    std::map<std::string, Written, std::less<>> contents;  // of those that change
  };
  // Of what is done with one pod: one thing at a time.
  class Turn {
   public:
    Turn(LocalVolumes& of, std::string uid) : of_(&of), uid_(std::move(uid)) { of.busy_.insert(uid_); }
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)), uid_(std::move(other.uid_)) {}
    ~Turn() {
      if (of_ == nullptr) return;
      of_->busy_.erase(uid_);
      of_->turned_.notify_all();
    }

   private:
    LocalVolumes* of_;
    std::string uid_;
  };
  using PlannedList = std::vector<Planner::Planned>;

  PodFolder folder_of(std::string_view uid) const { return {text("{}/{}", pods_folder_, uid)}; }
  Task<Turn> take_turn(std::string uid);
  Task<PlannedList> plan(const json::Item& pod, bool changing_only);
  Task<void> adopt_tokens(const json::Item& pod);
  Task<void> mount_image(const json::Item& pod, const json::Item& volume, std::string target);
  Task<void> mount_tree(const json::Item& pod, const json::Item& volume, std::string target);
  Task<void> make_snapshot(std::string id, image::ImagePtr image);
  Task<image::ImagePtr> image_of(const json::Item& pod, std::string reference, std::string policy);
  Task<void> unmount_images(std::string uid);
  void remember(std::string_view uid, const Planner::Planned& planned);

  const VolumesGround ground_;
  const std::string pods_folder_;  // as mountinfo shows it: without symlinks
  Tokens tokens_;
  Planner planner_;
  std::map<std::string, Mounted, std::less<>> pods_;  // by uid
  std::set<std::string> busy_;                        // uids
  io::Condition turned_{"another call for the pod"};
  std::set<std::string, std::less<>> known_, found_;  // with a folder; found_: and not yet mounted by us
};

}  // namespace podo::volumes
