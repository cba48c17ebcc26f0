#include <unistd.h>

#include <set>

#include "base/io/combine.h"
#include "base/linux/path.h"
#include "cluster/volumes/local_volumes.h"
#include "cluster/volumes/sub_path.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

using json::Item;

constexpr std::string_view default_message_path = "/dev/termination-log";

// What the pool does before a container starts.
struct Pin {
  std::string volume, sub_path, target;
  std::string title, container;  // in messages
};

bool is_absolute(std::string_view path) { return path.starts_with('/'); }
std::string absolute(std::string_view path) {
  return is_absolute(path) ? std::string(path) : "/" + std::string(path);
}

// expression := ( "$(" NAME ")" | "$$" | any )*      "$$" is "$"
Result<std::string> expanded(std::string_view expression, const std::map<std::string, std::string>& by_name) {
  std::string path;
  std::set<std::string_view> missing;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const std::string_view rest = expression.substr(i);
    const std::size_t end = rest.find(')');
    if (rest.starts_with("$$")) {
      path += '$';
      ++i;
    } else if (rest.starts_with("$(") && end != rest.npos) {
      const std::string_view name = rest.substr(2, end - 2);
      const auto found = by_name.find(std::string(name));
      if (found == by_name.end() || found->second.empty()) missing.insert(name);
      else path += found->second;
      i += end;
    } else {
      path += expression[i];
    }
  }
  if (missing.empty()) return path;
  std::string names;
  for (const std::string_view name : missing) names.append(names.empty() ? "" : ", ").append(name);
  return invalid("missing value for {}", names);
}

Result<std::string> sub_path_of(const Item& mount, const ContainerView& view) {
  const std::string_view expression = kube::text_at(mount, "subPathExpr");
  std::string path = expression.empty() ? std::string(kube::text_at(mount, "subPath"))
                                        : TRY(expanded(expression, view.environment));
  if (is_absolute(path)) return invalid("error SubPath `{}` must not be an absolute path", path);
  if (text("/{}/", path).contains("/../"))
    return invalid("unable to provision SubPath `{}`: must not contain '..'", path);
  return path;
}

docker::Mount bind(std::string source, std::string target) {
  return {.type = "bind",
          .source = std::move(source),
          .target = std::move(target),
          .consistency = {},
          .bind = docker::Mount::Bind{.propagation = "rprivate"},
          .volume = {},
          .tmpfs = {}};
}

std::string_view propagation_of(std::string_view word) {
  if (word == "Bidirectional") return "rshared";
  return word == "HostToContainer" ? "rslave" : "rprivate";
}

void set_access(docker::Mount& made, const Item& mount, const Place& place) {
  made.read_only = place.read_only || kube::is_true_at(mount, "readOnly");
  made.bind->propagation = propagation_of(kube::text_at(mount, "mountPropagation"));
  if (!made.read_only) return;
  const std::string_view recursive = kube::text_at(mount, "recursiveReadOnly");
  made.bind->read_only_force_recursive = recursive == "Enabled";
  made.bind->read_only_non_recursive = recursive != "Enabled" && recursive != "IfPossible";
}

// Messages tell nothing of the machine's files: whoever may see the pod need not know them.
Result<> pin_one(const Pin& wish) {
  const auto found = open_or_make_sub_path(wish.volume, wish.sub_path);
  if (!found && found.error().system_errno() != EXDEV && found.error().system_errno() != ELOOP)
    return invalid("failed to create subPath directory for volumeMount \"{}\" of container \"{}\"",
                   wish.title, wish.container);
  if (!found || !pin(*found, wish.target))
    return invalid("failed to prepare subPath for volumeMount \"{}\" of container \"{}\"", wish.title,
                   wish.container);
  return {};
}

}  // namespace

Task<std::vector<docker::Mount>> LocalVolumes::mounts_of(const Item& pod, ContainerView view) {
  const std::string uid(kube::text_at(pod, "metadata.uid")), name(kube::text_at(view.container, "name"));
  const PodFolder folder = folder_of(uid);
  co_await check_name(uid);
  co_await check_name(name);
  const Turn turn = co_await take_turn(uid);
  const auto mounted = pods_.find(uid);
  std::vector<docker::Mount> mounts;
  std::vector<Pin> pins;
  for (const Item& mount : kube::children_at(view.container, "volumeMounts")) {
    const std::string volume(kube::text_at(mount, "name"));
    const Place* place = nullptr;
    if (mounted != pods_.end() && mounted->second.places.contains(volume))
      place = &mounted->second.places.find(volume)->second;
    if (place == nullptr)
      co_await invalid("cannot find volume \"{}\" to mount into container \"{}\"", volume, name);
    std::string sub_path = co_await sub_path_of(mount, view);
    docker::Mount made = bind(place->path, absolute(kube::text_at(mount, "mountPath")));
    set_access(made, mount, *place);
    if (sub_path.empty()) {
      made.bind->create_mountpoint = place->may_be_made;
    } else {
      made.source = folder.sub_path(volume, name, mounts.size());
      pins.push_back({place->path, std::move(sub_path), made.source, volume, name});
    }
    mounts.push_back(std::move(made));
  }
  if (kube::size_at(view.container, "volumeDevices") != 0)
    co_await unsupported("volumeDevices of container \"{}\" are not supported by this node", name);
  const std::string message = folder.message(name, view.attempt);
  const std::string_view path = kube::text_at(view.container, "terminationMessagePath");
  mounts.push_back(bind(message, absolute(path.empty() ? default_message_path : path)));
  known_.insert(uid);
  // Two attempts are kept, as of the containers themselves.
  const std::string old = folder.message(name, view.attempt - 2);
  co_await io::shielded(ground_.pool.run([pins = std::move(pins), message, old]() -> Result<> {
    for (const Pin& wish : pins) TRY(pin_one(wish));
    ::unlink(old.c_str());
    return make_message_file(message);
  }));
  co_return mounts;
}

Task<std::string> LocalVolumes::termination_message(std::string uid, std::string container, int attempt,
                                                    std::size_t bytes_max) {
  co_await check_name(uid);
  co_await check_name(container);
  co_return co_await ground_.pool.run([path = folder_of(uid).message(container, attempt), bytes_max] {
    return read_message_file(path, bytes_max);
  });
}

}  // namespace podo::volumes
