#include "cluster/apiserver/bootstrap.h"

#include "base/format/json_writer.h"
#include "base/io/group.h"
#include "cluster/apiserver/write.h"
#include "cluster/service_addresses/service_addresses.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;

std::vector<std::string> fixed_objects() {
  std::vector<std::string> made;
  for (const std::string_view name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    made.push_back(text(R"({{"kind":"Namespace","apiVersion":"v1","metadata":{{"name":"{}"}}}})", name));
  struct Priority {
    std::string_view name, value, about;
  };
  for (const Priority& priority :
       {Priority{"system-node-critical", "2000001000", "Pods that a node cannot do without."},
        Priority{"system-cluster-critical", "2000000000", "Pods that the cluster cannot do without."}})
    made.push_back(text(R"({{"kind":"PriorityClass","apiVersion":"scheduling.k8s.io/v1","metadata":)"
                        R"({{"name":"{}"}},"value":{},"description":"{}"}})",
                        priority.name, priority.value, priority.about));
  return made;
}

std::string service_ranges(const std::vector<IpPrefix>& ranges) {
  std::string list;
  for (const IpPrefix& range : ranges) list += text("{}\"{}\"", list.empty() ? "" : ",", range.to_text());
  return text(
      R"({{"kind":"ServiceCIDR","apiVersion":"networking.k8s.io/v1","metadata":{{"name":"kubernetes",)"
      R"("finalizers":["networking.k8s.io/service-cidr-finalizer"]}},"spec":{{"cidrs":[{}]}}}})",
      list);
}

// What aggregated API servers and others need to know whose clients are genuine.
std::string authentication_facts(const std::string& authority) {
  json::Writer out;
  out.object().key("kind").string("ConfigMap").key("apiVersion").string("v1").key("metadata").object();
  out.key("name").string("extension-apiserver-authentication").key("namespace").string("kube-system").end();
  out.key("data").object().key("client-ca-file").string(authority).end();
  return out.end().take();
}

std::string endpoints(const ApiOptions& options) {
  return text(
      R"({{"kind":"Endpoints","apiVersion":"v1","metadata":{{"name":"kubernetes","namespace":"default",)"
      R"("labels":{{"endpointslice.kubernetes.io/skip-mirror":"true"}}}},"subsets":[{{"addresses":)"
      R"([{{"ip":"{}"}}],"ports":[{{"name":"https","port":{},"protocol":"TCP"}}]}}]}})",
      options.address, options.port);
}

std::string endpoint_slice(const ApiOptions& options) {
  return text(
      R"({{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{{"name":"kubernetes",)"
      R"("namespace":"default","labels":{{"kubernetes.io/service-name":"kubernetes"}}}},"addressType":)"
      R"("{}","endpoints":[{{"addresses":["{}"],"conditions":{{"ready":true}}}}],"ports":[{{"name":)"
      R"("https","port":{},"protocol":"TCP"}}]}})",
      options.address.contains(':') ? "IPv6" : "IPv4", options.address, options.port);
}

std::string kubernetes_service(const ApiOptions& options, const std::string& address) {
  return text(
      R"({{"kind":"Service","apiVersion":"v1","metadata":{{"name":"kubernetes","namespace":"default",)"
      R"("labels":{{"component":"apiserver","provider":"kubernetes"}}}},"spec":{{"clusterIP":"{}",)"
      R"("ports":[{{"name":"https","port":443,"protocol":"TCP","targetPort":{}}}]}}}})",
      address, options.port);
}

// The place that the API server is found at may have changed since the last start.
Task<void> renew_object(Parts& parts, std::string json) {
  const OwnObject own = co_await own_object(parts, std::move(json));
  const auto found = co_await parts.ground.objects.find(own.key);
  if (!found) {
    co_await parts.ground.objects.create(own.key, own.canonical);
    co_return;
  }
  json::Tree there = co_await found->tree();
  const json::Tree wanted = co_await json::Tree::parse(own.canonical);
  for (const std::string_view part : {"subsets", "endpoints", "ports", "addressType"})
    if (const Item* value = wanted.root().find(part)) there.root().member(part).copy(*value);
  co_await parts.ground.objects.update(own.key, found->revision(),
                                       schema::canonical(there.root(), *own.key.resource->type));
}

Task<void> reconcile_role(Parts& parts, std::string json) {
  const OwnObject own = co_await own_object(parts, std::move(json));
  const auto found = co_await parts.ground.objects.find(own.key);
  if (!found) {
    co_await parts.ground.objects.create(own.key, own.canonical);
    co_return;
  }
  const json::Tree there = co_await found->tree();
  const json::Tree wanted = co_await json::Tree::parse(own.canonical);
  const std::optional<json::Tree> better = access::completed(there.root(), wanted.root());
  if (better)
    co_await parts.ground.objects.update(own.key, found->revision(),
                                         schema::canonical(better->root(), *own.key.resource->type));
}

Task<void> ensure_kubernetes_service(Parts& parts) {
  const std::string address = parts.addresses->first_address().to_text();
  const objects::Key key{.resource = &parts.ground.objects.resource("", "services"),
                         .name_space = "default",
                         .name = "kubernetes"};
  if (co_await parts.ground.objects.find(key)) co_return;
  const OwnObject own = co_await own_object(parts, kubernetes_service(parts.options, address));
  json::Tree service = co_await json::Tree::parse(own.canonical);
  kube::Errors errors;
  Reservation reserved = parts.addresses->reserve(service.root(), nullptr, errors, parts.ground.clock.wall());
  if (!errors.empty()) co_await invalid("the Service kubernetes: {}", errors.list().front().text());
  co_await parts.ground.objects.create(key, schema::canonical(service.root(), *key.resource->type),
                                       reserved.alongside());
  reserved.keep();
}

Task<void> learn_services(Parts& parts) {
  const schema::Resource& services = parts.ground.objects.resource("", "services");
  const objects::ListPage page = co_await parts.ground.objects.list(services, "");
  for (const objects::Object& service : page.objects) {
    const json::Tree tree = co_await service.tree();
    parts.addresses->learn(tree.root());
  }
}

}  // namespace

Result<OwnObject> own_object(Parts& parts, std::string json) {
  json::Tree tree = TRY(json::Tree::parse(std::move(json)));
  Item& object = tree.root();
  const std::string kind(kube::text_at(object, "kind")), version(kube::text_at(object, "apiVersion"));
  const schema::Resource* resource = parts.schema.find_kind(version, kind);
  if (resource == nullptr) return internal("no kind {} of {}", kind, version);
  const Wall now = parts.ground.clock.wall();
  TRY(schema::shape(object, *resource->type));
  Item& metadata = object.member("metadata");
  metadata.member("uid").set_string(kube::make_uid(parts.ground.random));
  metadata.member("creationTimestamp").set_string(kube::time_text(now));
  kube::apply_defaults(object, *resource->type, now);
  strategy::prepare_create(object, *resource, now);
  return OwnObject{{.resource = resource,
                    .name_space = std::string(kube::text_at(object, "metadata.namespace")),
                    .name = std::string(kube::text_at(object, "metadata.name"))},
                   schema::canonical(object, *resource->type)};
}

Task<void> ensure_object(Parts& parts, std::string json) {
  const OwnObject own = co_await own_object(parts, std::move(json));
  if (co_await parts.ground.objects.find(own.key)) co_return;
  auto made = co_await parts.ground.objects.create(own.key, own.canonical).result();
  if (!made && made.error().kind() != ErrorKind::already_exists) co_await std::move(made);
}

Task<void> bootstrap(Parts& parts) {
  co_await learn_services(parts);
  io::TaskGroup making(parts.ground.loop);
  for (std::string& object : fixed_objects()) making.spawn(ensure_object(parts, std::move(object)));
  for (std::string& object : default_flow_objects()) making.spawn(ensure_object(parts, std::move(object)));
  for (std::string& object : access::default_rbac_objects())
    making.spawn(reconcile_role(parts, std::move(object)));
  making.spawn(ensure_object(parts, service_ranges(parts.options.service_ranges)));
  making.spawn(ensure_object(parts, authentication_facts(parts.ground.access.authority_pem())));
  making.spawn(renew_object(parts, endpoints(parts.options)));
  making.spawn(renew_object(parts, endpoint_slice(parts.options)));
  making.spawn(ensure_kubernetes_service(parts));
  co_await making.join();
}

}  // namespace podo::apiserver
