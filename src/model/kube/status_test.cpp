#include "model/kube/status.h"

#include <doctest/doctest.h>

#include "model/kube/schema.h"

namespace podo::kube {
namespace {

struct Kinds {
  schema::Schema schema = parse_schema();
  const schema::Resource& pods = *schema.find_resource("", "v1", "pods");
  const schema::Resource& deployments = *schema.find_resource("apps", "v1", "deployments");
};

}  // namespace

TEST_CASE("a Status names what was not found, and its group") {
  const Kinds kinds;
  CHECK(not_found(kinds.deployments, "web").to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"deployments.apps \"web\" not found","reason":"NotFound",)"
        R"("details":{"name":"web","group":"apps","kind":"deployments"},"code":404})");
  CHECK(not_found(kinds.pods, "web").message == "pods \"web\" not found");
}

TEST_CASE("a Status of success has neither code nor reason, but what is gone") {
  const Kinds kinds;
  CHECK(deleted(kinds.pods, "a", "u-1").to_json() ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success",)"
        R"("details":{"name":"a","kind":"pods","uid":"u-1"}})");
  CHECK(deleted(kinds.pods, "a", "").http_code() == 200);
}

TEST_CASE("causes of an invalid object are its field errors") {
  const Kinds kinds;
  Errors errors;
  errors.required(FieldPath("spec.selector"));
  const Status status = invalid(kinds.deployments, "web", errors);
  CHECK(status.code == 422);
  CHECK(status.message == "Deployment.apps \"web\" is invalid: spec.selector: Required value");
  REQUIRE(status.causes.size() == 1);
  CHECK(status.causes[0].reason == "FieldValueRequired");
  CHECK(status.causes[0].field == "spec.selector");
}

TEST_CASE("forbidden speaks with and without a name") {
  const Kinds kinds;
  CHECK(forbidden(kinds.pods, "a", "no").message == "pods \"a\" is forbidden: no");
  CHECK(forbidden(kinds.deployments, "", "no").message == "deployments.apps is forbidden: no");
}

TEST_CASE("a refusal carries its Status past an Error, and only its own") {
  const Kinds kinds;
  Refusal refuse;
  const Failure failure = refuse(not_found(kinds.pods, "a"));
  CHECK(failure.error().kind() == ErrorKind::not_found);
  const Error other(ErrorKind::unavailable, "the disk failed");
  CHECK(refuse.take(other).code == 503);
  CHECK(refuse.take(failure.error()).name == "a");
}

TEST_CASE("what nobody made a Status of is told by its kind") {
  CHECK(status_of(Error(ErrorKind::internal, "x")).message == "Internal error occurred: x");
  CHECK(status_of(Error(ErrorKind::exhausted, "the disk is full")).code == 507);
  CHECK(status_of(Error(ErrorKind::unavailable, "late", ETIMEDOUT)).code == 504);
}

}  // namespace podo::kube
