#include "podo/cluster.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/http/server.h"
#include "base/io/fd.h"
#include "base/io/socket.h"
#include "base/io/timer.h"
#include "base/store/keyring.h"
#include "base/store/log_store.h"
#include "base/store/retention.h"
#include "base/tls/tls.h"
#include "cluster/access/access.h"
#include "cluster/admission/admission.h"
#include "cluster/apiserver/api_server.h"
#include "cluster/client/leader.h"
#include "cluster/connectors/remote_nodes.h"
#include "cluster/controllers/controllers.h"
#include "cluster/objects/objects.h"
#include "cluster/scheduler/scheduler.h"
#include "model/kube/schema.h"
#include "podo/beginning.h"
#include "podo/controllers_ground.h"

namespace podo {
namespace {

using io::Task;

constexpr std::size_t key_bytes_max = 64 << 10;
constexpr Duration month = seconds(30 * 24 * 3600);
constexpr Duration history_for = seconds(300);  // so long ago a watch or a long list may have begun

struct Listening {
  std::unique_ptr<io::SocketListener> listener;
  std::string host;
  std::uint16_t port = 0;
};

Task<Listening> listen(ClusterGround ground, std::string address) {
  const io::Address wanted = co_await io::Address::parse("tcp:" + address);
  auto listener = co_await io::listen_socket(ground.loop, wanted).result();
  if (!listener)
    co_await fail(
        listener.error().kind(),
        text("the Kubernetes API at {}: {}. --listen ADDRESS:PORT chooses another place, --listen none "
             "goes without it",
             address, listener.error().message()));
  Listening listening{.listener = *std::move(listener), .host = wanted.host};
  listening.port = listening.listener->address().port;
  co_return listening;
}

// The first start makes the keys that Secrets are sealed with.
Result<store::Keyring> keyring(const std::string& path, Random& random) {
  auto there = store::load_keyring(path);
  if (there || there.error().kind() != ErrorKind::not_found) return there;
  TRY(store::rotate_keyring(path, random));
  return store::load_keyring(path);
}

store::LogStoreOptions store_options(const schema::Schema& schema) {
  store::LogStoreOptions options;
  options.log.not_durable = objects::Objects::not_durable_prefixes(schema);
  options.log.segment_bytes = 2 << 20;  // two are always made ahead, and of the oldest one all stays
  options.log.log_bytes = 12 << 20;     // on the disk of a cluster that is small again
  return options;
}

bool is_any(std::string_view host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// Names and addresses that the server's certificate is good for.
std::vector<std::string> hosts_of(const std::string& listen_host, const ClusterOptions& options) {
  std::vector<std::string> hosts = {"localhost",
                                    "127.0.0.1",
                                    "::1",
                                    "kubernetes",
                                    "kubernetes.default",
                                    "kubernetes.default.svc",
                                    "kubernetes.default.svc." + options.cluster_domain};
  for (const IpPrefix& range : options.service_ranges) hosts.push_back(range.first().plus(1).to_text());
  if (const std::string own = host_name(); !own.empty()) hosts.push_back(own);
  if (!is_any(listen_host) && listen_host != "127.0.0.1" && listen_host != "::1" &&
      listen_host != "localhost")
    hosts.push_back(listen_host);
  return hosts;
}

std::string url_of(const std::string& host, std::uint16_t port) {
  const std::string name = is_any(host) ? "127.0.0.1" : host;
  return name.contains(':') ? text("https://[{}]:{}", name, port) : text("https://{}:{}", name, port);
}

// Replaced as a whole; nobody else may read it at any moment.
Result<> write_private_file(const std::string& path, std::string_view bytes) {
  const std::string next = path + ".new";
  const io::Fd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file || ::fchmod(file.get(), 0600) != 0) return failed_errno(errno, "make {}", next);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return failed_errno(errno, "write {}", next);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(next.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {} to {}", next, path);
  return {};
}

class LocalCluster final : public Cluster {
 public:
  LocalCluster(ClusterGround ground, ClusterOptions options, Listening listening)
      : ground_(ground),
        options_(std::move(options)),
        listening_(std::move(listening)),
        schema_(kube::parse_schema()) {}

  // Each line stands on those above it.
  Task<void> open() {
    const store::Keyring keys = co_await keyring(options_.data + "/cluster.keys", ground_.random);
    store::Sealing sealing(keys, objects::Objects::sealed_prefixes(), ground_.random);
    store_ = co_await store::open_log_store({ground_.disk, ground_.random, ground_.log},
                                            options_.data + "/cluster", store_options(schema_),
                                            std::move(sealing));
    objects_ = objects::Objects::make(ground_.loop, *store_, schema_);
    access_ =
        co_await access::Access::open({ground_.loop, *objects_, ground_.clock, ground_.random, ground_.log},
                                      {.folder = options_.data + "/pki",
                                       .hosts = hosts_of(listening_.host, options_),
                                       .static_tokens_file = options_.token_file});
    remote_nodes_.emplace(ground_.loop, access_->authority_pem(), co_await identity_for_nodes());
    nodes_.emplace(ground_.loop, ground_.log, &*remote_nodes_);
    admission_ = co_await admission::Admission::open(
        {ground_.loop, *objects_, *access_, ground_.clock, ground_.random, ground_.log});
    api_ = co_await apiserver::ApiServer::open({ground_.loop, *objects_, *access_, *admission_, ground_.clock,
                                                ground_.random, ground_.log, &*nodes_, &ground_.loop},
                                               api_options());
    co_await write_kubeconfig();
  }

  Task<void> serve() override {
    io::TaskGroup serving(ground_.loop);
    serving.spawn(serve_api(), "serve the Kubernetes API");
    serving.spawn(api_->run(), "the API server's loops");
    serving.spawn(store::keep_history_for(*store_, history_for), "forget the past");
    if (!options_.api_only) {
      serving.spawn(run_controllers(), "controllers");
      serving.spawn(run_scheduler(), "the scheduler");
    }
    co_await serving.join();
  }

  Task<void> close() override { return store_->close(); }

  std::unique_ptr<Resident> resident(Identity who) override {
    return std::make_unique<Resident>(ground_.loop, *api_, std::move(who), schema_, *objects_);
  }
  apiserver::LocalNodes& nodes() override { return *nodes_; }

 private:
  apiserver::ApiOptions api_options() const {
    return {.address = is_any(listening_.host) ? "127.0.0.1" : listening_.host,
            .port = listening_.port,
            .service_ranges = options_.service_ranges,
            .audit_policy_file = options_.audit_policy_file,
            .audit_log_file = options_.audit_log_file};
  }

  Result<> write_kubeconfig() {
    const std::string path = options_.data + "/kubeconfig";
    TRY(write_private_file(path, TRY(access_->admin_kubeconfig(url_of(listening_.host, listening_.port)))));
    ground_.log.info("serving the Kubernetes API at {}: export KUBECONFIG={}",
                     url_of(listening_.host, listening_.port), path);
    return {};
  }

  Task<void> serve_api() {
    tls::Context context = co_await tls::server_context(access_->tls());
    io::TaskGroup renewing(ground_.loop);
    renewing.spawn(renew_certificate(context), "renew the API server's certificate");
    renewing.spawn(renew_identity_for_nodes(), "renew its certificate for nodes");
    http::Server server(ground_.loop, *api_, ground_.log, {});
    co_await server.serve(*listening_.listener, &context);
  }

  // They may do everything, as the one who owns this process may: a garbage collector deletes any kind.
  Task<void> run_controllers() {
    const auto own = resident({.name = "system:kube-controller-manager", .groups = {"system:masters"}});
    const controllers::Ground ground =
        co_await controllers_ground({ground_.loop, own->client(), *access_, ground_.disk, ground_.clock,
                                     ground_.log, options_.data, options_.node});
    co_await keep_leading(own->client(), "kube-controller-manager",
                          [&ground] { return controllers::run_controllers(ground, {}); });
  }

  Task<void> run_scheduler() {
    const auto own = resident({.name = "system:kube-scheduler"});
    const scheduler::SchedulerGround ground{ground_.loop, own->client(), ground_.random, ground_.log};
    co_await keep_leading(own->client(), "kube-scheduler",
                          [&ground] { return scheduler::run_scheduler(ground, {}); });
  }

  // A part that failed begins anew; its mirrors could not be made, or its lease went to another one.
  Task<void> keep_leading(client::Client& client, std::string name, std::function<Task<void>()> work) {
    for (;;) {
      const auto ended =
          co_await client::lead(client, ground_.clock,
                                {.name = name, .identity = text("{}_{}", host_name(), ::getpid())}, work)
              .result();
      if (!ended && ended.error().kind() == ErrorKind::cancelled) co_return;
      if (!ended) ground_.log.warn("{}: {}", name, ended.error().message());
      co_await io::sleep(seconds(1));
    }
  }

  // As whom nodes elsewhere are asked for logs and processes. Its key is never written down: each start, and
  // each month, has a new one.
  Task<tls::Identity> identity_for_nodes() {
    const std::string pki = options_.data + "/pki/";
    const crypto::KeyPair authority{co_await io::read_file(ground_.disk, pki + "ca.crt", key_bytes_max),
                                    co_await io::read_file(ground_.disk, pki + "ca.key", key_bytes_max)};
    const crypto::Subject subject{
        .common_name = "kube-apiserver-kubelet-client", .organizations = {"system:masters"}, .client = true};
    crypto::KeyPair made = co_await crypto::issue(authority, subject, ground_.clock.wall(), month * 2);
    co_return tls::Identity{std::move(made.certificate), std::move(made.key)};
  }

  Task<void> renew_identity_for_nodes() {
    for (;;) {
      co_await io::sleep(month);
      remote_nodes_->renew(co_await identity_for_nodes());
    }
  }

  // New connections see the new one; those that are there keep theirs.
  Task<void> renew_certificate(tls::Context& context) {
    for (;;) {
      co_await io::sleep(seconds(3600));
      const Result<bool> renewed = co_await access_->renew(hosts_of(listening_.host, options_)).result();
      if (!renewed) ground_.log.error("the API server's certificate: {}", renewed.error().message());
      if (!renewed || !*renewed) continue;
      context = co_await tls::server_context(access_->tls());
      const Result<> written = write_kubeconfig();
      if (!written) ground_.log.error("the kubeconfig: {}", written.error().message());
    }
  }

  ClusterGround ground_;
  const ClusterOptions options_;
  Listening listening_;
  schema::Schema schema_;
  std::optional<apiserver::RemoteNodes> remote_nodes_;
  std::optional<apiserver::LocalNodes> nodes_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<admission::Admission> admission_;
  std::unique_ptr<apiserver::ApiServer> api_;
};

}  // namespace

Task<std::unique_ptr<Cluster>> Cluster::open(ClusterGround ground, ClusterOptions options) {
  Listening listening = co_await listen(ground, options.listen);
  auto cluster = std::make_unique<LocalCluster>(ground, std::move(options), std::move(listening));
  co_await cluster->open();
  co_return std::unique_ptr<Cluster>(std::move(cluster));
}

Result<std::vector<IpPrefix>> parse_service_ranges(std::string_view words) {
  std::vector<IpPrefix> ranges;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(','));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    const IpPrefix range = TRY_IN(text("--service-cidr {}", word), IpPrefix::parse(word)).network();
    const int host_bits = range.address.bits() - range.length;
    if (host_bits < 4) return invalid("--service-cidr {}: has no room for Services", word);
    if (!ranges.empty() && ranges.front().address.is_v4() == range.address.is_v4())
      return invalid("--service-cidr {}: one range of each family at most", word);
    ranges.push_back(range);
  }
  if (ranges.empty() || ranges.size() > 2) return invalid("--service-cidr: one range, or one of each family");
  return ranges;
}

Result<std::string> complete_listen(std::string_view address) {
  if (address == "none") return std::string(address);
  const bool is_port = !address.empty() && address.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_port) return text("127.0.0.1:{}", address);
  const std::size_t colon = address.rfind(':');
  const bool has_port = colon != std::string_view::npos && !address.ends_with(']') &&
                        address.find_first_not_of("0123456789", colon + 1) == std::string_view::npos &&
                        colon + 1 < address.size();
  if (address.empty() || (!has_port && address.contains(':') && !address.ends_with(']')))
    return invalid("--listen {}: expected ADDRESS:PORT, or none", address);
  return has_port ? std::string(address) : text("{}:6443", address);
}

}  // namespace podo
