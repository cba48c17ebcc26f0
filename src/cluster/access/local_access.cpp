#include "cluster/access/local_access.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/ip_address.h"
#include "base/io/system_disk.h"
#include "base/io/timer.h"
#include "cluster/access/rules.h"
#include "model/schema/convert.h"

namespace podo::access {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";
constexpr std::size_t token_file_bytes_max = 4 << 20;

Result<> make_private_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", folder);
  if (::chmod(folder.c_str(), 0700) != 0) return failed_errno(errno, "permissions of {}", folder);
  return {};
}

// What the machine is called and reached by, but for addresses of a link alone.
std::vector<std::string> machine_hosts() {
  std::vector<std::string> hosts;
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0') hosts.emplace_back(name);
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return hosts;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr) continue;
    const char* bytes = nullptr;
    std::size_t size = 0;
    if (i->ifa_addr->sa_family == AF_INET) {
      bytes = reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr);
      size = 4;
    } else if (i->ifa_addr->sa_family == AF_INET6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr);
      if (address->sin6_scope_id != 0) continue;
      bytes = reinterpret_cast<const char*>(&address->sin6_addr);
      size = 16;
    }
    if (size != 0) hosts.push_back(IpAddress::from_bytes({bytes, size}).to_text());
  }
  ::freeifaddrs(list);
  return hosts;
}

std::vector<std::string> with_machine(std::vector<std::string> hosts) {
  for (std::string& host : machine_hosts())
    if (!contains(hosts, host)) hosts.push_back(std::move(host));
  return hosts;
}

}  // namespace

Task<std::unique_ptr<Access>> Access::open(AccessGround ground, AccessOptions options) {
  auto pool = std::make_unique<io::BlockingPool>(1);
  auto disk = std::make_unique<io::SystemDisk>(*pool);
  const std::string folder = options.folder;
  co_await pool->run([folder] { return make_private_folder(folder); });
  options.hosts = with_machine(std::move(options.hosts));
  std::unique_ptr<LocalAccess> access = co_await LocalAccess::open_on(*disk, ground, std::move(options));
  access->keep_alive(std::move(pool), std::move(disk));
  co_return std::unique_ptr<Access>(std::move(access));
}

LocalAccess::LocalAccess(AccessGround ground, AccessOptions options, Pki pki, crypto::SigningKey key)
    : ground_(ground),
      options_(std::move(options)),
      pki_(std::move(pki)),
      signing_(std::move(key)),
      nodes_(graph_),
      cluster_roles_changed_("a change of cluster roles"),
      group_(ground.loop) {}

Task<std::unique_ptr<LocalAccess>> LocalAccess::open_on(io::Disk& disk, AccessGround ground,
                                                        AccessOptions options) {
  Pki pki = co_await Pki::open({disk, ground.clock, ground.log}, options.folder, options.hosts);
  crypto::SigningKey key = co_await crypto::SigningKey::read(pki.token_key());
  std::unique_ptr<LocalAccess> access(
      new LocalAccess(ground, std::move(options), std::move(pki), std::move(key)));
  co_await access->read_keys();
  if (!access->options_.static_tokens_file.empty()) {
    const std::string csv =
        co_await io::read_file(disk, access->options_.static_tokens_file, token_file_bytes_max);
    Result<std::vector<StaticToken>> tokens = read_static_tokens(csv);
    if (!tokens) co_await Failure(std::move(tokens).error().within(access->options_.static_tokens_file));
    access->static_tokens_ = *std::move(tokens);
  }
  co_await access->start_mirrors();
  access->group_.spawn(access->aggregate(), "rules of aggregated roles");
  co_return access;
}

Result<> LocalAccess::read_keys() {
  TRY(verifying_.add(signing_.public_key()));
  tls_ = {.identity = {.certificates = pki_.server().certificate, .key = pki_.server().key},
          .client_authorities = pki_.authority().certificate,
          .client_certificates = tls::ClientCertificates::optional,
          .protocols = {"h2", "http/1.1"}};
  return {};
}

Task<bool> LocalAccess::renew(std::vector<std::string> hosts) {
  if (!(co_await pki_.renew(with_machine(std::move(hosts))))) co_return false;
  tls_.identity = {.certificates = pki_.server().certificate, .key = pki_.server().key};
  co_return true;
}

Task<void> LocalAccess::follow(std::unique_ptr<objects::Mirror>& mirror, std::string_view group,
                               std::string_view plural,
                               void (LocalAccess::*changed)(const objects::Object&, const objects::Object&)) {
  objects::Mirror::Changed tell;
  if (changed != nullptr)
    tell = [this, changed](const objects::Object& before, const objects::Object& now) {
      (this->*changed)(before, now);
    };
  mirror = co_await objects::Mirror::start(ground_.objects, ground_.objects.resource(group, plural), tell);
}

Task<void> LocalAccess::start_mirrors() {
  co_await follow(roles_, rbac_group, "roles", &LocalAccess::role_changed);
  co_await follow(cluster_roles_, rbac_group, "clusterroles", &LocalAccess::cluster_role_changed);
  co_await follow(role_bindings_, rbac_group, "rolebindings", &LocalAccess::role_binding_changed);
  co_await follow(cluster_role_bindings_, rbac_group, "clusterrolebindings",
                  &LocalAccess::cluster_role_binding_changed);
  co_await follow(accounts_, "", "serviceaccounts", nullptr);
  co_await follow(pods_, "", "pods", &LocalAccess::pod_changed);
  co_await follow(volumes_, "", "persistentvolumes", &LocalAccess::volume_changed);
  co_await follow(attachments_, "storage.k8s.io", "volumeattachments", &LocalAccess::attachment_changed);
}

void LocalAccess::rbac_changed(std::string_view kind, const objects::Object& before,
                               const objects::Object& now) {
  if (!now) return index_.remove(kind, before.name_space(), before.name());
  if (const auto tree = now.tree()) index_.put(tree->root());
  else ground_.log.error("{} {}: {}", kind, now.name(), tree.error().message());
}

void LocalAccess::role_changed(const objects::Object& before, const objects::Object& now) {
  rbac_changed("Role", before, now);
}
void LocalAccess::role_binding_changed(const objects::Object& before, const objects::Object& now) {
  rbac_changed("RoleBinding", before, now);
}
void LocalAccess::cluster_role_binding_changed(const objects::Object& before, const objects::Object& now) {
  rbac_changed("ClusterRoleBinding", before, now);
}
void LocalAccess::cluster_role_changed(const objects::Object& before, const objects::Object& now) {
  rbac_changed("ClusterRole", before, now);
  if (!now) aggregation_.remove(before.name());
  else if (const auto tree = now.tree()) aggregation_.put(tree->root());
  cluster_roles_changed_.notify_all();
}

void LocalAccess::pod_changed(const objects::Object& before, const objects::Object& now) {
  if (!now) graph_.remove_pod(before.name_space(), before.name());
  else if (const auto tree = now.tree()) graph_.put_pod(tree->root());
}
void LocalAccess::volume_changed(const objects::Object& before, const objects::Object& now) {
  if (!now) graph_.remove_volume(before.name());
  else if (const auto tree = now.tree()) graph_.put_volume(tree->root());
}
void LocalAccess::attachment_changed(const objects::Object& before, const objects::Object& now) {
  if (!now) graph_.remove_attachment(before.name());
  else if (const auto tree = now.tree()) graph_.put_attachment(tree->root());
}

Task<void> LocalAccess::aggregate() {
  constexpr Duration pause = seconds(1);
  for (;;) {
    const std::vector<std::string> due = aggregation_.due();
    if (due.empty()) {
      co_await cluster_roles_changed_.wait();
      continue;
    }
    // Those that are written come back as changes; what somebody else wrote in between is met then.
    for (const std::string& name : due) {
      const Result<> written = co_await write_aggregated(name).result();
      if (!written) ground_.log.debug("aggregated role {}: {}", name, written.error().message());
      if (!written && written.error().kind() != ErrorKind::conflict) co_await io::sleep(pause);
    }
    co_await cluster_roles_->reach(co_await ground_.objects.newest());
  }
}

Task<void> LocalAccess::write_aggregated(std::string name) {
  const schema::Resource& resource = ground_.objects.resource(rbac_group, "clusterroles");
  objects::Key key{.resource = &resource, .name_space = {}, .name = name};
  const std::optional<objects::Object> there = co_await ground_.objects.find(key);
  if (!there) co_return;
  json::Tree role = co_await there->tree();
  write_rules(role.root().member("rules"), aggregation_.rules_for(name));
  if (json::Item* metadata = role.root().find("metadata")) metadata->remove("resourceVersion");
  co_await ground_.objects.update(std::move(key), there->revision(),
                                  schema::canonical(role.root(), *resource.type));
}

}  // namespace podo::access
