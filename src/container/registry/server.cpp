#include "container/registry/server.h"

#include <sys/stat.h>
#include <unistd.h>

#include "container/registry/server_state.h"

namespace podo::registry {
namespace {

using What = Route::What;

Result<> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", path);
  return {};
}

// What one has to be allowed for a request.
Need need_of(std::string_view method, const Route& route) {
  if (route.what == What::base) return {};
  if (route.what == What::catalog) return {"registry", "catalog", {"*"}};
  const bool reads = method == "GET" || method == "HEAD";
  const bool of_push = route.what == What::uploads || route.what == What::upload;
  if (method == "DELETE" && !of_push) return {"repository", route.repository, {"delete"}};
  if (reads && !of_push) return {"repository", route.repository, {"pull"}};
  return {"repository", route.repository, {"pull", "push"}};
}

Problem unauthorized(const Caller& caller) {
  if (caller.known) return {401, "DENIED", "requested access to the resource is denied"};
  return {401, "UNAUTHORIZED", "authentication required"};
}

Problem problem_of(const Error& error) {
  if (error.kind() == ErrorKind::exhausted) return {507, "UNKNOWN", error.message()};
  if (error.kind() == ErrorKind::not_found) return {404, "UNKNOWN", error.message()};
  return {http::to_status(error.kind()), error.kind() == ErrorKind::denied ? "DENIED" : "UNKNOWN",
          error.message()};
}

}  // namespace

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Task<std::unique_ptr<Server>> Server::open(const ServerGround& ground, ServerOptions options) {
  auto access = co_await Access::open(ground.pool, ground.clock, ground.random, ground.log,
                                      {.users_file = options.users_file,
                                       .realm = options.token.realm,
                                       .service = options.token.service,
                                       .issuer = options.token.issuer,
                                       .certificate_file = options.token.certificate_file});
  auto state = std::make_unique<State>(ground, std::move(options), std::move(access));
  co_await state->open();
  co_return std::unique_ptr<Server>(new Server(std::move(state)));
}

Task<void> Server::handle(http::Exchange& exchange) { return state_->serve(exchange); }
Task<std::uint64_t> Server::collect_garbage() { return state_->collect_garbage(); }

Server::State::State(const ServerGround& the_ground, ServerOptions the_options,
                     std::unique_ptr<Access> the_access)
    : ground(the_ground),
      options(std::move(the_options)),
      access(std::move(the_access)),
      catalog(ground.store, ground.clock, ground.log),
      uploads({ground.pool, ground.store, ground.random, ground.clock, ground.log},
              options.folder + "/uploads"),
      background(ground.loop) {}

Task<void> Server::State::open() {
  co_await make_folder(options.folder);
  co_await make_folder(options.folder + "/uploads");
  co_await catalog.open();
  co_await uploads.open();
  ground.images.add_roots([this](image::Images::InUse& into) { tell_roots(into); });
  if (!options.proxy_of.empty())
    upstream = co_await Upstream::open({ground.loop, ground.client, ground.unverified_client, ground.images,
                                        ground.random, ground.clock, ground.log},
                                       uploads, ground.pool, options.proxy_of, options.proxy_credentials);
  background.spawn(tend(), "registry housekeeping");
}

// The way of a request. Who asks comes first: nobody learns what is here without being allowed to ask. The
// grammar stands before it, because rules speak of repositories.
Task<void> Server::State::serve(http::Exchange& exchange) {
  Answer<Route> route = find_route(exchange.path());
  Caller caller = co_await access->identify(exchange.headers());
  const Need need = route ? need_of(exchange.method(), *route) : Need{};
  if (!caller.may(need)) {
    http::Headers challenge{{"WWW-Authenticate", access->challenge(caller, need)}};
    co_return co_await refuse(exchange, unauthorized(caller), std::move(challenge));
  }
  if (!route) co_return co_await refuse(exchange, std::move(route).error());
  Call call{exchange, *std::move(route), std::move(caller)};
  Result<> done = co_await dispatch(call).result();
  if (done) co_return;
  const bool gone = done.error().kind() == ErrorKind::cancelled || exchange.head_sent();
  if (gone) co_await std::move(done);
  if (done.error().kind() == ErrorKind::internal || done.error().kind() == ErrorKind::exhausted)
    ground.log.warn("registry: {} {}: {}", exchange.method(), exchange.path(), done.error().message());
  co_await refuse(exchange, problem_of(done.error()));
}

Task<void> Server::State::dispatch(Call& call) {
  const std::string_view method = call.method();
  const bool reads = method == "GET" || method == "HEAD";
  switch (call.route.what) {
    case What::base:
      if (!reads) return refuse_method(call, "GET, HEAD");
      return answer(call.exchange, 200, {{"Content-Type", "application/json"}}, "{}");
    case What::catalog: return reads ? list_repositories(call) : refuse_method(call, "GET, HEAD");
    case What::tags: return reads ? list_tags(call) : refuse_method(call, "GET, HEAD");
    case What::referrers: return reads ? list_referrers(call) : refuse_method(call, "GET, HEAD");
    case What::manifest:
      if (reads) return get_manifest(call);
      if (method == "PUT" && takes_pushes()) return put_manifest(call);
      if (method == "DELETE" && options.deletes && !options.read_only) return delete_manifest(call);
      return refuse_method(call, takes_pushes() ? "GET, HEAD, PUT, DELETE" : "GET, HEAD");
    case What::blob:
      if (reads) return get_blob(call);
      if (method == "DELETE" && options.deletes && !options.read_only) return delete_blob(call);
      return refuse_method(call, "GET, HEAD, DELETE");
    case What::uploads:
      return method == "POST" && takes_pushes() ? begin_upload(call) : refuse_method(call, "POST");
    case What::upload: return takes_pushes() ? serve_upload(call) : refuse_method(call, "");
  }
  return refuse_method(call, "");
}

// --- answers -------------------------------------------------------------------------------------------

Task<void> Server::State::answer(http::Exchange& exchange, int status, http::Headers headers,
                                 std::string body) {
  headers.add("Docker-Distribution-Api-Version", "registry/2.0");
  return exchange.respond(status, std::move(headers), std::move(body));
}

Task<void> Server::State::begin(http::Exchange& exchange, int status, http::Headers headers) {
  headers.add("Docker-Distribution-Api-Version", "registry/2.0");
  return exchange.begin(status, std::move(headers));
}

Task<void> Server::State::refuse(http::Exchange& exchange, Problem problem, http::Headers headers) {
  headers.add("Content-Type", "application/json; charset=utf-8");
  return answer(exchange, problem.status, std::move(headers), to_json(problem));
}

Task<void> Server::State::refuse_method(Call& call, std::string allowed) {
  const std::string why = upstream != nullptr ? "this registry is a pull-through cache"
                          : options.read_only ? "this registry is read-only"
                                              : text("{} is switched off or unknown here", call.method());
  return refuse(call.exchange, not_supported(why), {{"Allow", std::move(allowed)}});
}

}  // namespace podo::registry
