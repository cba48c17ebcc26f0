#include "model/openapi/openapi.h"

#include <doctest/doctest.h>

#include "base/format/json_writer.h"
#include "base/format/protobuf.h"

namespace podo::openapi {
namespace {

constexpr std::string_view sources[] = {
    R"(group - version v1 prefix core.v1 openapi io.k8s.api.core.v1 proto k8s.io.api.core.v1
resource pods Pod namespaced verbs(*) short(po) categories(all) stored(v1) hash(xPOwRZ+Yhw8=)
  sub eviction Eviction verbs(create) of(policy/v1)
  sub exec PodExecOptions verbs(create,get)
  sub log Pod verbs(get)
  sub status Pod verbs(get,patch,update)
enum Phase published
  Running
  Failed
enum Open
  One
type Pod root
  # A pod.
  metadata: meta.v1.ObjectMeta = 1
  spec: PodSpec = 2
    # What it is to be.
type PodList root list
  metadata: meta.v1.ListMeta = 1
  items: []Pod = 2 always required
type PodSpec union(phase,count,size)
  containers: []Container = 1 always required map(name) merge(name)
  tags: []string = 2 set
  nodeSelector: map[]string = 3 atomic
  phase: string = 4 enum(Phase)
  open: string = 5 enum(Open)
  count: int32 = 6 always
  maybe: int32 = 7 pointer default(1)
  size: quantity = 8
    # How much.
  port: int-or-string = 9
  next: Container = 10 pointer retain-keys merge
  secret: string = 11 hidden
type Container
  name: string = 1 always
  limits: map[]quantity = 2
  since: time = 3 always
type PodExecOptions root
  stdin: bool = 1
    # Send input.
  command: []string = 2
type PodLogOptions root
  tailLines: int64 = 1 pointer
type Lonely root
  name: string = 1
)",
    R"(group policy version v1 prefix policy.v1 openapi io.k8s.api.policy.v1 proto k8s.io.api.policy.v1
resource budgets Budget cluster verbs(get,list,watch) stored(policy/v1)
type Budget root
  metadata: meta.v1.ObjectMeta = 1
type BudgetList root list
  items: []Budget = 2 always
type Eviction root
  metadata: meta.v1.ObjectMeta = 1
)",
    R"(group policy version v2 prefix policy.v2 openapi io.k8s.api.policy.v2 proto k8s.io.api.policy.v2
resource budgets Budget cluster verbs(get) stored(policy/v1)
type Budget root
  metadata: meta.v1.ObjectMeta = 1
)",
    R"(group apps version v1 prefix apps.v1 openapi io.k8s.api.apps.v1 proto k8s.io.api.apps.v1
resource sets Set namespaced verbs(get) stored(apps/v1)
type Set root
  metadata: meta.v1.ObjectMeta = 1
)",
    R"(group meta.k8s.io version v1 prefix meta.v1 openapi io.k8s.meta.v1 proto k8s.io.meta.v1 types-only
type ObjectMeta
  name: string = 1
type ListMeta
  continue: string = 1
type DeleteOptions root
type Status root
type Patch
type WatchEvent
  object: raw-object = 1 always
type APIResourceList root
type APIVersions root
type APIGroupList root
type APIGroup root
)",
    R"(group - version - prefix version openapi io.k8s.version proto - types-only
type Info no-proto
  major: string always required
)",
};

struct Served {
  schema::Schema schema = *schema::parse(sources);
  json::Document parsed(const std::string& text) const {
    Result<json::Document> document = json::parse(text);
    REQUIRE(document.has_value());
    return std::move(*document);
  }
};

std::string text_of(json::Value value) { return json::Writer().value(value).take(); }

TEST_CASE_FIXTURE(Served, "a resource list names resources and subresources with their own kinds") {
  const std::string list = api_resource_list(*schema.find("", "v1"));
  CHECK(list.starts_with(R"({"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods",)"
                         R"("singularName":"pod","namespaced":true,"kind":"Pod","verbs":["create","delete",)"
                         R"("deletecollection","get","list","patch","update","watch"],"shortNames":["po"],)"
                         R"("categories":["all"],"storageVersionHash":"xPOwRZ+Yhw8="},)"));
  CHECK(list.contains(R"({"name":"pods/eviction","singularName":"","namespaced":true,"group":"policy",)"
                      R"("version":"v1","kind":"Eviction","verbs":["create"]})"));
  CHECK(list.contains(R"({"name":"pods/status","singularName":"","namespaced":true,"kind":"Pod",)"
                      R"("verbs":["get","patch","update"]})"));
  CHECK(list.ends_with("]}\n"));
  CHECK(api_resource_list(*schema.find("apps", "v1"))
            .starts_with(R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"apps/v1",)"));
}

TEST_CASE_FIXTURE(Served, "groups are listed in the servers' order, the newest version preferred") {
  CHECK(api_group_list(schema) ==
        R"({"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":)"
        R"("apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}},)"
        R"({"name":"policy","versions":[{"groupVersion":"policy/v2","version":"v2"},{"groupVersion":)"
        R"("policy/v1","version":"v1"}],"preferredVersion":{"groupVersion":"policy/v2","version":"v2"}}]})"
        "\n");
  CHECK(api_group(schema, "policy")
            .starts_with(R"({"kind":"APIGroup","apiVersion":"v1","name":"policy","versions":[)"));
  CHECK(api_group(schema, "meta.k8s.io").empty());
  CHECK(api_group(schema, "").empty());
}

TEST_CASE_FIXTURE(Served, "aggregated discovery tells the same in one document") {
  const std::string core = aggregated(schema, true);
  CHECK(core.starts_with(
      R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":)"
      R"([{"metadata":{},"versions":[{"version":"v1","resources":[{"resource":"pods","responseKind":)"
      R"({"group":"","version":"","kind":"Pod"},"scope":"Namespaced","singularResource":"pod","verbs":[)"));
  CHECK(core.contains(R"({"subresource":"eviction","responseKind":{"group":"policy","version":"v1",)"
                      R"("kind":"Eviction"},"verbs":["create"]})"));
  CHECK(core.ends_with(R"("freshness":"Current"}]}]})"
                       "\n"));
  const std::string groups = aggregated(schema, false);
  CHECK(groups.contains(R"("items":[{"metadata":{"name":"apps"},)"));
  CHECK_FALSE(groups.contains(R"("resource":"pods")"));
}

TEST_CASE_FIXTURE(Served, "definitions carry types, topology and what patches need") {
  const json::Document document = parsed(v2_json(schema));
  const json::Value all = document.root().find("definitions");
  const json::Value spec = all.find("io.k8s.api.core.v1.PodSpec");
  const json::Value fields = spec.find("properties");
  CHECK(text_of(fields.find("containers")) ==
        R"({"type":"array","items":{"$ref":"#/definitions/io.k8s.api.core.v1.Container"},)"
        R"("x-kubernetes-list-map-keys":["name"],"x-kubernetes-list-type":"map",)"
        R"("x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"})");
  CHECK(text_of(fields.find("nodeSelector")) ==
        R"({"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-map-type":"atomic"})");
  CHECK(text_of(fields.find("phase")) == R"({"type":"string","enum":["Running","Failed"]})");
  CHECK(text_of(fields.find("open")) == R"({"type":"string"})");
  CHECK(text_of(fields.find("count")) == R"({"type":"integer","format":"int32"})");
  CHECK(text_of(fields.find("next").find("x-kubernetes-patch-strategy")) == R"("merge,retainKeys")");
  CHECK_FALSE(fields.find("secret").present());
  CHECK(text_of(spec.find("required")) == R"(["containers"])");
  CHECK(text_of(spec.find("x-kubernetes-unions")) ==
        R"([{"discriminator":"phase","fields-to-discriminateBy":{"count":"Count","size":"Size"}}])");
  CHECK(text_of(all.find("io.k8s.apimachinery.pkg.util.intstr.IntOrString").find("format")) ==
        R"("int-or-string")");
  CHECK(text_of(all.find("io.k8s.api.core.v1.Pod").find("x-kubernetes-group-version-kind")) ==
        R"([{"group":"","kind":"Pod","version":"v1"}])");
  CHECK(all.find("io.k8s.meta.v1.DeleteOptions").find("x-kubernetes-group-version-kind").size() == 4);
  CHECK_FALSE(all.find("io.k8s.api.core.v1.Lonely").present());
}

TEST_CASE_FIXTURE(Served, "OpenAPI v3 tells defaults, and nothing stands beside a reference") {
  const json::Document document = parsed(v3_json(schema, *schema.find("", "v1")));
  const json::Value all = document.root().find("components").find("schemas");
  const json::Value fields = all.find("io.k8s.api.core.v1.PodSpec").find("properties");
  CHECK(text_of(all.find("io.k8s.api.core.v1.Pod").find("properties").find("spec")) ==
        R"({"description":"What it is to be.","allOf":[{"$ref":"#/components/schemas/)"
        R"(io.k8s.api.core.v1.PodSpec"}],"default":{}})");
  CHECK(text_of(fields.find("containers").find("items")) ==
        R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.Container"}],"default":{}})");
  CHECK(text_of(fields.find("tags").find("items")) == R"({"type":"string","default":""})");
  CHECK(text_of(fields.find("count")) == R"({"type":"integer","format":"int32","default":0})");
  CHECK(text_of(fields.find("maybe")) == R"({"type":"integer","format":"int32","default":1})");
  CHECK(text_of(fields.find("port")) ==
        R"({"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString"})");
  CHECK(text_of(fields.find("size")) ==
        R"({"description":"How much.","allOf":[{"$ref":"#/components/schemas/)"
        R"(io.k8s.apimachinery.pkg.api.resource.Quantity"}]})");
  CHECK(text_of(all.find("io.k8s.apimachinery.pkg.api.resource.Quantity").find("oneOf")) ==
        R"([{"type":"string"},{"type":"number"}])");
  const json::Value container = all.find("io.k8s.api.core.v1.Container").find("properties");
  CHECK(text_of(container.find("since")) ==
        R"({"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time"})");
}

TEST_CASE_FIXTURE(Served, "paths have the operations that the verbs allow") {
  const json::Document document = parsed(v3_json(schema, *schema.find("", "v1")));
  const json::Value paths = document.root().find("paths");
  const json::Value pods = paths.find("/api/v1/namespaces/{namespace}/pods");
  CHECK(pods.find("get").find("operationId").string() == "listCoreV1NamespacedPod");
  CHECK(pods.find("delete").find("operationId").string() == "deleteCoreV1CollectionNamespacedPod");
  CHECK(pods.find("delete").find("x-kubernetes-action").string() == "deletecollection");
  CHECK(paths.find("/api/v1/pods").find("get").find("operationId").string() ==
        "listCoreV1PodForAllNamespaces");
  CHECK_FALSE(paths.find("/api/v1/pods").find("post").present());
  const json::Value patch = paths.find("/api/v1/namespaces/{namespace}/pods/{name}").find("patch");
  CHECK(text_of(patch.find("x-kubernetes-group-version-kind")) ==
        R"({"group":"","kind":"Pod","version":"v1"})");
  std::string names;
  for (const json::Value each : patch.find("parameters").items()) {
    names += each.find("name").string();
    names += ' ';
  }
  CHECK(names == "dryRun fieldManager fieldValidation force ");
  const json::Value exec = paths.find("/api/v1/namespaces/{namespace}/pods/{name}/exec");
  CHECK(exec.find("post").find("operationId").string() == "connectCoreV1PostNamespacedPodExec");
  CHECK(text_of(exec.find("get").find("parameters")) ==
        R"([{"name":"stdin","in":"query","description":"Send input.","schema":{"type":"boolean"}},)"
        R"({"name":"command","in":"query","schema":{"type":"string"}}])");
  const json::Value log = paths.find("/api/v1/namespaces/{namespace}/pods/{name}/log").find("get");
  CHECK(log.find("parameters").at(0).find("name").string() == "tailLines");
  CHECK_FALSE(text_of(log.find("responses")).contains("$ref"));
  const json::Value eviction = paths.find("/api/v1/namespaces/{namespace}/pods/{name}/eviction").find("post");
  CHECK(eviction.find("x-kubernetes-group-version-kind").find("group").string() == "policy");
  CHECK(paths.find("/api/v1/").find("get").find("operationId").string() == "getCoreV1APIResources");
}

TEST_CASE_FIXTURE(Served, "the index of OpenAPI v3 leads to each document by its hash") {
  const json::Document index = parsed(v3_index(schema));
  CHECK(index.root().find("paths").size() == 4);
  const std::string hash = hash_of(v3_json(schema, *schema.find("apps", "v1")));
  CHECK(hash.size() == 64);
  CHECK(index.root().find("paths").find("apis/apps/v1").find("serverRelativeURL").string() ==
        "/openapi/v3/apis/apps/v1?hash=" + hash);
}

// The first field of this number inside a message.
std::string_view inside(std::string_view message, std::uint32_t number) {
  protobuf::Reader in(message);
  while (in.next().value_or(false)) {
    if (in.number() == number) return *in.bytes();
  }
  return {};
}

// The value of a name in a map of names.
std::string_view entry(std::string_view message, std::uint32_t number, std::string_view name) {
  protobuf::Reader in(message);
  while (in.next().value_or(false)) {
    if (in.number() != number) continue;
    const std::string_view found = *in.bytes();
    if (inside(found, 1) == name) return inside(found, 2);
  }
  return {};
}

TEST_CASE_FIXTURE(Served, "the protobuf form says what the JSON form says") {
  const std::string bytes = v2_protobuf(v2_json(schema));
  CHECK(inside(bytes, 1) == "2.0");
  const std::string_view definitions = inside(bytes, 9);
  const std::string_view spec = entry(definitions, 1, "io.k8s.api.core.v1.PodSpec");
  CHECK(inside(inside(spec, 22), 1) == "object");
  CHECK(inside(spec, 19) == "containers");
  const std::string_view containers = entry(inside(spec, 25), 1, "containers");
  CHECK(inside(inside(inside(containers, 23), 1), 1) == "#/definitions/io.k8s.api.core.v1.Container");
  CHECK(inside(entry(containers, 31, "x-kubernetes-patch-merge-key"), 2) == R"("name")");
  const std::string_view phase = entry(inside(spec, 25), 1, "phase");
  CHECK(inside(inside(phase, 20), 2) == R"("Running")");
  const std::string_view pod = entry(definitions, 1, "io.k8s.api.core.v1.Pod");
  CHECK(inside(entry(pod, 31, "x-kubernetes-group-version-kind"), 2) ==
        R"([{"group":"","kind":"Pod","version":"v1"}])");
  const std::string_view path = entry(inside(bytes, 8), 2, "/api/v1/namespaces/{namespace}/pods/{name}");
  const std::string_view patch = inside(path, 8);
  CHECK(inside(patch, 5) == "patchCoreV1NamespacedPod");
  protobuf::Reader in(patch);
  std::string names;
  while (in.next().value_or(false)) {
    if (in.number() != 8) continue;
    const std::string_view parameter = inside(*in.bytes(), 1);
    names += inside(inside(inside(parameter, 2), 3), 4);
    names += ' ';
  }
  CHECK(names == " dryRun fieldManager fieldValidation force ");  // the body has none there
}

}  // namespace
}  // namespace podo::openapi
