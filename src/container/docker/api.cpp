#include "container/docker/api.h"

#include <charconv>
#include <span>

#include "container/docker/builds.h"
#include "container/docker/handlers.h"
#include "container/docker/routes.h"

namespace podo::docker {
namespace {

struct Target {
  int version = newest_version;
  std::string path;  // decoded, without the version
};

// path := [ "/v1." minor ] rest
Result<Target> target_of(std::string_view path) {
  Target target;
  target.path = http::percent_decode(path);
  const std::string_view text = target.path;
  if (text.size() < 3 || !text.starts_with("/v") || text[2] < '0' || text[2] > '9') return target;
  const auto slash = std::min(text.find('/', 1), text.size());
  const std::string version(text.substr(2, slash - 2));
  int major = 0, minor = 0;
  const char* const end = version.data() + version.size();
  auto [at, problem] = std::from_chars(version.data(), end, major);
  if (problem == std::errc() && at != end && *at == '.') { std::from_chars(at + 1, end, minor); }
  if (major > 1 || minor > newest_version) {
    return invalid("client version {} is too new. Maximum supported API version is 1.{}", version,
                   newest_version);
  }
  if (major < 1 || minor < oldest_version) {
    return invalid(
        "client version {} is too old. Minimum supported API version is 1.{}, please upgrade your "
        "client to a newer version",
        version, oldest_version);
  }
  target.version = minor;
  target.path = text.substr(slash);
  return target;
}

Task<void> route(Call& call) {
  Target target = co_await target_of(call.exchange.path());
  call.version = target.version;
  const Found found = find_route(call.exchange.method(), target.path);
  if (found.handler == nullptr) co_await not_found("page not found");
  call.name = std::string(found.name);
  co_await found.handler(call);
}

}  // namespace

DockerApi::DockerApi(const ApiGround& ground, ApiOptions options)
    : ground_(ground), options_(std::move(options)), builds_(std::make_unique<Builds>()) {}
DockerApi::~DockerApi() = default;

Task<void> DockerApi::handle(http::Exchange& exchange) {
  Call call{ground_, options_, *builds_, exchange, newest_version};
  const Result<> done = co_await route(call).result();
  if (done) co_return;
  const Error& error = done.error();
  const int status = status_of(error.kind());
  const bool client_left = exchange.head_sent() && error.system_errno() != 0;
  if (status == 500 && error.kind() != ErrorKind::cancelled && !client_left)
    ground_.log.warn("{} {}: {}", exchange.method(), exchange.path(), error.message());
  if (exchange.head_sent()) co_await Failure(error);
  co_await call.answer(status, error_json(message_of(error)));
}

}  // namespace podo::docker
