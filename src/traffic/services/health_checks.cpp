#include "traffic/services/health_checks.h"

#include "base/io/timer.h"

namespace podo::services {
namespace {

constexpr Duration try_again = seconds(5);

}  // namespace

class HealthChecks::Check final : public http::Handler {
 public:
  Check(const HealthChecks& all, std::string service, std::uint16_t port)
      : all_(all),
        service_(std::move(service)),
        port_(port),
        server_(all.loop_, *this, all.log_, {}),
        serving_(all.loop_) {
    serving_.spawn(serve(), text("health checks of {}", service_));
  }
  std::uint16_t port() const { return port_; }
  void set(std::size_t ready_here) { ready_here_ = ready_here; }

  Task<void> handle(http::Exchange& exchange) override {
    const bool good = ready_here_ != 0 && all_.rules_in_force_;
    const std::size_t slash = service_.find('/');
    co_await exchange.respond(
        good ? 200 : 503,
        {{"Content-Type", "application/json"},
         {"X-Content-Type-Options", "nosniff"},
         {"X-Load-Balancing-Endpoint-Weight", text("{}", ready_here_)}},
        text("{{\n\t\"service\": {{\n\t\t\"namespace\": \"{}\",\n\t\t\"name\": \"{}\"\n\t}},\n"
             "\t\"localEndpoints\": {},\n\t\"serviceProxyHealthy\": {}\n}}",
             service_.substr(0, slash), service_.substr(slash + 1), ready_here_, all_.rules_in_force_));
  }

 private:
  Task<void> serve() {
    std::string said;
    for (;;) {
      auto listener = co_await all_.listen_(port_).result();
      Result<void> ended;
      if (listener) ended = co_await server_.serve(**listener).result();
      else ended = Failure(listener.error());
      const std::string problem = ended ? std::string("the port was closed") : ended.error().message();
      if (problem != std::exchange(said, problem))
        all_.log_.warn("health checks of service {} at port {}: {}", service_, port_, problem);
      co_await io::sleep(try_again);
    }
  }

  const HealthChecks& all_;
  const std::string service_;
  const std::uint16_t port_;
  std::size_t ready_here_ = 0;
  http::Server server_;
  io::TaskGroup serving_;  // last: its strand uses all of the above
};

HealthChecks::HealthChecks(io::Loop& loop, ListenAt listen, Log& log)
    : loop_(loop), listen_(std::move(listen)), log_(log) {}
HealthChecks::~HealthChecks() = default;

void HealthChecks::set(const std::map<std::string, LiveTable::Health>& wanted) {
  std::erase_if(checks_, [&](const auto& check) {  // first, so that a port can go to another Service
    const auto now = wanted.find(check.first);
    return now == wanted.end() || now->second.port != check.second->port();
  });
  for (const auto& [service, health] : wanted) {
    auto& check = checks_[service];
    if (check == nullptr) check = std::make_unique<Check>(*this, service, health.port);
    check->set(health.ready_here);
  }
}

}  // namespace podo::services
