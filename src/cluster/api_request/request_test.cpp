#include "cluster/api_request/request.h"

#include <doctest/doctest.h>

namespace podo::apiserver {
namespace {

RequestInfo parsed(std::string_view method, std::string_view path, std::string_view query = "") {
  return parse_request(method, path, http::Query::parse(query));
}

}  // namespace

TEST_CASE("a path below /api names namespace, resource, name and subresource") {
  const RequestInfo info = parsed("GET", "/api/v1/namespaces/shop/pods/web/log");
  CHECK(info.is_resource);
  CHECK(info.verb == "get");
  CHECK(info.group.empty());
  CHECK(info.version == "v1");
  CHECK(info.name_space == "shop");
  CHECK(info.plural == "pods");
  CHECK(info.name == "web");
  CHECK(info.subresource == "log");
}

TEST_CASE("a path below /apis has a group") {
  const RequestInfo info = parsed("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale");
  CHECK(info.group == "apps");
  CHECK(info.plural == "deployments");
  CHECK(info.subresource == "scale");
  CHECK(info.verb == "patch");
}

TEST_CASE("a namespace is a resource, and its own namespace") {
  const RequestInfo info = parsed("DELETE", "/api/v1/namespaces/shop");
  CHECK(info.plural == "namespaces");
  CHECK(info.name == "shop");
  CHECK(info.name_space == "shop");
  CHECK(info.verb == "delete");
  CHECK(parsed("PUT", "/api/v1/namespaces/shop/finalize").subresource == "finalize");
  CHECK(parsed("GET", "/api/v1/namespaces/shop/status").plural == "namespaces");
}

TEST_CASE("collections are listed, watched and deleted") {
  CHECK(parsed("GET", "/api/v1/pods").verb == "list");
  CHECK(parsed("GET", "/api/v1/pods", "watch=1").verb == "watch");
  CHECK(parsed("GET", "/api/v1/pods", "watch=false").verb == "list");
  CHECK(parsed("GET", "/api/v1/watch/namespaces/shop/pods/web").verb == "watch");
  CHECK(parsed("GET", "/api/v1/watch/namespaces/shop/pods/web").name == "web");
  CHECK(parsed("DELETE", "/api/v1/namespaces/shop/pods").verb == "deletecollection");
  CHECK(parsed("POST", "/api/v1/namespaces/shop/pods").verb == "create");
}

TEST_CASE("a list of one name is about that name") {
  const RequestInfo info = parsed("GET", "/api/v1/namespaces/shop/pods", "fieldSelector=metadata.name%3Dweb");
  CHECK(info.name == "web");
  CHECK(info.verb == "list");
  CHECK(info.field_selector == "metadata.name=web");
}

TEST_CASE("everything else is a path, with the method as its verb") {
  for (const std::string_view path : {"/", "/api", "/api/v1", "/apis/apps/v1", "/version", "/healthz/ping"}) {
    const RequestInfo info = parsed("GET", path);
    CHECK_FALSE(info.is_resource);
    CHECK(info.verb == "get");
    CHECK(info.path == path);
  }
}

TEST_CASE("an encoded slash is part of a name") {
  CHECK(parsed("GET", "/api/v1/namespaces/a%2Fb/pods/c").name_space == "a/b");
}

TEST_CASE("what stands behind a proxy is kept") {
  CHECK(parsed("GET", "/api/v1/namespaces/a/services/web:http/proxy/x/y").rest == "/x/y");
}

}  // namespace podo::apiserver
