#include "cluster/pod/container_request.h"

#include <optional>

#include "cluster/pod/cgroup.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

std::optional<docker::Strings> words_at(const json::Item& container, std::string_view member,
                                        const Environment& environment) {
  const json::Item* list = container.find(member);
  if (list == nullptr || list->size() == 0) return std::nullopt;
  docker::Strings words;
  for (const json::Item& word : kube::children(list))
    words.push_back(expand(word.string_or(""), environment));
  return words;
}

// A command takes the place of the image's entrypoint and its command; arguments alone that of its command.
void set_command(docker::Config& config, const json::Item& container, const Environment& environment) {
  config.entrypoint = words_at(container, "command", environment);
  config.cmd = words_at(container, "args", environment);
  config.working_dir = text_at(container, "workingDir");
}

docker::StringMap labels_of(const json::Item& pod, const json::Item& container, int attempt) {
  const auto of = [](std::string_view value) { return std::string(value); };
  return {{of(label::pod_name), of(text_at(pod, "metadata.name"))},
          {of(label::pod_namespace), of(text_at(pod, "metadata.namespace"))},
          {of(label::pod_uid), of(text_at(pod, "metadata.uid"))},
          {of(label::container_name), of(text_at(container, "name"))},
          {of(label::attempt), text("{}", attempt)},
          {of(label::hash), text("{}", spec_hash(container))},
          {of(label::termination_path), of(text_at(container, "terminationMessagePath"))},
          {of(label::termination_policy), of(text_at(container, "terminationMessagePolicy"))}};
}

docker::Config config_of(const json::Item& pod, const json::Item& container, const Surroundings& around) {
  docker::Config config;
  config.image = text_at(container, "image");
  config.labels = labels_of(pod, container, around.attempt);
  config.env = around.environment.assignments();
  config.tty = kube::is_true_at(container, "tty");
  config.open_stdin = kube::is_true_at(container, "stdin");
  config.stdin_once = kube::is_true_at(container, "stdinOnce");
  config.stop_signal = text_at(container, "lifecycle.stopSignal");
  // A pod has probes; an image's own health check has no place in it.
  config.healthcheck.emplace().test = {"NONE"};
  set_command(config, container, around.environment);
  return config;
}

std::string processes_of(const json::Item& pod, const Surroundings& around) {
  if (kube::is_true_at(pod, "spec.hostPID")) return "host";
  if (kube::is_true_at(pod, "spec.shareProcessNamespace")) return "sandbox:" + around.sandbox_id;
  return around.target_id.empty() ? "" : "container:" + around.target_id;
}

void join_sandbox(docker::HostConfig& host, const json::Item& pod, const Surroundings& around) {
  host.network_mode = host.ipc_mode = host.uts_mode = "sandbox:" + around.sandbox_id;
  host.pid_mode = processes_of(pod, around);
}

void keep_log(docker::HostConfig::LogConfig& log) {
  log.type = "json-file";
  log.config = {{"max-size", "10m"}, {"max-file", "5"}};  // Docker's m is 2^20
}

}  // namespace

std::string container_name(const json::Item& pod, std::string_view container, int attempt) {
  return text("k8s_{}_{}_{}_{}_{}", container, text_at(pod, "metadata.name"),
              text_at(pod, "metadata.namespace"), text_at(pod, "metadata.uid"), attempt);
}

// FNV-1a, 64 bits.
std::uint64_t spec_hash(const json::Item& container) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  add(text_at(container, "name"));
  add(std::string_view("\0", 1));
  add(text_at(container, "image"));
  return hash;
}

Result<docker::CreateRequest> container_request(const json::Item& pod, const json::Item& container,
                                                const image::Image& image, const Surroundings& around) {
  if (kube::size_at(container, "volumeDevices") > 0)
    return unsupported("block volumes (volumeDevices) are not supported by this node");
  docker::CreateRequest request;
  request.config = config_of(pod, container, around);
  docker::HostConfig& host = request.host_config;
  host.resources = TRY(container_limits(container));
  host.resources.cgroup_parent = around.cgroup_parent;
  host.oom_score_adj = oom_score_adj(pod, container, around.machine_memory_bytes);
  host.mounts = around.mounts;
  host.restart_policy.name = "no";
  join_sandbox(host, pod, around);
  keep_log(host.log_config);
  TRY(apply_security(request, pod, container, image.config, around.security));
  return request;
}

}  // namespace podo::pod
