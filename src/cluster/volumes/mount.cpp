#include <stdlib.h>

#include "base/io/combine.h"
#include "cluster/volumes/local_volumes.h"
#include "cluster/volumes/payload_folder.h"
#include "container/image/tree.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

using json::Item;

constexpr std::size_t token_bytes_max = 64 << 10;
constexpr mode_t pods_mode = 0750;

struct FoundToken {
  TokenWish wish;
  std::string folder, path;
};

Task<void> keep_result(Task<Planner::Planned> task, std::optional<Result<Planner::Planned>>& result) {
  result.emplace(co_await task.result());
}

Result<std::string> make_pods_folder(const std::string& path) {
  TRY(image::make_folders(path, pods_mode));
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return failed_errno(errno, "realpath {}", path);
  std::string folder = real;
  ::free(real);
  return folder;
}

const Item* volume_named(const Item& pod, std::string_view name) {
  for (const Item& volume : kube::children_at(pod, "spec.volumes"))
    if (kube::text_at(volume, "name") == name) return &volume;
  return nullptr;
}

}  // namespace

Task<std::unique_ptr<Volumes>> Volumes::open(const VolumesGround& ground, VolumesOptions options) {
  std::string folder =
      co_await ground.pool.run([path = options.data_folder + "/pods"] { return make_pods_folder(path); });
  auto volumes = std::make_unique<LocalVolumes>(ground, std::move(folder), std::move(options.allocatable));
  co_await volumes->find_pods();
  co_return std::unique_ptr<Volumes>(std::move(volumes));
}

LocalVolumes::LocalVolumes(const VolumesGround& ground, std::string pods_folder,
                           strategy::Amounts allocatable)
    : ground_(ground),
      pods_folder_(std::move(pods_folder)),
      tokens_(ground.client, ground.clock, ground.random),
      planner_(ground.client, ground.sources, tokens_, std::move(allocatable)) {}

Task<void> LocalVolumes::find_pods() {
  const auto names = co_await ground_.pool.run([path = pods_folder_] { return names_in(path); });
  found_.insert(names.begin(), names.end());
  known_ = found_;
}

Task<LocalVolumes::Turn> LocalVolumes::take_turn(std::string uid) {
  while (busy_.contains(uid)) co_await turned_.wait();
  co_return Turn(*this, std::move(uid));
}

Task<void> LocalVolumes::mount(const Item& pod) {
  const std::string uid(kube::text_at(pod, "metadata.uid"));
  co_await check_name(uid);
  const Turn turn = co_await take_turn(uid);
  if (found_.erase(uid) != 0) co_await adopt_tokens(pod);
  PlannedList planned = co_await plan(pod, false);
  known_.insert(uid);
  std::vector<Setup> setups;
  for (const Planner::Planned& one : planned) setups.push_back(one.setup);
  // To its end, even if nobody wants it any more: whoever unmounts must not meet it under way.
  co_await io::shielded(ground_.pool.run(
      [setups = std::move(setups), now = ground_.clock.wall()] { return perform_all(setups, now); }));
  for (const Planner::Planned& one : planned) {
    if (one.setup.kind == Setup::Kind::image)
      co_await mount_image(pod, *volume_named(pod, one.setup.volume), one.setup.place.path);
    remember(uid, one);
  }
}

// Side by side: over a network each of them waits. The first in the pod's order says what is wrong.
Task<LocalVolumes::PlannedList> LocalVolumes::plan(const Item& pod, bool changing_only) {
  const PodFolder folder = folder_of(kube::text_at(pod, "metadata.uid"));
  std::vector<const Item*> volumes;
  for (const Item& volume : kube::children_at(pod, "spec.volumes"))
    if (!changing_only || Planner::is_changing(volume)) volumes.push_back(&volume);
  PlannedList planned;
  if (volumes.size() == 1) {
    planned.push_back(co_await planner_.plan(pod, *volumes[0], folder));
    co_return planned;
  }
  std::vector<std::optional<Result<Planner::Planned>>> results(volumes.size());
  io::TaskGroup group(ground_.loop);
  for (std::size_t i = 0; i < volumes.size(); ++i)
    group.spawn(keep_result(planner_.plan(pod, *volumes[i], folder), results[i]));
  co_await group.join();
  for (auto& result : results) planned.push_back(co_await *std::move(result));
  co_return planned;
}

// Of an earlier life of the daemon: otherwise a restart would ask for all tokens of the node at once.
Task<void> LocalVolumes::adopt_tokens(const Item& pod) {
  const PodFolder folder = folder_of(kube::text_at(pod, "metadata.uid"));
  std::vector<FoundToken> wanted;
  for (const Item& volume : kube::children_at(pod, "spec.volumes")) {
    for (auto& [path, wish] : Planner::tokens_of(pod, volume))
      wanted.push_back(
          {std::move(wish), folder.volume("projected", kube::text_at(volume, "name")), std::move(path)});
  }
  if (wanted.empty()) co_return;
  const auto texts = co_await ground_.pool.run([wanted]() -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    for (const FoundToken& token : wanted)
      found.push_back(read_payload_file(token.folder, token.path, token_bytes_max).value_or(""));
    return found;
  });
  for (std::size_t i = 0; i < wanted.size(); ++i) tokens_.adopt(wanted[i].wish, texts[i]);
}

void LocalVolumes::remember(std::string_view uid, const Planner::Planned& planned) {
  Mounted& mounted = pods_.try_emplace(std::string(uid)).first->second;
  mounted.places[planned.setup.volume] = planned.setup.place;
  if (planned.setup.payload)
    mounted.contents[planned.setup.volume] = {digest_of(*planned.setup.payload), planned.due};
}

}  // namespace podo::volumes
