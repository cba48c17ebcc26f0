#include "traffic/dns/cluster_dns.h"

#include <sys/stat.h>

#include "base/dns/resolver.h"
#include "base/io/combine.h"
#include "traffic/dns/cluster_answers.h"
#include "traffic/dns/dns_metrics.h"

namespace podo::cluster_dns {
namespace {

constexpr dns::ServerLimits limits = {.waiting = 1024, .connections = 256, .idle_connection = seconds(10)};
constexpr Duration look_again = seconds(1);  // at a file, when somebody asks
constexpr Duration try_again = seconds(1);

// resolv.conf, looked at no more than once a second, and read when it is another one.
class HostServers {
 public:
  explicit HostServers(std::string path) : path_(std::move(path)) {}
  std::optional<dns::ResolvConf> changed(Monotonic now) {
    if (looked_ && now < *looked_ + look_again) return {};
    struct stat file = {};
    if (::stat(path_.c_str(), &file) != 0) file = {};
    const bool is_same = looked_ && file.st_ino == file_.st_ino && file.st_size == file_.st_size &&
                         file.st_mtim.tv_sec == file_.st_mtim.tv_sec &&
                         file.st_mtim.tv_nsec == file_.st_mtim.tv_nsec;
    looked_ = now;
    file_ = file;
    if (is_same) return {};
    return dns::ResolvConf::parse(dns::read_configuration(path_));
  }

 private:
  std::string path_;
  std::optional<Monotonic> looked_;
  struct stat file_ = {};
};

class MirroredDns final : public ClusterDns, public dns::Zone {
 public:
  MirroredDns(const DnsGround& ground, DnsOptions options)
      : ground_(ground),
        options_(std::move(options)),
        zone_(names_, options_.domain, options_.own),
        cache_(ground.loop.clock(), ground.random, options_.cache),
        forwarder_(ground.loop, ground.random, cache_, {.own = options_.own}),
        answers_(names_, zone_, cache_, forwarder_),
        host_(options_.resolv_conf),
        group_(ground.loop) {
    group_.spawn(fill(), "names for DNS");
  }

  void serve(DnsSocket socket) override {
    servers_.push_back(std::make_unique<dns::Server>(ground_.loop, std::move(socket.udp),
                                                     std::move(socket.tcp), *this, limits));
  }
  Task<void> run() override { co_await group_.join(); }
  bool ready() const override { return answers_.ready(); }
  Task<void> wait_until_ready() {
    while (!ready()) co_await filled_.wait();
  }
  std::string metrics() const override {
    return metrics_of({servers_, cache_, forwarder_, answers_.counts(), options_.domain});
  }

 private:
  std::size_t recall(const dns::QueryView& query, std::span<char> into) override {
    return answers_.recall(query, into);
  }
  std::optional<dns::Message> know(const dns::Query& query) override { return answers_.know(query); }
  Task<std::string> find_out(dns::Query query) override {
    if (auto conf = host_.changed(ground_.loop.clock().now())) {
      forwarder_.set_upstreams(dns::upstreams_of(*conf, options_.upstream_port));
      answers_.set_search(std::move(conf->search));
    }
    return answers_.find_out(std::move(query));
  }

  Task<void> fill();
  Task<void> mirror(std::string_view group, std::string_view plural,
                    void (MirroredDns::*take)(const objects::Object& before, const objects::Object& now));
  void take_namespace(const objects::Object& before, const objects::Object& now);
  void take_service(const objects::Object& before, const objects::Object& now);
  void take_slice(const objects::Object& before, const objects::Object& now);
  // What cannot be read is as if it were not there.
  std::optional<json::Document> read(const objects::Object& object);

  DnsGround ground_;
  DnsOptions options_;
  ClusterNames names_;
  ClusterZone zone_;
  dns::AnswerCache cache_;
  dns::Forwarder forwarder_;
  ClusterAnswers answers_;
  HostServers host_;
  io::Condition filled_{"names for DNS"};
  std::vector<std::unique_ptr<objects::Mirror>> mirrors_;  // after what their changes change
  std::vector<std::unique_ptr<dns::Server>> servers_;
  io::TaskGroup group_;  // last
};

// Ends never: mirrors and servers go on by themselves.
Task<void> MirroredDns::fill() {
  co_await mirror("", "namespaces", &MirroredDns::take_namespace);
  co_await mirror("", "services", &MirroredDns::take_service);
  co_await mirror("discovery.k8s.io", "endpointslices", &MirroredDns::take_slice);
  answers_.set_ready();
  cache_.world_changed();
  filled_.notify_all();
  for (io::Condition never("the end");;) co_await never.wait();
}

Task<void> MirroredDns::mirror(std::string_view group, std::string_view plural,
                               void (MirroredDns::*take)(const objects::Object&, const objects::Object&)) {
  for (bool told = false;; told = true) {
    auto made = co_await ground_.client
                    .mirror(*ground_.client.resource(group, plural), {},
                            [this, take](const objects::Object& before, const objects::Object& now) {
                              (this->*take)(before, now);
                              cache_.world_changed();
                            })
                    .result();
    if (made) {
      mirrors_.push_back(*std::move(made));
      co_return;
    }
    if (made.error().kind() == ErrorKind::cancelled) co_await Failure(std::move(made).error());
    if (!told) ground_.log.warn("DNS waits for {}: {}", plural, made.error().message());
    co_await io::sleep(try_again);
  }
}

std::optional<json::Document> MirroredDns::read(const objects::Object& object) {
  if (!object) return {};
  auto document = object.document();
  if (document) return *std::move(document);
  ground_.log.error("DNS cannot read {}/{}: {}", object.name_space(), object.name(),
                    document.error().message());
  return {};
}

void MirroredDns::take_namespace(const objects::Object& before, const objects::Object& now) {
  if (now) names_.add_namespace(now.name());
  else names_.remove_namespace(before.name());
}

void MirroredDns::take_service(const objects::Object& before, const objects::Object& now) {
  const objects::Object& either = now ? now : before;
  const ServiceName name{std::string(either.name_space()), std::string(either.name())};
  if (const auto document = read(now)) names_.set_service(name, document->root());
  else names_.remove_service(name);
}

void MirroredDns::take_slice(const objects::Object& before, const objects::Object& now) {
  const objects::Object& either = now ? now : before;
  if (const auto document = read(now)) names_.set_slice(now.name_space(), now.name(), document->root());
  else names_.remove_slice(either.name_space(), either.name());
}

}  // namespace

Task<std::unique_ptr<ClusterDns>> ClusterDns::open(const DnsGround& ground, DnsOptions options) {
  const Duration patience = options.patience;
  auto opened = std::make_unique<MirroredDns>(ground, std::move(options));
  const auto waited = co_await io::deadline(opened->wait_until_ready(), patience).result();
  if (!waited && waited.error().kind() == ErrorKind::cancelled) co_return Failure(waited.error());
  if (!waited) ground.log.warn("DNS answers, but does not know the cluster's names yet");
  co_return std::unique_ptr<ClusterDns>(std::move(opened));
}

}  // namespace podo::cluster_dns
