// The controllers of PersistentVolumeClaims and of PersistentVolumes.
#include <algorithm>

#include "cluster/controllers/controllers.h"
#include "cluster/controllers/volume_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

const Volume& as_volume(const Facts& facts) { return static_cast<const Volume&>(facts); }
const Claim& as_claim(const Facts& facts) { return static_cast<const Claim&>(facts); }

bool is_default(const json::Item& storage_class) {
  for (const json::Item& note : kube::children_at(storage_class, "metadata.annotations"))
    if (note.key() == "storageclass.kubernetes.io/is-default-class" && note.string_or("") == "true")
      return true;
  return false;
}

class ClaimController final : public Controller {
 public:
  explicit ClaimController(World& world) : Controller(world, Kind::claim, "persistentvolume-controller") {
    watch_own();
    world_.of(Kind::volume).on_change([this](const Facts* before, const Facts* now) {
      for (const Facts* volume : {before, now})
        if (volume != nullptr && !as_volume(*volume).claim.empty()) queue_.add(as_volume(*volume).claim);
      if (before != nullptr) queue_bound_to(before->name);
      if (now != nullptr && as_volume(*now).phase == "Available") queue_pending();
    });
    world_.of(Kind::storage_class).on_change([this](const Facts*, const Facts*) { queue_pending(); });
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr || now == nullptr || !as_pod(*now).node.empty()) return;
      for (const std::string& claim : as_pod(*now).claims) queue_.add(now->name_space + "/" + claim);
    });
  }

 private:
  void queue_pending() {
    for (const Facts* claim : world_.of(kind_).all())
      if (as_claim(*claim).phase != "Bound") queue_.add(claim->key());
  }
  void queue_bound_to(const std::string& volume) {
    for (const Facts* claim : world_.of(kind_).all())
      if (as_claim(*claim).volume == volume) queue_.add(claim->key());
  }

  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr) co_return;
    const Claim self = as_claim(*found);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!wanted) co_return;
    Plan plan = plan_now(self, wanted->root());
    co_await make_folders(plan);
    co_await perform(self, std::move(plan));
  }

  // A volume's folder is there before anybody can be sent to it.
  Task<void> make_folders(const Plan& plan) {
    const LocalStorage& storage = world_.ground.storage;
    for (const Write& write : plan.writes)
      if (write.verb == Write::Verb::create && write.kind == Kind::volume && storage.make)
        co_await storage.make(std::string(text_at(write.object.root(), "spec.hostPath.path")));
  }

  std::vector<json::Tree> volumes_for(const Claim& self) const {
    std::vector<json::Tree> volumes;
    Watched& all = world_.of(Kind::volume);
    const auto add = [&](const Facts& volume) {
      if (auto tree = all.read(volume.key())) volumes.push_back(*std::move(tree));
    };
    if (!self.volume.empty()) {
      if (const Facts* volume = all.find("", self.volume)) add(*volume);
      return volumes;
    }
    for (const Facts* volume : all.all())
      if (as_volume(*volume).claim == self.key() || as_volume(*volume).phase == "Available") add(*volume);
    return volumes;
  }

  // The newest, when several say that they are.
  std::string default_class() const {
    const Facts* best = nullptr;
    for (const Facts* one : world_.of(Kind::storage_class).all()) {
      const auto tree = world_.of(Kind::storage_class).read(one->key());
      if (!tree || !is_default(tree->root())) continue;
      if (best == nullptr || one->created > best->created) best = one;
    }
    return best != nullptr ? best->name : std::string();
  }

  std::string first_consumer(const Claim& self) const {
    for (const Pod* pod : as_pods(world_.of(Kind::pod).all(self.name_space)))
      if (pod->node.empty() && !pod->ended() && std::ranges::contains(pod->claims, self.name))
        return pod->name;
    return {};
  }

  Plan plan_now(const Claim& self, const json::Item& wanted) const {
    const std::vector<json::Tree> volumes = volumes_for(self);
    std::optional<json::Tree> storage_class;
    if (!self.class_name.empty()) storage_class = world_.of(Kind::storage_class).read("/" + self.class_name);
    ClaimInput in{.wanted = wanted, .self = self, .volumes = {}, .now = world_.now()};
    for (const json::Tree& volume : volumes) in.volumes.push_back(&volume.root());
    if (storage_class) in.storage_class = &storage_class->root();
    const std::string by_default = default_class(), consumer = first_consumer(self);
    in.default_class = by_default;
    in.first_consumer = consumer;
    in.storage_folder = world_.ground.storage.folder;
    const std::string node = self.node.empty() ? world_.ground.storage.node : self.node;
    std::string host;
    if (const Facts* there = world_.of(Kind::node).find("", node)) {
      in.storage_node = node;
      host = there->label("kubernetes.io/hostname");
      if (host.empty()) host = node;
      in.storage_host = host;
    }
    return plan_claim(in);
  }
};

class VolumeController final : public Controller {
 public:
  explicit VolumeController(World& world) : Controller(world, Kind::volume, "persistentvolume-controller") {
    watch_own();
    world_.of(Kind::claim).on_change([this](const Facts* before, const Facts* now) {
      const Facts& claim = now != nullptr ? *now : *before;
      if (!as_claim(claim).volume.empty()) queue_.add("/" + as_claim(claim).volume);
      if (now != nullptr) return;
      for (const Facts* volume : world_.of(kind_).all())
        if (as_volume(*volume).claim == claim.key()) queue_.add(volume->key());
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr) co_return;
    const Volume self = as_volume(*found);
    const std::optional<json::Tree> volume = world_.of(kind_).read(key);
    if (!volume) co_return;
    std::optional<json::Tree> claim;
    if (!self.claim_uid.empty()) claim = co_await claim_of(self);
    VolumePlan planned = plan_volume(volume->root(), self, claim ? &claim->root() : nullptr);
    co_await perform(self, std::move(planned.plan));
    if (planned.reclaim == Reclaim::remove)
      co_await reclaim(self, std::string(text_at(volume->root(), "spec.hostPath.path")));
  }

  // A volume is not given up before the API itself says that its claim is gone.
  Task<std::optional<json::Tree>> claim_of(Volume self) {
    auto known = world_.of(Kind::claim).read(self.claim);
    if (known && text_at(known->root(), "metadata.uid") == self.claim_uid) co_return std::move(known);
    const std::size_t slash = self.claim.find('/');
    auto found = co_await world_.ground.client.find({.resource = &world_.of(Kind::claim).resource(),
                                                     .name_space = self.claim.substr(0, slash),
                                                     .name = self.claim.substr(slash + 1)});
    if (found && text_at(found->root(), "metadata.uid") == self.claim_uid) co_return std::move(found);
    co_return std::nullopt;
  }

  // The folder goes first: who is interrupted in between finds the volume again. Only what local-path made.
  Task<void> reclaim(Volume self, std::string path) {
    const LocalStorage& storage = world_.ground.storage;
    if (!storage || !storage.remove || path != folder_of(storage.folder, self.name, self.claim)) {
      say(self, {"VolumeFailedDelete", text("{} is not a folder of this machine's local-path storage", path),
                 true});
      co_return;
    }
    const Result<void> removed = co_await storage.remove(path).result();
    if (!removed) say(self, {"VolumeFailedDelete", removed.error().message(), true});
    co_await Result<void>(removed);
    std::vector<Write> writes;
    writes.push_back(remove(kind_, self));
    co_await perform(self, std::move(writes));
  }
};

}  // namespace

std::unique_ptr<Controller> make_claim_controller(World& world) {
  return std::make_unique<ClaimController>(world);
}
std::unique_ptr<Controller> make_volume_controller(World& world) {
  return std::make_unique<VolumeController>(world);
}

// A class that somebody has changed stays as it is.
Task<void> make_local_path_class(World& world) {
  if (!world.ground.storage) co_return;
  const json::Tree wanted = local_path_storage_class();
  const Result<json::Tree> made =
      co_await world.ground.client
          .create({.resource = &world.of(Kind::storage_class).resource()}, wanted.root())
          .result();
  if (!made && made.error().kind() != ErrorKind::already_exists) co_await Failure(made.error());
}

}  // namespace podo::controllers
