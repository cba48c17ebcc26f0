#include "cluster/node/containers.h"

#include <algorithm>

#include "base/linux/file.h"
#include "cluster/node/image_pulls.h"
#include "cluster/node/pod_sandbox.h"
#include "cluster/node/pull_secrets.h"
#include "cluster/node/service_environment.h"
#include "cluster/pod/cgroup.h"
#include "cluster/pod/container_request.h"
#include "cluster/pod/lifecycle.h"
#include "container/apparmor/kernel.h"
#include "container/config/runtime_config.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::text_at;
using Started = std::expected<std::string, pod::Waiting>;

constexpr Duration config_retry = seconds(5), engine_retry = seconds(10);
constexpr std::size_t file_bytes_max = 1 << 20;

std::string file_or_nothing(const std::string& path) {
  return linux::read_file(path.c_str(), file_bytes_max).value_or("");
}

// systemd's resolver listens on the machine's loopback; what it asks itself stands in another file.
std::string resolv_conf_for_pods() {
  std::string own = file_or_nothing("/etc/resolv.conf");
  if (reachable_from_pods(own)) return own;
  std::string upstream = file_or_nothing("/run/systemd/resolve/resolv.conf");
  if (reachable_from_pods(upstream)) return upstream;
  return {};
}

void tell_missing_dns(const json::Item& pod, const Containers::Said& say) {
  const std::string_view policy = text_at(pod, "spec.dnsPolicy");
  const bool on_host = kube::is_true_at(pod, "spec.hostNetwork");
  if (policy != "ClusterFirstWithHostNet" && (policy != "ClusterFirst" || on_host)) return;
  say({.reason = "MissingClusterDNS",
       .message = text("pod: \"{}\". kubelet does not have ClusterDNS IP configured and cannot create Pod "
                       "using \"{}\" policy. Falling back to \"Default\" policy.",
                       pod::pod_text(pod), policy),
       .warning = true});
}

class EngineContainers final : public Containers {
 public:
  EngineContainers(const ContainersGround& ground, ContainersOptions options)
      : ground_(ground), options_(std::move(options)), pulls_(pulls_ground()) {}

  Task<void> open() {
    const engine::Machine machine =
        co_await ground_.pool.run([]() -> Result<engine::Machine> { return engine::read_machine(); });
    apparmor_ = machine.apparmor;
    memory_bytes_ = machine.memory_bytes;
    services_mirror_ =
        co_await ground_.client.mirror(*ground_.client.resource("", "services"), {},
                                       [this](const objects::Object& before, const objects::Object& now) {
                                         services_.changed(before, now);
                                       });
  }

  Task<Started> start(PodPlace place, const json::Item& container, int attempt, Said say) override;
  Task<engine::SandboxPtr> make_sandbox(const json::Item& pod, std::vector<std::string> host_ips,
                                        Said say) override;
  Task<void> stop(std::string id, Duration grace) override;
  Task<void> remove(std::string id) override;
  Task<void> make_control_groups() override;
  Task<image::ImagePtr> find_image(const json::Item& pod, std::string reference, std::string policy) override;

 private:
  PullsGround pulls_ground() const;
  Started waits(std::string reason, const Error& error, Duration retry, const Said& say) const;
  Task<ImagePulls::Found> have_image(const json::Item& pod, ImageWish wish, Said say);
  Task<std::map<pod::SourceName, json::Tree>> sources_of(const json::Item& pod, const json::Item& container);
  Task<pod::Environment> environment_of(const PodPlace& place, const json::Item& container, Said say);
  Task<docker::CreateRequest> request_of(const PodPlace& place, const json::Item& container, int attempt,
                                         image::ImagePtr image, Said say);
  Task<std::string> seccomp_profile(const json::Item& pod, const json::Item& container);
  Task<bool> has_apparmor_profile(const json::Item& pod, const json::Item& container);
  std::string target_of(const json::Item& pod, const json::Item& container) const;
  Task<SandboxFacts> sandbox_facts(const json::Item& pod);
  Task<void> share_cpu();

  const ContainersGround ground_;
  const ContainersOptions options_;
  ServiceVariables services_;
  std::unique_ptr<objects::Mirror> services_mirror_;
  ImagePulls pulls_;
  bool apparmor_ = false;
  std::uint64_t memory_bytes_ = 0;
  std::int64_t burstable_shares_ = 0;  // as the class's group has them; 0: not known
};

PullsGround EngineContainers::pulls_ground() const {
  image::Images& images = ground_.images;
  image::Registry& registry = ground_.registry;
  return {.loop = ground_.loop,
          .clock = ground_.clock,
          .find = [&images](std::string_view reference) { return images.get(reference); },
          .pull =
              [&registry](oci::Reference reference, image::Credentials credentials) {
                image::PullOptions options;
                options.credentials = std::move(credentials);
                return registry.pull(std::move(reference), std::move(options), [](const image::Progress&) {});
              }};
}

Started EngineContainers::waits(std::string reason, const Error& error, Duration retry,
                                const Said& say) const {
  say({.reason = "Failed", .message = "Error: " + error.message(), .warning = true});
  return std::unexpected(pod::Waiting{std::move(reason), error.message(), ground_.clock.now() + retry});
}

// The path of a start: what stands at each step is why the container waits when it fails.
Task<Started> EngineContainers::start(PodPlace place, const json::Item& container, int attempt, Said say) {
  const ImageWish wish{.pod_uid = std::string(text_at(place.pod, "metadata.uid")),
                       .image = std::string(text_at(container, "image")),
                       .policy = pod::pull_policy(container)};
  auto image = co_await have_image(place.pod, wish, say);
  if (!image) co_return std::unexpected(std::move(image).error());

  auto request = co_await request_of(place, container, attempt, *image, say).result();
  if (!request) co_return waits("CreateContainerConfigError", request.error(), config_retry, say);

  std::string name = pod::container_name(place.pod, text_at(container, "name"), attempt);
  const auto created = co_await ground_.engine.create(*std::move(request), std::move(name)).result();
  if (!created) co_return waits("CreateContainerError", created.error(), engine_retry, say);
  for (const std::string& warning : created->warnings)
    ground_.log.debug("container {} of pod {}: {}", text_at(container, "name"), pod::shown(place.pod),
                      warning);
  say({.reason = "Created", .message = "Container created"});

  const auto started = co_await ground_.engine.start(created->id).result();
  if (!started) co_return waits("RunContainerError", started.error(), engine_retry, say);
  say({.reason = "Started", .message = "Container started"});
  co_return created->id;
}

Task<ImagePulls::Found> EngineContainers::have_image(const json::Item& pod, ImageWish wish, Said say) {
  auto here = pulls_.look(wish, say);
  if (!here || *here != nullptr) co_return std::move(here);
  PullSecrets secrets = co_await pull_secrets(ground_.sources, pod);
  if (!secrets.missing.empty()) {
    std::string names;
    for (const std::string& each : secrets.missing) names.append(names.empty() ? "" : ", ").append(each);
    say({.reason = "FailedToRetrieveImagePullSecret",
         .message = text("Unable to retrieve some image pull secrets ({}); attempting to pull the image may "
                         "not succeed.",
                         names),
         .warning = true});
  }
  const auto reference = co_await pod::parse_image(wish.image);
  co_return co_await pulls_.pull(std::move(wish), secrets.keyring.find(reference), std::move(say));
}

Task<image::ImagePtr> EngineContainers::find_image(const json::Item& pod, std::string reference,
                                                   std::string policy) {
  json::Tree asking;
  asking.root().member("image").set_string(reference);
  asking.root().member("imagePullPolicy").set_string(policy);
  const ImageWish wish{.pod_uid = std::string(text_at(pod, "metadata.uid")),
                       .image = reference,
                       .policy = pod::pull_policy(asking.root())};
  auto found = co_await have_image(pod, wish, [](const client::Said&) {});
  if (!found) co_return unavailable("{}: {}", found.error().reason, found.error().message);
  co_return *std::move(found);
}

Task<std::map<pod::SourceName, json::Tree>> EngineContainers::sources_of(const json::Item& pod,
                                                                         const json::Item& container) {
  std::map<pod::SourceName, json::Tree> sources;
  const std::string name_space(text_at(pod, "metadata.namespace"));
  for (const pod::SourceName& wanted : pod::environment_sources(container)) {
    const auto kind = wanted.secret ? volumes::SourceKind::secret : volumes::SourceKind::config_map;
    auto found = co_await ground_.sources.get(name_space, kind, wanted.name);
    if (found) sources.emplace(wanted, *std::move(found));
  }
  co_return std::move(sources);
}

Task<pod::Environment> EngineContainers::environment_of(const PodPlace& place, const json::Item& container,
                                                        Said say) {
  const json::Item* links = kube::find_at(place.pod, "spec.enableServiceLinks");
  const bool with_links = links == nullptr || kube::is_true_at(place.pod, "spec.enableServiceLinks");
  const pod::DownwardFacts downward{
      .pod_ips = place.pod_ips, .host_ips = place.host_ips, .allocatable = options_.allocatable};
  pod::EnvironmentFacts facts{.downward = downward,
                              .sources = co_await sources_of(place.pod, container),
                              .services = services_.of(text_at(place.pod, "metadata.namespace"), with_links)};
  auto resolved = co_await pod::resolve_environment(place.pod, container, facts);
  for (std::string& message : resolved.skipped)
    say({.reason = "InvalidEnvironmentVariableNames", .message = std::move(message), .warning = true});
  co_return std::move(resolved.variables);
}

Task<docker::CreateRequest> EngineContainers::request_of(const PodPlace& place, const json::Item& container,
                                                         int attempt, image::ImagePtr image, Said say) {
  pod::Surroundings around{.sandbox_id = std::string(text_at(place.pod, "metadata.uid")),
                           .attempt = attempt,
                           .cgroup_parent = place.cgroup_parent,
                           .target_id = target_of(place.pod, container),
                           .machine_memory_bytes = memory_bytes_};
  around.environment = co_await environment_of(place, container, std::move(say));
  around.security = {.apparmor = apparmor_,
                     .apparmor_profile = co_await has_apparmor_profile(place.pod, container),
                     .seccomp_profile = co_await seccomp_profile(place.pod, container)};
  // Checked before volumes are touched: mounts pin what they need.
  co_await pod::container_request(place.pod, container, *image, around);
  around.mounts = co_await ground_.volumes.mounts_of(
      place.pod, {.container = container, .attempt = attempt, .environment = around.environment.by_name()});
  co_return pod::container_request(place.pod, container, *image, around);
}

Task<std::string> EngineContainers::seccomp_profile(const json::Item& pod, const json::Item& container) {
  const std::string name = pod::localhost_profile(pod, container);
  if (name.empty() || options_.seccomp_folder.empty()) co_return std::string();
  if (name.starts_with('/') || text("/{}/", name).contains("/../"))
    co_return invalid("the seccomp profile {} is not below the node's profiles", name);
  co_return co_await ground_.pool.run([path = options_.seccomp_folder + "/" + name]() -> Result<std::string> {
    return file_or_nothing(path);
  });
}

Task<bool> EngineContainers::has_apparmor_profile(const json::Item& pod, const json::Item& container) {
  std::string name = pod::localhost_apparmor(pod, container);
  if (name.empty() || !apparmor_) co_return true;
  co_return co_await ground_.pool.run([name = std::move(name)] { return apparmor::is_loaded({}, name); });
}

// The container whose processes an ephemeral one joins; "" when it does not run.
std::string EngineContainers::target_of(const json::Item& pod, const json::Item& container) const {
  const std::string_view target = text_at(container, "targetContainerName");
  if (target.empty()) return {};
  const auto is = [](const engine::Container& of, std::string_view label, std::string_view value) {
    const auto found = of.config.labels.find(std::string(label));
    return found != of.config.labels.end() && found->second == value;
  };
  for (const engine::ContainerPtr& each : ground_.engine.list()) {
    if (each->state.status == engine::Status::running && is(*each, pod::label::container_name, target) &&
        is(*each, pod::label::pod_uid, text_at(pod, "metadata.uid")))
      return each->id;
  }
  return {};
}

Task<SandboxFacts> EngineContainers::sandbox_facts(const json::Item& pod) {
  const bool host_network = kube::is_true_at(pod, "spec.hostNetwork");
  SandboxFacts facts{.cgroup_root = options_.cgroup_root,
                     .network = options_.network,
                     .dns = {.cluster_dns = options_.cluster_dns, .cluster_domain = options_.cluster_domain},
                     .machine_hosts = {}};
  facts.dns.machine = co_await ground_.pool.run([host_network]() -> Result<std::string> {
    return host_network ? file_or_nothing("/etc/resolv.conf") : resolv_conf_for_pods();
  });
  if (host_network)
    facts.machine_hosts =
        co_await ground_.pool.run([]() -> Result<std::string> { return file_or_nothing("/etc/hosts"); });
  co_return std::move(facts);
}

Task<engine::SandboxPtr> EngineContainers::make_sandbox(const json::Item& pod, std::vector<std::string>,
                                                        Said say) {
  SandboxRequest request = co_await sandbox_request(pod, co_await sandbox_facts(pod));
  for (std::string& cut : request.cut_dns)
    if (say) say({.reason = "DNSConfigForming", .message = std::move(cut), .warning = true});
  if (options_.cluster_dns.empty() && say) tell_missing_dns(pod, say);
  const std::string id = request.wish.id;
  engine::SandboxPtr sandbox = ground_.engine.find_sandbox(id);
  if (sandbox == nullptr) sandbox = co_await ground_.engine.make_sandbox(std::move(request.wish));
  std::string hosts = sandbox_hosts(pod, *sandbox, options_.cluster_domain);
  if (!hosts.empty() && hosts != sandbox->wish.hosts)
    co_await ground_.engine.set_sandbox_hosts(id, std::move(hosts));
  if (const auto shared = co_await share_cpu().result(); !shared)
    ground_.log.warn("CPU shares of burstable pods: {}", shared.error().message());
  co_return std::move(sandbox);
}

// Burstable pods together weigh what they request.
Task<void> EngineContainers::share_cpu() {
  const std::string group = pod::class_group(options_.cgroup_root, "Burstable");
  std::int64_t shares = 0;
  for (const engine::SandboxPtr& sandbox : ground_.engine.list_sandboxes()) {
    if (sandbox->wish.cgroup_parent.starts_with(group + "/")) shares += sandbox->wish.limits.cpu_shares;
  }
  shares = std::clamp(shares, pod::cpu_shares_min, pod::cpu_shares_max);
  if (shares == burstable_shares_) co_return;
  docker::Resources limits;
  limits.cpu_shares = shares;
  co_await ground_.engine.set_control_group(group, limits);
  burstable_shares_ = shares;
}

Task<void> EngineContainers::make_control_groups() {
  co_await ground_.engine.set_control_group(pod::class_group(options_.cgroup_root, ""), {});
  docker::Resources least;
  least.cpu_shares = pod::cpu_shares_min;
  co_await ground_.engine.set_control_group(pod::class_group(options_.cgroup_root, "BestEffort"), least);
  co_await share_cpu();
}

Task<void> EngineContainers::stop(std::string id, Duration grace) {
  const std::int64_t whole_s = std::max<std::int64_t>((grace.ns + 999'999'999) / 1'000'000'000, 0);
  co_await ground_.engine.stop(std::move(id), {.timeout_s = whole_s});
}

Task<void> EngineContainers::remove(std::string id) {
  co_await ground_.engine.remove(std::move(id), {.force = true, .volumes = true});
}

}  // namespace

Task<std::unique_ptr<Containers>> Containers::open(const ContainersGround& ground,
                                                   ContainersOptions options) {
  auto containers = std::make_unique<EngineContainers>(ground, std::move(options));
  co_await containers->open();
  co_return std::unique_ptr<Containers>(std::move(containers));
}

}  // namespace podo::node
