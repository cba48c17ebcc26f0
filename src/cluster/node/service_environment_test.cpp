#include "cluster/node/service_environment.h"

#include <doctest/doctest.h>

namespace podo::node {
namespace {

objects::Object service(std::string_view name_space, std::string_view name, std::string_view spec) {
  const std::string json =
      text(R"({{"kind":"Service","apiVersion":"v1","metadata":{{"name":"{}","namespace":"{}"}},"spec":{}}})",
           name, name_space, spec);
  const auto value = objects::Object::encode(json);
  REQUIRE(value.has_value());
  return objects::Object(store::Entry(text("/core/services/{}/{}", name_space, name), *value, {}));
}

std::string all(const pod::Environment& environment) {
  std::string lines;
  for (const std::string& each : environment.assignments()) lines += each + "\n";
  return lines;
}

const char* const kubernetes = R"({"clusterIP":"10.96.0.1","ports":[{"name":"https","port":443}]})";

TEST_CASE("a Service is told as Docker's links were") {
  const auto tree = json::Tree::parse(R"({"metadata":{"name":"my-db"},"spec":{"clusterIP":"10.0.0.9","ports":[
    {"name":"main-port","port":80},{"port":53,"protocol":"UDP"}]}})");
  REQUIRE(tree.has_value());
  std::string lines;
  for (const auto& [name, value] : variables_of_service(tree->root())) lines += text("{}={}\n", name, value);
  CHECK_EQ(lines,
           "MY_DB_SERVICE_HOST=10.0.0.9\n"
           "MY_DB_SERVICE_PORT=80\n"
           "MY_DB_SERVICE_PORT_MAIN_PORT=80\n"
           "MY_DB_PORT=tcp://10.0.0.9:80\n"
           "MY_DB_PORT_80_TCP=tcp://10.0.0.9:80\n"
           "MY_DB_PORT_80_TCP_PROTO=tcp\n"
           "MY_DB_PORT_80_TCP_PORT=80\n"
           "MY_DB_PORT_80_TCP_ADDR=10.0.0.9\n"
           "MY_DB_PORT_53_UDP=udp://10.0.0.9:53\n"
           "MY_DB_PORT_53_UDP_PROTO=udp\n"
           "MY_DB_PORT_53_UDP_PORT=53\n"
           "MY_DB_PORT_53_UDP_ADDR=10.0.0.9\n");
}

TEST_CASE("a pod is told its namespace's Services, and always the API server") {
  ServiceVariables services;
  services.changed({}, service("default", "kubernetes", kubernetes));
  services.changed({}, service("default", "other", kubernetes));
  const objects::Object web = service("shop", "web", R"({"clusterIP":"fd00::1","ports":[{"port":80}]})");
  services.changed({}, web);
  services.changed({}, service("shop", "headless", R"({"clusterIP":"None","ports":[{"port":80}]})"));
  const std::string of_shop = all(services.of("shop", true));
  CHECK(of_shop.starts_with("KUBERNETES_SERVICE_HOST=10.96.0.1\nKUBERNETES_SERVICE_PORT=443\n"));
  CHECK(of_shop.contains("WEB_PORT=tcp://[fd00::1]:80\n"));
  CHECK_FALSE(of_shop.contains("OTHER_"));
  CHECK_FALSE(of_shop.contains("HEADLESS_"));
  CHECK_FALSE(all(services.of("shop", false)).contains("WEB_"));
  CHECK(all(services.of("default", true)).contains("OTHER_SERVICE_PORT=443\n"));
  services.changed(web, {});
  CHECK_FALSE(all(services.of("shop", true)).contains("WEB_"));
  CHECK(all(services.of("shop", false)).contains("KUBERNETES_SERVICE_PORT_HTTPS=443\n"));
}

}  // namespace
}  // namespace podo::node
