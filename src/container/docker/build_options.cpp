#include "container/docker/build_options.h"

#include <algorithm>

#include "base/format/base64.h"
#include "container/docker/names.h"

namespace podo::docker {
namespace {

using builder::BuildRequest;
using builder::PullPolicy;

// A query parameter that is JSON. `what`: as Docker's errors call it.
Result<json::Document> json_parameter(const Call& call, std::string_view key, std::string_view what) {
  auto document = json::parse(call.query(key));
  if (!document) return invalid("error reading {}: invalid character: {}", what, document.error().message());
  return document;
}

// In Go's words, which clients know.
Failure wrong_kind(std::string_view what, json::Value found, std::string_view wanted) {
  return invalid("error reading {}: json: cannot unmarshal {} into Go value of type {}", what,
                 found.kind() == json::Kind::boolean ? "bool" : json::name_of(found.kind()), wanted);
}

// {"A": "value", "B": null}
Result<> read_arguments(const Call& call, BuildRequest& request) {
  if (call.query("buildargs").empty()) return {};
  const auto document = TRY(json_parameter(call, "buildargs", "build args"));
  if (document.root().kind() == json::Kind::null) return {};
  if (!document.root().is(json::Kind::object)) return invalid("error reading build args: expected an object");
  for (const auto [name, value] : document.root().members()) {
    auto& argument = request.arguments[std::string(name)];
    if (value.is(json::Kind::string)) argument = std::string(value.string());
    else if (value.kind() != json::Kind::null) return wrong_kind("build args", value, "string");
  }
  return {};
}

Result<> read_labels(const Call& call, BuildRequest& request) {
  if (call.query("labels").empty()) return {};
  const auto document = TRY(json_parameter(call, "labels", "labels"));
  if (document.root().kind() == json::Kind::null) return {};
  if (!document.root().is(json::Kind::object))
    return wrong_kind("labels", document.root(), "map[string]string");
  for (const auto [name, value] : document.root().members()) {
    if (!value.is(json::Kind::string)) return wrong_kind("labels", value, "string");
    request.labels[std::string(name)] = std::string(value.string());
  }
  return {};
}

Result<> read_cache_from(const Call& call, BuildRequest& request) {
  if (call.query("cachefrom").empty()) return {};
  const auto document = TRY(json_parameter(call, "cachefrom", "cache-from"));
  for (const json::Value name : document.root().items()) {
    if (!name.is(json::Kind::string)) return wrong_kind("cache-from", name, "string");
    request.cache_from.emplace_back(name.string());
  }
  return {};
}

// [{"Name": "nofile", "Soft": 1024, "Hard": 2048}]
Result<> read_ulimits(const Call& call, BuildRequest& request) {
  if (call.query("ulimits").empty()) return {};
  const auto document = TRY(json_parameter(call, "ulimits", "ulimit settings"));
  for (std::size_t i = 0; i < document.root().size(); ++i) {
    const json::Field one = json::Field(document)[i];
    request.host.resources.ulimits.push_back({.name = std::string(TRY(one["Name"].string())),
                                              .soft = TRY(one["Soft"].int64_or(0)),
                                              .hard = TRY(one["Hard"].int64_or(0))});
  }
  return {};
}

Result<> read_limits(const Call& call, BuildRequest& request) {
  const auto number = [&](std::string_view key) { return call.number(key); };
  Resources& limits = request.host.resources;
  limits.memory = TRY(number("memory")).value_or(0);
  limits.memory_swap = TRY(number("memswap")).value_or(0);
  limits.cpu_shares = TRY(number("cpushares")).value_or(0);
  limits.cpu_period = TRY(number("cpuperiod")).value_or(0);
  limits.cpu_quota = TRY(number("cpuquota")).value_or(0);
  limits.cpuset_cpus = call.query("cpusetcpus");
  limits.cpuset_mems = call.query("cpusetmems");
  limits.cgroup_parent = call.query("cgroupparent");
  request.host.shm_size = TRY(number("shmsize")).value_or(0);
  if (request.host.shm_size < 0) return invalid("SHM size can not be less than 0");
  TRY(read_ulimits(call, request));
  for (const std::string_view host : call.exchange.query().all("extrahosts"))
    request.host.extra_hosts.emplace_back(host);
  if (const std::string mode = call.query("networkmode"); mode != "default") request.host.network_mode = mode;
  return {};
}

// One name may be given twice; a digest is what a build finds out.
Result<> read_tags(const Call& call, BuildRequest& request) {
  for (const std::string_view tag : call.exchange.query().all("t")) {
    if (tag.empty()) continue;
    const auto reference = TRY(oci::Reference::parse(tag));
    if (!reference.digest.empty()) return invalid("build tag cannot contain a digest");
    std::string complete = reference.to_text();
    if (std::find(request.tags.begin(), request.tags.end(), complete) == request.tags.end())
      request.tags.push_back(std::move(complete));
  }
  return {};
}

Result<> read_dockerfile(const Call& call, BuildRequest& request) {
  const std::string asked = call.query("dockerfile");
  if (asked.empty()) return {};
  int depth = 0;
  for (std::string_view rest = asked; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part == "..") --depth;
    else if (!part.empty() && part != ".") ++depth;
    if (depth < 0) return invalid("Forbidden path outside the build context: {} ()", asked);
  }
  request.dockerfile = asked;
  return {};
}

// Docker's own builder makes images only; BuildKit's outputs are podo build's business.
Result<> check_outputs(const Call& call) {
  if (call.query("outputs").empty()) return {};
  const auto document = TRY(json_parameter(call, "outputs", "outputs"));
  for (std::size_t i = 0; i < document.root().size(); ++i) {
    const auto type = TRY(json::Field(document)[i]["Type"].string_or("image"));
    if (type != "image" && type != "docker" && type != "moby")
      return unsupported("Unsupported: output of type {} of this API (use: podo build --output type={})",
                         type, type);
  }
  return {};
}

Result<> check_what_is_not_done(const Call& call) {
  if (const std::string version = call.query("version"); version == "2") {
    return unsupported(
        "Unsupported: building with BuildKit (version=2). Use Podo's own builder instead: "
        "DOCKER_BUILDKIT=0 docker build ..., or: podo build ...");
  } else if (!version.empty() && version != "1") {
    return invalid("invalid version \"{}\"", version);
  }
  if (!call.exchange.query().all("securityopt").empty())
    return invalid("The daemon on this platform does not support setting security options on build");
  if (const std::string isolation = call.query("isolation"); !isolation.empty() && isolation != "default")
    return invalid("unsupported isolation: \"{}\"", isolation);
  return check_outputs(call);
}

}  // namespace

Result<std::map<std::string, image::Credentials>> decode_registry_config(std::string_view header) {
  std::map<std::string, image::Credentials> all;
  if (header.empty()) return all;
  std::string encoded(header);
  for (char& c : encoded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (encoded.ends_with('=')) encoded.pop_back();
  encoded.append((4 - encoded.size() % 4) % 4, '=');
  const auto wrong = [] { return invalid("invalid X-Registry-Config header"); };  // secret: not quoted
  auto text = base64::decode(encoded);
  if (!text) return wrong();
  const auto document = json::parse(*std::move(text));
  if (!document) return wrong();
  for (const auto [server, value] : document->root().members()) {
    json::Writer one;
    one.value(value);
    const auto credentials = image::decode_registry_auth(base64::encode(one.take()));
    if (!credentials) return wrong();
    all[registry_domain(server)] = *credentials;
  }
  return all;
}

Result<BuildAsk> build_ask_of(const Call& call) {
  TRY(check_what_is_not_done(call));
  BuildAsk ask;
  BuildRequest& request = ask.request;
  ask.id = call.query("buildid");
  ask.quiet = call.flag("q");
  ask.removes = call.flag("forcerm") || call.query("rm").empty() || call.flag("rm");
  ask.events = call.exchange.headers().get("Accept") == events_type;
  request.context.remote = call.query("remote");
  request.target = call.query("target");
  request.no_cache = call.flag("nocache");
  request.pull = call.flag("pull") ? PullPolicy::always : PullPolicy::missing;
  request.squash = call.flag("squash");
  if (const std::string platform = call.query("platform"); !platform.empty())
    request.platforms.push_back(TRY(oci::Platform::parse(platform)));
  TRY(read_dockerfile(call, request));
  TRY(read_tags(call, request));
  TRY(read_arguments(call, request));
  TRY(read_labels(call, request));
  TRY(read_cache_from(call, request));
  TRY(read_limits(call, request));
  request.credentials = TRY(decode_registry_config(call.exchange.headers().get("X-Registry-Config")));
  return ask;
}

}  // namespace podo::docker
