// A small cluster for tests of its names, and questions to it as words.
#pragma once

#include <doctest/doctest.h>

#include "base/dns/dns_testing.h"
#include "traffic/dns/cluster_names.h"

namespace podo::cluster_dns {

inline void set_service(ClusterNames& names, const ServiceName& name, const std::string& spec) {
  const auto document = json::parse(text(R"({{"spec":{}}})", spec));
  REQUIRE(document.has_value());
  names.set_service(name, document->root());
}

inline std::string slice_json(std::string_view service, const std::string& rest) {
  return text(R"({{"metadata":{{"labels":{{"kubernetes.io/service-name":"{}"}}}},{}}})", service, rest);
}
inline void set_slice(ClusterNames& names, std::string_view name_space, std::string_view slice,
                      std::string_view service, const std::string& rest) {
  const auto document = json::parse(slice_json(service, rest));
  REQUIRE(document.has_value());
  names.set_slice(name_space, slice, document->root());
}

// default: web (both families, two ports), db (headless, a StatefulSet's), late (headless, publishes those
// that are not ready), empty (headless, nobody), out (ExternalName), again (ExternalName of web), round (of
// itself). prod: api. default, prod and kube-system are namespaces.
inline void fill(ClusterNames& names) {
  for (const char* name : {"default", "prod", "kube-system"}) names.add_namespace(name);
  set_service(names, {"default", "web"},
              R"({"clusterIP":"10.96.0.7","clusterIPs":["10.96.0.7","fd00:96::7"],"ports":[
                 {"name":"http","port":80,"targetPort":8080},{"name":"dns","port":53,"protocol":"UDP"}]})");
  set_service(names, {"default", "db"},
              R"({"clusterIP":"None","clusterIPs":["None"],"ports":[{"name":"sql","port":5432}]})");
  set_service(names, {"default", "late"}, R"({"clusterIP":"None","publishNotReadyAddresses":true})");
  set_service(names, {"default", "empty"}, R"({"clusterIP":"None","ports":[{"name":"sql","port":5432}]})");
  set_service(names, {"default", "out"}, R"({"type":"ExternalName","externalName":"web.example."})");
  set_service(names, {"default", "again"},
              R"({"type":"ExternalName","externalName":"web.default.svc.cluster.local"})");
  set_service(names, {"default", "round"},
              R"({"type":"ExternalName","externalName":"round.default.svc.cluster.local"})");
  set_service(names, {"prod", "api"}, R"({"clusterIP":"10.96.0.8","ports":[{"port":443}]})");
  constexpr const char* ports = R"("ports":[{"name":"sql","port":5432,"protocol":"TCP"}],)";
  set_slice(names, "default", "db-4", "db",
            text(R"({}"endpoints":[
    {{"addresses":["10.244.0.5"],"hostname":"db-0","conditions":{{"ready":true}}}},
    {{"addresses":["10.244.0.6"],"hostname":"db-1"}},
    {{"addresses":["10.244.0.7"],"hostname":"db-2","conditions":{{"ready":false}}}},
    {{"addresses":["10.244.0.9"]}}])",
                 ports));
  set_slice(names, "default", "db-6", "db",
            text(R"({}"endpoints":[
    {{"addresses":["fd00:244::5"],"hostname":"db-0"}},{{"addresses":["fd00:244::9"]}}])",
                 ports));
  set_slice(names, "default", "late-4", "late", R"("endpoints":[
    {"addresses":["10.244.0.20"],"hostname":"late-0","conditions":{"ready":false}}])");
  set_slice(names, "default", "web-4", "web", R"("ports":[{"name":"http","port":8080}],
    "endpoints":[{"addresses":["10.244.0.30"]}])");
}

}  // namespace podo::cluster_dns
