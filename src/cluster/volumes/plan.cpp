#include "cluster/volumes/plan.h"

#include <algorithm>
#include <charconv>

#include "cluster/volumes/claims.h"
#include "model/kube/path.h"
#include "model/schema/quantity.h"

namespace podo::volumes {
namespace {

using json::Item;

constexpr std::int64_t default_mode = 0644, default_valid_for_s = 3600;
constexpr mode_t token_mode_with_owner = 0600;
constexpr std::string_view provisioned_by = "pv.kubernetes.io/provisioned-by";

// The member that says what kind of volume it is.
const Item* kind_of(const Item& volume) {
  for (const Item& member : kube::children(&volume))
    if (member.key() != "name" && !member.is(json::Kind::null)) return &member;
  return nullptr;
}

// "csi", "nfs": what stands in the spec of a PersistentVolume beside what all of them have.
std::string_view source_kind_of(const Item& persistent) {
  constexpr std::string_view of_all[] = {"capacity", "accessModes", "claimRef", "nodeAffinity"};
  for (const Item& member : kube::children_at(persistent, "spec"))
    if (member.is(json::Kind::object) && std::ranges::find(of_all, member.key()) == std::end(of_all))
      return member.key();
  return "unknown";
}

mode_t default_mode_of(const Item& source) {
  const Item* mode = kube::find_at(source, "defaultMode");
  return static_cast<mode_t>(mode != nullptr ? mode->as_int64().value_or(default_mode) : default_mode) & 0777;
}

objects::Revision revision_of(const Item& pod) {
  const std::string_view digits = kube::text_at(pod, "metadata.resourceVersion");
  objects::Revision revision = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  return revision;
}

bool passes_mounts(const Item& pod, std::string_view volume) {
  for (const std::string_view list : {"spec.initContainers", "spec.containers"}) {
    for (const Item& container : kube::children_at(pod, list)) {
      for (const Item& mount : kube::children_at(container, "volumeMounts")) {
        const std::string_view propagation = kube::text_at(mount, "mountPropagation");
        if (kube::text_at(mount, "name") == volume && !propagation.empty() && propagation != "None")
          return true;
      }
    }
  }
  return false;
}

// The smallest of what limits it: its own sizeLimit, the memory the pod may have, that of the node.
std::optional<std::uint64_t> memory_of(const Item& pod, const Item& empty_dir,
                                       const strategy::Amounts& node) {
  std::optional<std::uint64_t> bytes;
  const auto limit = [&](std::int64_t to) {
    if (to > 0) bytes = std::min(bytes.value_or(UINT64_MAX), static_cast<std::uint64_t>(to));
  };
  if (const auto size = schema::Quantity::parse(kube::text_at(empty_dir, "sizeLimit")))
    limit(size->rounded_up());
  const auto containers = kube::children_at(pod, "spec.containers");
  const bool all_limited = std::all_of(containers.begin(), containers.end(), [](const Item& container) {
    return kube::find_at(container, "resources.limits.memory") != nullptr;
  });
  const strategy::Amounts of_pod = strategy::pod_amounts(kube::part_at(pod, "spec"), "limits");
  if (const auto found = of_pod.find("memory"); all_limited && found != of_pod.end())
    limit(found->second.rounded_up());
  if (const auto found = node.find("memory"); found != node.end()) limit(found->second.rounded_up());
  return bytes;
}

Setup with_folder(const Item& pod, std::string_view volume, std::string path, Setup::Kind kind) {
  Setup setup{
      .volume = std::string(volume), .title = std::string(volume), .place = {.path = path}, .kind = kind};
  setup.folder = {
      .path = std::move(path), .group = group_of(pod), .passes_mounts = passes_mounts(pod, volume)};
  return setup;
}

// Of configMap, secret, downwardAPI and projected: containers only read it.
Setup with_payload(const Item& pod, std::string_view volume, std::string path, Setup::Kind kind,
                   Payload payload) {
  Setup setup = with_folder(pod, volume, std::move(path), kind);
  setup.place.read_only = true;
  setup.payload = std::move(payload);
  return setup;
}

Setup host_path(std::string_view volume, const Item& source) {
  const std::string_view type = kube::text_at(source, "type");
  return {.volume = std::string(volume),
          .title = std::string(volume),
          .place = {.path = std::string(kube::text_at(source, "path")), .may_be_made = type.empty()},
          .kind = Setup::Kind::host_path,
          .type = std::string(type)};
}

Result<Setup> empty_dir(const Item& pod, std::string_view volume, const Item& source, const PodFolder& folder,
                        const strategy::Amounts& node) {
  const std::string_view medium = kube::text_at(source, "medium");
  const bool memory = medium == "Memory";
  if (!memory && !medium.empty())
    return unsupported("emptyDir volumes of medium {} are not supported by this node", medium);
  Setup setup = with_folder(pod, volume, folder.volume("empty-dir", volume),
                            memory ? Setup::Kind::memory : Setup::Kind::disk);
  if (memory) setup.bytes_max = memory_of(pod, source, node);
  return setup;
}

Result<Setup> persistent(const Item& pod, const Item& volume, const Item& found, const PodFolder& folder) {
  const std::string_view name = kube::text_at(volume, "name"), title = kube::text_at(found, "metadata.name");
  Setup setup;
  if (const Item* source = kube::find_at(found, "spec.hostPath")) {
    setup = host_path(name, *source);
    // Made for its claim: nobody has given it to the users of its pods yet.
    const Item* notes = kube::find_at(found, "metadata.annotations");
    if (notes != nullptr && notes->find(provisioned_by) != nullptr) setup.made_mode = 0777;
  } else if (const Item* local = kube::find_at(found, "spec.local")) {
    setup = with_folder(pod, name, folder.volume("local-volume", title), Setup::Kind::bind);
    setup.source = kube::text_at(*local, "path");
  } else {
    return unsupported("PersistentVolumes of kind {} are not supported by this node", source_kind_of(found));
  }
  setup.title = title;
  setup.place.read_only = kube::is_true_at(volume, "persistentVolumeClaim.readOnly");
  return setup;
}

TokenWish wish_of(const Item& pod, const Item& source) {
  const Item* valid = kube::find_at(source, "expirationSeconds");
  const std::string_view account = kube::text_at(pod, "spec.serviceAccountName");
  return {.pod_uid = std::string(kube::text_at(pod, "metadata.uid")),
          .name_space = std::string(kube::text_at(pod, "metadata.namespace")),
          .pod = std::string(kube::text_at(pod, "metadata.name")),
          .account = std::string(account.empty() ? "default" : account),
          .audience = std::string(kube::text_at(source, "audience")),
          .valid_for_s =
              valid != nullptr ? valid->as_int64().value_or(default_valid_for_s) : default_valid_for_s};
}

}  // namespace

struct Planner::Projected {
  Payload payload = {};
  mode_t mode = 0644;
  std::optional<Wall> due = {};
};

bool Planner::is_changing(const Item& volume) {
  const Item* kind = kind_of(volume);
  return kind != nullptr && (kind->key() == "configMap" || kind->key() == "secret" ||
                             kind->key() == "downwardAPI" || kind->key() == "projected");
}

Task<Planner::Planned> Planner::plan(const Item& pod, const Item& volume, const PodFolder& folder) {
  co_await check_name(kube::text_at(volume, "name"));
  if (!claim_name(pod, volume).empty()) co_return co_await plan_claimed(pod, volume, folder);
  auto planned = co_await plan_own(pod, volume, folder).result();
  if (!planned) co_await Failure(setup_failed(kube::text_at(volume, "name"), std::move(planned).error()));
  co_return *std::move(planned);
}

Task<Planner::Planned> Planner::plan_claimed(const Item& pod, const Item& volume, const PodFolder& folder) {
  const json::Tree found = co_await find_claimed(client_, pod, volume);
  auto setup = persistent(pod, volume, found.root(), folder);
  if (!setup)
    co_await Failure(setup_failed(kube::text_at(found.root(), "metadata.name"), std::move(setup).error()));
  co_return Planned{.setup = *std::move(setup)};
}

Task<Planner::Planned> Planner::plan_own(const Item& pod, const Item& volume, const PodFolder& folder) {
  const std::string_view name = kube::text_at(volume, "name");
  const Item* source = kind_of(volume);
  // A volume without a kind is an emptyDir.
  const std::string_view kind = source != nullptr ? source->key() : "emptyDir";
  if (kind == "emptyDir")
    co_return Planned{.setup = co_await empty_dir(pod, name, kube::part_at(volume, "emptyDir"), folder,
                                                  facts_.allocatable)};
  if (kind == "hostPath") co_return Planned{.setup = host_path(name, *source)};
  Projected files{.mode = default_mode_of(*source)};
  const Projection projection{.items = kube::find_at(*source, "items"),
                              .default_mode = files.mode,
                              .optional = kube::is_true_at(*source, "optional")};
  if (kind == "configMap") {
    co_await add_source(files.payload, pod, SourceKind::config_map,
                        std::string(kube::text_at(*source, "name")), projection);
    co_return Planned{.setup = with_payload(pod, name, folder.volume("configmap", name), Setup::Kind::disk,
                                            std::move(files.payload))};
  }
  if (kind == "secret") {
    co_await add_source(files.payload, pod, SourceKind::secret,
                        std::string(kube::text_at(*source, "secretName")), projection);
    co_return Planned{.setup = with_payload(pod, name, folder.volume("secret", name), Setup::Kind::memory,
                                            std::move(files.payload))};
  }
  if (kind == "downwardAPI") {
    co_await add_downward(files.payload, pod, projection, facts_);
    co_return Planned{.setup = with_payload(pod, name, folder.volume("downward-api", name),
                                            Setup::Kind::memory, std::move(files.payload))};
  }
  if (kind == "projected") {
    co_await add_all_projected(files, pod, *source);
    co_return Planned{.setup = with_payload(pod, name, folder.volume("projected", name), Setup::Kind::memory,
                                            std::move(files.payload)),
                      .due = files.due};
  }
  if (kind == "image") {
    Setup setup = with_folder(pod, name, folder.volume("image", name), Setup::Kind::image);
    setup.place.read_only = true;
    co_return Planned{.setup = std::move(setup)};
  }
  co_return unsupported("volumes of kind {} are not supported by this node", kind);
}

Task<void> Planner::add_source(Payload& to, const Item& pod, SourceKind kind, std::string name,
                               Projection projection) {
  const std::string name_space(kube::text_at(pod, "metadata.namespace"));
  sources_.hold(kube::text_at(pod, "metadata.uid"), name_space, kind, name);
  const auto found = co_await sources_.get(name_space, kind, name, revision_of(pod));
  if (found) co_await add_object(to, kind, found->root(), projection);
  else if (!projection.optional) co_await not_found("{} \"{}\" not found", name_of(kind), name);
}

// All that is wrong is told at once, as the kubelet aggregates it.
Task<void> Planner::add_all_projected(Projected& to, const Item& pod, const Item& projected) {
  std::vector<Error> problems;
  for (const Item& source : kube::children_at(projected, "sources")) {
    Result<> added = co_await add_projected(to, pod, source).result();
    if (!added) problems.push_back(std::move(added).error());
  }
  if (problems.size() == 1) co_await Failure(std::move(problems.front()));
  std::string all;
  for (const Error& problem : problems) all.append(all.empty() ? "[" : ", ").append(problem.message());
  if (!all.empty()) co_await fail(problems.front().kind(), all + "]");
}

Task<void> Planner::add_projected(Projected& to, const Item& pod, const Item& source) {
  const Item* kind = source.first();
  if (kind == nullptr) co_return;
  const Projection projection{.items = kube::find_at(*kind, "items"),
                              .default_mode = to.mode,
                              .optional = kube::is_true_at(*kind, "optional")};
  std::string name(kube::text_at(*kind, "name"));
  if (kind->key() == "configMap")
    co_await add_source(to.payload, pod, SourceKind::config_map, std::move(name), projection);
  else if (kind->key() == "secret")
    co_await add_source(to.payload, pod, SourceKind::secret, std::move(name), projection);
  else if (kind->key() == "downwardAPI") co_await add_downward(to.payload, pod, projection, facts_);
  else if (kind->key() == "serviceAccountToken") co_await add_token(to, pod, *kind);
  else co_await unsupported("projected sources of kind {} are not supported by this node", kind->key());
}

Task<void> Planner::add_token(Projected& to, const Item& pod, const Item& source) {
  Tokens::Token token = co_await tokens_.get(wish_of(pod, source));
  // With a group the group's right to read comes on top.
  const std::optional<uid_t> user = only_user_of(pod);
  const mode_t mode = user || group_of(pod) ? token_mode_with_owner : to.mode;
  to.payload[std::string(kube::text_at(source, "path"))] = {
      .bytes = std::move(token.text), .mode = mode, .owner = user};
  to.due = to.due ? std::min(*to.due, token.due) : token.due;
}

std::vector<std::pair<std::string, TokenWish>> Planner::tokens_of(const Item& pod, const Item& volume) {
  std::vector<std::pair<std::string, TokenWish>> tokens;
  for (const Item& source : kube::children_at(volume, "projected.sources")) {
    if (const Item* token = kube::find_at(source, "serviceAccountToken"))
      tokens.emplace_back(kube::text_at(*token, "path"), wish_of(pod, *token));
  }
  return tokens;
}

}  // namespace podo::volumes
