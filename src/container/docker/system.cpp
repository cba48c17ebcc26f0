// What is asked of the daemon itself.
#include "base/core/version.h"
#include "container/docker/handlers.h"
#include "container/docker/machine.h"
#include "container/docker/names.h"
#include "model/docker/decode_members.h"

namespace podo::docker {
namespace {

struct Login {
  image::Credentials credentials;
  std::string server;
};
void members(Members& of, Login& to) {
  of.may("username", to.credentials.user)
      .may("password", to.credentials.password)
      .may("identitytoken", to.credentials.identity_token)
      .may("registrytoken", to.credentials.registry_token)
      .may("serveraddress", to.server);
}

}  // namespace

Task<void> ping(Call& call) {
  http::Headers headers = call.headers();
  headers.add("Cache-Control", "no-cache, no-store, must-revalidate");
  headers.add("Pragma", "no-cache");
  headers.add("Builder-Version", "1");  // POST /build with a tar; 2 would be BuildKit's sessions
  headers.add("Swarm", "inactive");
  headers.add("Content-Type", "text/plain; charset=utf-8");
  co_await call.exchange.respond(200, std::move(headers), "OK");
}

Task<void> show_version(Call& call) {
  const std::string newest = text("1.{}", newest_version), oldest = text("1.{}", oldest_version);
  const std::string kernel = kernel_version();
  json::Writer out;
  out.object().key("Platform").object().key("Name").string("Podo").end();
  out.key("Components").array();
  out.object().key("Name").string("Engine").key("Version").string(podo::version()).key("Details").object();
  out.key("ApiVersion").string(newest).key("Arch").string(go_architecture()).key("BuildTime").string("");
  out.key("Experimental").string("false").key("GitCommit").string(podo::commit()).key("GoVersion").string("");
  out.key("KernelVersion").string(kernel).key("MinAPIVersion").string(oldest).key("Os").string("linux");
  out.end().end().end();
  out.key("Version").string(podo::version()).key("ApiVersion").string(newest);
  out.key("MinAPIVersion").string(oldest).key("GitCommit").string(podo::commit()).key("GoVersion").string("");
  out.key("Os").string("linux").key("Arch").string(go_architecture()).key("KernelVersion").string(kernel);
  co_await call.answer(200, out.end());
}

Task<void> check_login(Call& call) {
  const json::Document body = co_await call.body();
  Login login;
  co_await read(Field(body), login);
  const std::string token =
      co_await call.ground.registry.log_in(registry_domain(login.server), std::move(login.credentials));
  json::Writer out;
  out.object().key("Status").string("Login Succeeded").key("IdentityToken").string(token).end();
  co_await call.answer(200, out);
}

}  // namespace podo::docker
