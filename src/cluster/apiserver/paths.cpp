#include "cluster/apiserver/paths.h"

#include <algorithm>

#include "base/core/version.h"
#include "base/format/json_writer.h"
#include "cluster/apiserver/verbs.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view kubernetes_version = "v1.36.2", minor = "36";

constexpr std::string_view fixed_paths[] = {"/.well-known/openid-configuration",
                                            "/api",
                                            "/api/v1",
                                            "/apis",
                                            "/apis/",
                                            "/healthz",
                                            "/livez",
                                            "/metrics",
                                            "/openapi/v2",
                                            "/openapi/v3",
                                            "/openapi/v3/",
                                            "/openid/v1/jwks",
                                            "/readyz",
                                            "/version"};

Task<void> show_paths(Call& call) {
  std::vector<std::string> paths(std::begin(fixed_paths), std::end(fixed_paths));
  for (const schema::GroupVersion& group : call.ground.schema.group_versions()) {
    if (!group.served || group.group.empty() || group.resources.empty()) continue;
    paths.push_back(text("/apis/{}", group.group));
    paths.push_back(text("/apis/{}", group.api_version));
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  json::Writer out(json::Layout::indented);
  out.object().key("paths").array();
  for (const std::string& path : paths) out.string(path);
  co_await send(call, 200, "application/json", out.end().end().take() + "\n");
}

// What OpenID Connect calls a provider: whoever wants to check our tokens without asking us.
Task<void> show_issuer(Call& call) {
  const ApiOptions& options = call.parts.options;
  json::Writer out;
  out.object().key("issuer").string(call.parts.ground.access.issuer());
  out.key("jwks_uri").string(text("https://{}:{}/openid/v1/jwks", options.address, options.port));
  out.key("response_types_supported").array().string("id_token").end();
  out.key("subject_types_supported").array().string("public").end();
  out.key("id_token_signing_alg_values_supported").array().string("ES256").end().end();
  co_await send(call, 200, "application/json", out.take());
}

Task<void> show_keys(Call& call) {
  co_await send(call, 200, "application/jwk-set+json", call.parts.ground.access.key_set());
}

using Serve = Task<void> (*)(Call& call);
struct Path {
  std::string_view path;
  Serve serve;
};
constexpr Path exact_paths[] = {{"/", show_paths},
                                {"/api", show_api_versions},
                                {"/api/", show_api_versions},
                                {"/apis", show_api_groups},
                                {"/apis/", show_api_groups},
                                {"/version", show_version},
                                {"/version/", show_version},
                                {"/metrics", show_metrics},
                                {"/openapi/v2", show_openapi_v2},
                                {"/.well-known/openid-configuration", show_issuer},
                                {"/openid/v1/jwks", show_keys}};

Task<void> serve_below(Call& call, std::string_view path) {
  const auto rest = [&path](std::string_view prefix, std::string& into) {
    if (path != prefix && !(path.starts_with(prefix) && path[prefix.size()] == '/')) return false;
    into = path.substr(std::min(path.size(), prefix.size() + 1));
    if (into.ends_with('/')) into.pop_back();
    return true;
  };
  std::string below;
  for (const std::string_view endpoint : {"/healthz", "/livez", "/readyz"})
    if (rest(endpoint, below)) co_return co_await show_health(call, endpoint, below);
  if (rest("/openapi/v3", below)) co_return co_await show_openapi_v3(call, below);
  if (rest("/apis", below)) co_return co_await show_api_group(call, below);
  if (rest("/api", below)) co_return co_await show_api_resources(call, below);
  co_await not_a_path(call);
}

}  // namespace

Task<void> not_a_path(Call& call) {
  co_await send(call, 404, "text/plain; charset=utf-8", "404 page not found\n");
}

Task<void> show_version(Call& call) {
  json::Writer out(json::Layout::indented);
  out.object().key("major").string("1").key("minor").string(minor);
  out.key("emulationMajor").string("1").key("emulationMinor").string(minor);
  out.key("minCompatibilityMajor").string("1").key("minCompatibilityMinor").string("35");
  out.key("gitVersion").string(text("{}+podo", kubernetes_version));
  out.key("gitCommit").string(commit()).key("gitTreeState").string("clean");
  out.key("buildDate").string("1970-01-01T00:00:00Z").key("goVersion").string("none");
  out.key("compiler").string("clang").key("platform");
#if defined(__aarch64__)
  out.string("linux/arm64");
#else
  out.string("linux/amd64");
#endif
  co_await send(call, 200, "application/json", out.end().take());
}

Task<void> serve_path(Call& call) {
  if (call.info.verb != "get" && call.info.verb != "head") co_await call.refuse(kube::generic(405));
  const std::string_view path = call.info.path;
  for (const Path& known : exact_paths)
    if (known.path == path) co_return co_await known.serve(call);
  co_await serve_below(call, path);
}

}  // namespace podo::apiserver
