#include "cluster/node/static_pods.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/format/yaml.h"
#include "base/io/group.h"
#include "base/io/timer.h"
#include "base/linux/file.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/schema/convert.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr std::string_view config_mirror = "kubernetes.io/config.mirror",
                           config_hash = "kubernetes.io/config.hash",
                           config_source = "kubernetes.io/config.source",
                           config_seen = "kubernetes.io/config.seen";
constexpr std::size_t file_bytes_max = 1 << 20, files_max = 1000;
constexpr Duration settle = milliseconds(50), retry_after = seconds(20), look_again_after = milliseconds(500);

std::string key_of(const json::Item& pod) {
  return text("{}/{}", text_at(pod, "metadata.namespace"), text_at(pod, "metadata.name"));
}

const json::Item* annotation_of(const json::Item& pod, std::string_view key) {
  const json::Item* annotations = kube::find_at(pod, "metadata.annotations");
  return annotations != nullptr ? annotations->find(key) : nullptr;
}

// Texts by file name.
Result<std::map<std::string, std::string>> read_folder(const std::string& folder) {
  std::map<std::string, std::string> texts;
  const std::unique_ptr<DIR, int (*)(DIR*)> listed(::opendir(folder.c_str()), ::closedir);
  if (!listed) return failed_errno(errno, "open {}", folder);
  while (const dirent* entry = ::readdir(listed.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with('.') || entry->d_type == DT_DIR || texts.size() == files_max) continue;
    auto content = linux::read_file((folder + "/" + name).c_str(), file_bytes_max);
    if (content) texts[name] = *std::move(content);
  }
  return texts;
}

void set_annotation(json::Item& pod, std::string_view key, std::string_view value) {
  pod.member("metadata").member("annotations").member(key).set_string(value);
}

void tolerate_everything(json::Item& spec) {
  json::Item& toleration = spec.member("tolerations").append();
  toleration.member("operator").set_string("Exists");
  toleration.member("effect").set_string("NoExecute");
}

}  // namespace

bool is_mirror(const json::Item& pod) { return annotation_of(pod, config_mirror) != nullptr; }
bool is_static(const json::Item& pod) {
  return annotation_of(pod, config_source) != nullptr && !is_mirror(pod);
}

Result<json::Tree> static_pod_of(std::string_view text, std::string_view node, const schema::Struct& type,
                                 Wall now) {
  const std::vector<std::string> documents = TRY(yaml::to_json(text));
  if (documents.size() != 1) return invalid("expected one Pod, found {} objects", documents.size());
  json::Tree tree = TRY(json::Tree::parse(documents.front()));
  json::Item& pod = tree.root();
  if (text_at(pod, "kind") != "Pod" || text_at(pod, "apiVersion") != "v1")
    return invalid("expected a v1 Pod, found {} {}", text_at(pod, "apiVersion"), text_at(pod, "kind"));
  TRY(schema::shape(pod, type));
  kube::apply_defaults(pod, type, now);
  json::Item& metadata = pod.member("metadata");
  const std::string name(text_at(pod, "metadata.name"));
  if (name.empty()) return invalid("the Pod has no name");
  metadata.member("name").set_string(podo::text("{}-{}", name, node));
  if (text_at(pod, "metadata.namespace").empty()) metadata.member("namespace").set_string("default");
  pod.member("spec").member("nodeName").set_string(node);
  tolerate_everything(pod.member("spec"));
  const std::string digest = crypto::digest_of(podo::text("{}\n{}", node, schema::canonical(pod, type)));
  const std::string hash = digest.substr(digest.find(':') + 1, 32);
  metadata.member("uid").set_string(hash);
  set_annotation(pod, config_hash, hash);
  set_annotation(pod, config_source, "file");
  set_annotation(pod, config_seen, kube::time_text(now));
  pod.member("status").set_object();
  pod.member("status").member("phase").set_string("Pending");
  return tree;
}

json::Tree mirror_of(const json::Item& pod, const json::Item& node) {
  json::Tree tree = json::Tree::copy_of(pod);
  json::Item& mirror = tree.root();
  mirror.remove("status");
  mirror.member("metadata").remove("uid");
  const json::Item* hash = annotation_of(pod, config_hash);
  set_annotation(mirror, config_mirror, hash != nullptr ? hash->string_or("") : "");
  json::Item& owner = mirror.member("metadata").member("ownerReferences").append();
  owner.member("apiVersion").set_string("v1");
  owner.member("kind").set_string("Node");
  owner.member("name").set_string(text_at(node, "metadata.name"));
  owner.member("uid").set_string(text_at(node, "metadata.uid"));
  owner.member("controller").set_boolean(true);
  return tree;
}

StaticPods::StaticPods(const StaticPodsGround& ground, std::string folder, std::string node, Told told)
    : ground_(ground),
      folder_(std::move(folder)),
      node_(std::move(node)),
      told_(std::move(told)),
      pods_(*ground.client.resource("", "pods")),
      queue_(ground.loop, "a mirror pod") {}

Task<void> StaticPods::read() {
  const auto texts = co_await ground_.pool.run([folder = folder_] { return read_folder(folder); });
  std::map<std::string, PodPtr> pods;
  for (const auto& [file, content] : texts) {
    auto pod = static_pod_of(content, node_, *pods_.type, ground_.clock.wall());
    if (!pod) {
      ground_.log.error("static pod {}/{}: {}", folder_, file, pod.error().message());
      continue;
    }
    const std::string key = key_of(pod->root());
    pods[key] = std::make_shared<const json::Tree>(*std::move(pod));
  }
  take(std::move(pods));
}

void StaticPods::take(std::map<std::string, PodPtr> pods) {
  std::swap(pods, wanted_);
  const auto uid_of = [](const PodPtr& pod) { return std::string(text_at(pod->root(), "metadata.uid")); };
  for (const auto& [key, before] : pods) {
    const auto now = wanted_.find(key);
    if (now == wanted_.end() || uid_of(now->second) != uid_of(before)) told_.go(uid_of(before));
    queue_.add(key);
  }
  for (const auto& [key, pod] : wanted_) {
    const auto before = pods.find(key);
    if (before != pods.end() && uid_of(before->second) == uid_of(pod)) continue;
    told_.come(pod);
    queue_.add(key);
  }
}

Task<void> StaticPods::run(const json::Item& node) {
  io::TaskGroup group(ground_.loop);
  group.spawn(watch(), "watch static pods");
  group.spawn(keep_mirrors(node), "mirror static pods");
  co_await group.join();
}

Task<void> StaticPods::watch() {
  const io::Fd notices(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  io::Readiness ready(ground_.loop, notices.get());
  constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
  bool watched = false;
  for (;;) {
    watched = watched || ::inotify_add_watch(notices.get(), folder_.c_str(), changes) >= 0;
    const Result<void> done = co_await read().result();
    if (!done && done.error().kind() == ErrorKind::cancelled) co_await Result<void>(done);
    if (!watched) {
      co_await io::sleep(retry_after);
      continue;
    }
    co_await ready.readable();
    co_await io::sleep(settle);  // whoever writes several files is not interrupted
    char events[4096];
    while (::read(notices.get(), events, sizeof events) > 0) continue;
  }
}

void StaticPods::see(std::string_view name_space, std::string_view name, PodPtr mirror) {
  const std::string key = text("{}/{}", name_space, name);
  if (mirror) mirrors_[key] = mirror;
  else mirrors_.erase(key);
  if (const auto wanted = wanted_.find(key); wanted != wanted_.end())
    told_.mirrored(std::string(text_at(wanted->second->root(), "metadata.uid")), mirror);
  queue_.add(key);
}

Task<void> StaticPods::keep_mirrors(const json::Item& node) {
  for (;;) {
    const std::string key = co_await queue_.next();
    const Result<void> kept = co_await keep_mirror(key, node).result();
    if (!kept && kept.error().kind() == ErrorKind::cancelled) co_await Result<void>(kept);
    if (!kept) ground_.log.warn("mirror of static pod {}: {}", key, kept.error().message());
    queue_.done(key, kept ? client::WorkQueue::Outcome::good : client::WorkQueue::Outcome::failed);
  }
}

Task<void> StaticPods::keep_mirror(std::string key, const json::Item& node) {
  const auto wanted = wanted_.find(key);
  const auto there = mirrors_.find(key);
  const std::size_t slash = key.find('/');
  client::Where where{.resource = &pods_, .name_space = key.substr(0, slash), .name = key.substr(slash + 1)};
  const PodPtr pod = wanted != wanted_.end() ? wanted->second : nullptr;
  if (there != mirrors_.end()) {
    const json::Item& mirror = there->second->root();
    const json::Item* hash = annotation_of(mirror, config_mirror);
    const bool same = pod && hash != nullptr && hash->string_or("") == text_at(pod->root(), "metadata.uid") &&
                      kube::find_at(mirror, "metadata.deletionTimestamp") == nullptr;
    if (same) co_return;
    // The API shows a pod until its containers have ended.
    if (hash != nullptr && told_.is_here(std::string(hash->string_or(""))) &&
        (!pod || hash->string_or("") != text_at(pod->root(), "metadata.uid")))
      co_return queue_.add_after(key, look_again_after);
    const std::string uid(text_at(mirror, "metadata.uid"));
    const Result<void> removed = co_await ground_.client.remove(where, {.uid = uid, .grace_s = 0}).result();
    if (!removed && removed.error().kind() != ErrorKind::not_found) co_await Result<void>(removed);
    co_return;  // we are told when it has gone
  }
  if (!pod) co_return;
  const auto made = co_await ground_.client.create(where, mirror_of(pod->root(), node).root()).result();
  if (!made && made.error().kind() != ErrorKind::already_exists) co_await Failure(made.error());
}

}  // namespace podo::node
