// What a worker sees: the engine's containers and sandbox of its pod.
#include <algorithm>
#include <charconv>

#include "base/linux/file.h"
#include "cluster/node/worker.h"
#include "cluster/pod/container_request.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr std::size_t message_bytes_max = 4096, log_bytes_max = 2048, log_lines_max = 80;
constexpr std::string_view id_prefix = "podo://";
constexpr std::string_view status_lists[] = {"initContainerStatuses", "containerStatuses",
                                             "ephemeralContainerStatuses"};

std::string engine_id(std::string_view container_id) {
  if (container_id.starts_with(id_prefix)) container_id.remove_prefix(id_prefix.size());
  return std::string(container_id);
}

bool is_newer(const pod::Run& a, const pod::Run& b) {
  return a.attempt != b.attempt ? a.attempt > b.attempt : a.created > b.created;
}

// The payloads of the engine's frames.
void append_unframed(std::string& out, std::string_view frames) {
  while (frames.size() >= 8) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < 8; ++i) size = size << 8 | static_cast<unsigned char>(frames[i]);
    frames.remove_prefix(8);
    out.append(frames.substr(0, size));
    frames.remove_prefix(std::min(size, frames.size()));
  }
}

bool is_user_told(const json::Item& status, std::string_view id) {
  for (const std::string_view list : status_lists)
    for (const json::Item& told : kube::children_at(status, list))
      if (engine_id(text_at(told, "containerID")) == id) return kube::find_at(told, "user") != nullptr;
  return false;
}

// The numbers of a line of /proc/PID/status: "Groups:\t10 20 ".
std::vector<std::uint32_t> numbers_behind(std::string_view status, std::string_view key) {
  std::vector<std::uint32_t> numbers;
  const std::size_t at = status.find(text("\n{}:", key));
  if (at == std::string_view::npos) return numbers;
  status.remove_prefix(at + key.size() + 2);
  status = status.substr(0, status.find('\n'));
  while (true) {
    status.remove_prefix(std::min(status.find_first_of("0123456789"), status.size()));
    if (status.empty()) return numbers;
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(status.data(), status.data() + status.size(), number);
    if (parsed.ec != std::errc()) return numbers;
    numbers.push_back(number);
    status.remove_prefix(static_cast<std::size_t>(parsed.ptr - status.data()));
  }
}

// Absent when it has ended meanwhile.
std::optional<pod::LinuxUser> user_of(int pid) {
  const auto status = linux::read_file(text("/proc/{}/status", pid).c_str(), 1 << 16);
  if (!status || pid <= 0) return std::nullopt;
  const auto uids = numbers_behind(*status, "Uid"), gids = numbers_behind(*status, "Gid");
  if (uids.empty() || gids.empty()) return std::nullopt;
  pod::LinuxUser user{uids[0], gids[0], numbers_behind(*status, "Groups")};
  user.groups.push_back(user.gid);
  std::ranges::sort(user.groups);
  user.groups.erase(std::ranges::unique(user.groups).begin(), user.groups.end());
  return user;
}

}  // namespace

void PodWorker::observe() {
  observe_sandbox();
  observe_containers();
}

void PodWorker::observe_sandbox() {
  const engine::SandboxPtr sandbox = ground_.engine.find_sandbox(uid_);
  seen_.sandbox = sandbox != nullptr && !sandbox->lost;
  seen_.lost = sandbox != nullptr && sandbox->lost;
  seen_.sandbox_created = sandbox != nullptr ? sandbox->created : Wall{};
  seen_.pod_ips.clear();
  if (!seen_.sandbox) return;
  for (const network::Endpoint& endpoint : sandbox->endpoints)
    for (const std::string* address : {&endpoint.ipv4, &endpoint.ipv6})
      if (!address->empty()) seen_.pod_ips.push_back(*address);
}

void PodWorker::observe_containers() {
  for (auto& [name, facts] : seen_.containers) facts.runs.clear();
  std::set<std::string> there;
  for (const engine::ContainerPtr& container : ground_.runs.of(uid_)) {
    there.insert(container->id);
    if (removing_.contains(container->id)) continue;
    const std::string name(label_of(*container, pod::label::container_name));
    pod::Run run = run_of(*container);
    if (run.state == pod::Run::State::running && !is_user_told(status_.root(), run.id))
      run.user = user_of(container->state.pid);
    if (run.state == pod::Run::State::ending) learn_end(name, run);
    seen_.containers[name].runs.push_back(std::move(run));
  }
  std::erase_if(removing_, [&](const std::string& id) { return !there.contains(id); });
  std::erase_if(ends_, [&](const auto& known) { return !there.contains(known.first); });
  for (auto& [name, facts] : seen_.containers) observe_runs(name, facts);
}

void PodWorker::observe_runs(const std::string& name, pod::ContainerFacts& facts) {
  std::ranges::sort(facts.runs, is_newer);
  if (facts.stopping && !facts.is_up()) {
    facts.restart_wanted |= facts.stopping->restart;
    facts.stopping.reset();
  }
  const pod::Run* run = facts.newest();
  if (run == nullptr || current_[name] == run->id) return;
  current_[name] = run->id;
  facts.startup.reset();
  facts.ready.reset();
  facts.alive.reset();
  facts.post_start_failed = facts.restart_wanted = false;
}

// A process that has ended may have left a message; until that has been read, the end is not told.
void PodWorker::learn_end(const std::string& container, pod::Run& run) {
  if (const auto known = ends_.find(run.id); known != ends_.end()) {
    std::tie(run.reason, run.message) = known->second;
    run.state = pod::Run::State::exited;
  } else if (run.started.ns == 0) {
    run.state = pod::Run::State::exited;
  } else if (reading_.insert(run.id).second) {
    spawn(read_end(container, run), "read the last words of " + container);
  }
}

Task<void> PodWorker::read_end(std::string container, pod::Run run) {
  std::string policy;
  for (const pod::Part& part : pod::parts_of(pod()))
    if (part.name == container) policy = text_at(*part.container, "terminationMessagePolicy");
  Result<std::string> said =
      co_await ground_.volumes.termination_message(uid_, container, run.attempt, message_bytes_max).result();
  if (!said && said.error().kind() == ErrorKind::cancelled) co_return;
  std::string message = said ? *std::move(said) : std::string();
  if (message.empty() && run.exit_code != 0 && policy == "FallbackToLogsOnError")
    if (auto log = co_await end_of_log(run.id).result()) message = *std::move(log);
  ends_[run.id] = {run.reason, std::move(message)};
  reading_.erase(run.id);
}

Task<std::string> PodWorker::end_of_log(std::string id) {
  const auto container = co_await ground_.engine.get(id);
  const auto reader = co_await ground_.engine.logs(id, {.tail = log_lines_max});
  std::string out;
  for (;;) {
    const std::string piece = co_await reader->next();
    if (piece.empty()) break;
    if (container->config.tty) out += piece;
    else append_unframed(out, piece);
  }
  if (out.size() > log_bytes_max) out.erase(0, out.size() - log_bytes_max);
  co_return out;
}

// What was told before a restart, and cannot be observed.
void PodWorker::restore(const json::Item& status) {
  for (const std::string_view list : status_lists) {
    for (const json::Item& told : kube::children_at(status, list)) {
      const std::string name(text_at(told, "name"));
      const std::string id = engine_id(text_at(told, "containerID"));
      if (id.empty()) continue;
      current_[name] = id;
      pod::ContainerFacts& facts = seen_.containers[name];
      if (kube::is_true_at(told, "started")) facts.startup = true;
      facts.ready = kube::is_true_at(told, "ready");
      for (const std::string_view state : {"state.terminated", "lastState.terminated"})
        if (const json::Item* end = kube::find_at(told, state))
          ends_[engine_id(text_at(*end, "containerID"))] = {std::string(text_at(*end, "reason")),
                                                            std::string(text_at(*end, "message"))};
    }
  }
}

}  // namespace podo::node
