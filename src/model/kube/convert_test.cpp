// Objects of built-in kinds between their forms, compared with what Kubernetes answers.
#include <doctest/doctest.h>

#include "base/core/clock.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::kube {
namespace {

const schema::Struct& type_of(const schema::Schema& schema, std::string_view name) {
  const schema::Struct* type = schema.find_type(name);
  REQUIRE(type);
  return *type;
}

struct Shaped {
  std::string text;  // canonical, or the error
  std::vector<std::string> findings;
  std::vector<std::string> hints;
};

Shaped shaped(std::string_view type_name, std::string text) {
  const schema::Schema schema = parse_schema();
  const schema::Struct& type = type_of(schema, type_name);
  auto tree = json::Tree::parse(std::move(text));
  REQUIRE(tree);
  std::vector<schema::Finding> findings;
  const auto done = schema::shape(tree->root(), type, {&findings});
  Shaped result;
  result.text = done ? schema::canonical(tree->root(), type) : done.error().message();
  for (const auto& found : findings) {
    result.findings.push_back(found.text());
    result.hints.push_back(found.hint);
  }
  return result;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 15];
  }
  return out;
}

}  // namespace

TEST_CASE("a pod gets the order and the spelling of the API server") {
  CHECK_EQ(
      shaped("core.v1.Pod", R"({"spec":{"containers":[{"image":"a","name":"x","resources":{"limits":
      {"memory":"1.5Gi","cpu":0.5}},"ports":[{"containerPort":80,"hostPort":0}]}],"hostNetwork":false,
      "terminationGracePeriodSeconds":0,"nodeSelector":{}},"metadata":{"labels":{"b":"<>","a":""},
      "creationTimestamp":null,"name":"p","deletionTimestamp":"2024-03-01T01:00:00+01:00"},
      "apiVersion":"v1","kind":"Pod"})")
          .text,
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","deletionTimestamp":"2024-03-01T00:00:00Z",)"
      R"("labels":{"a":"","b":"\u003c\u003e"}},"spec":{"containers":[{"name":"x","image":"a",)"
      R"("ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"500m","memory":"1536Mi"}}}],)"
      R"("terminationGracePeriodSeconds":0},"status":{}})");
}

TEST_CASE("what is always written is written as Go's zero values") {
  CHECK_EQ(shaped("core.v1.PodSpec", "{}").text, R"({"containers":null})");
  CHECK_EQ(shaped("core.v1.PodSpec", R"({"containers":[]})").text, R"({"containers":null})");
  CHECK_EQ(shaped("core.v1.Container", R"({"image":null})").text, R"({"name":"","resources":{}})");
  CHECK_EQ(shaped("apps.v1.DeploymentSpec", "{}").text,
           R"({"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}})");
  CHECK_EQ(
      shaped("core.v1.ContainerState", R"({"running":{},"terminated":{"exitCode":0}})").text,
      R"({"running":{"startedAt":null},"terminated":{"exitCode":0,"startedAt":null,"finishedAt":null}})");
}

TEST_CASE("null items of lists and maps are zero values") {
  CHECK_EQ(shaped("core.v1.Container", R"({"name":"x","args":["a",null],"env":[null]})").text,
           R"({"name":"x","args":["a",""],"env":[{"name":""}],"resources":{}})");
  CHECK_EQ(shaped("core.v1.Secret", R"({"data":{"a":null,"b":"YQ=="}})").text,
           R"({"metadata":{},"data":{"a":"","b":"YQ=="}})");
}

TEST_CASE("wrong types are told in the words of encoding/json") {
  CHECK_EQ(shaped("apps.v1.Deployment", R"({"spec":{"replicas":"3"}})").text,
           "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
  CHECK_EQ(
      shaped("core.v1.Pod", R"({"spec":{"containers":[{"name":"a"},{"env":[{"value":1}]}]}})").text,
      "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string");
  CHECK_EQ(shaped("core.v1.Pod", R"({"metadata":{"labels":{"a":1}}})").text,
           "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string");
  CHECK_EQ(shaped("core.v1.Pod", R"({"metadata":{"labels":["a"]}})").text,
           "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type "
           "map[string]string");
  CHECK_EQ(
      shaped("core.v1.Pod", R"({"spec":{"containers":{}}})").text,
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container");
  CHECK_EQ(shaped("core.v1.Pod", R"({"spec":{"containers":["a"]}})").text,
           "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container");
  CHECK_EQ(
      shaped("core.v1.Pod", R"({"spec":{"restartPolicy":true}})").text,
      "json: cannot unmarshal bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy");
  CHECK_EQ(
      shaped("core.v1.Pod", R"({"spec":{"priority":2147483648}})").text,
      "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32");
  CHECK_EQ(shaped("core.v1.Pod", R"({"spec":{"priority":1.0}})").text,
           "json: cannot unmarshal number 1.0 into Go struct field PodSpec.spec.priority of type int32");
  CHECK_EQ(shaped("core.v1.Pod", R"({"kind":1})").text,
           "json: cannot unmarshal number into Go struct field Pod.kind of type string");
  CHECK_EQ(shaped("core.v1.Pod", "[]").text, "json: cannot unmarshal array into Go value of type v1.Pod");
  CHECK_EQ(
      shaped("core.v1.Service", R"({"spec":{"ports":[{"targetPort":{}}]}})").text,
      "json: cannot unmarshal object into Go struct field ServicePort.spec.ports.targetPort of type int32");
  CHECK_EQ(shaped("core.v1.Secret", R"({"data":{"a":"%"}})").text, "illegal base64 data at input byte 0");
  CHECK_EQ(shaped("core.v1.Secret", R"({"data":{"a":"YWJ"}})").text, "illegal base64 data at input byte 3");
  CHECK_EQ(shaped("core.v1.Secret", R"({"data":{"a":"YW\nJj\r\n"}})").text,
           R"({"metadata":{},"data":{"a":"YWJj"}})");
  CHECK_EQ(shaped("core.v1.ResourceRequirements", R"({"limits":{"cpu":"1x"}})").text,
           "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  CHECK_EQ(shaped("core.v1.ResourceRequirements", R"({"limits":{"cpu":{}}})").text,
           "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  CHECK_EQ(shaped("core.v1.Pod", R"({"metadata":{"creationTimestamp":"now"}})").text,
           "parsing time \"now\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"now\" as \"2006\"");
}

TEST_CASE("unknown fields are taken out and told of, with the name that was meant") {
  const Shaped found =
      shaped("core.v1.Pod", R"({"spec":{"containers":[{"name":"a","imagee":"x"}],"Volumes":[]},
      "metadata":{"labels":{"any":"x"},"qqq":{"deeper":1}},"foo":1,"kind":"Pod"})");
  CHECK_EQ(found.text, R"({"kind":"Pod","metadata":{"labels":{"any":"x"}},"spec":{"containers":)"
                       R"([{"name":"a","resources":{}}]},"status":{}})");
  CHECK_EQ(found.findings,
           std::vector<std::string>{"unknown field \"spec.containers[0].imagee\"",
                                    "unknown field \"spec.Volumes\"", "unknown field \"metadata.qqq\"",
                                    "unknown field \"foo\""});
  CHECK_EQ(found.hints, std::vector<std::string>{"image", "volumes", "", ""});
}

TEST_CASE("fields of features that are off are dropped without a word") {
  const Shaped found =
      shaped("core.v1.PodSpec", R"({"schedulingGroup":{"podGroupName":"g"},"containers":[]})");
  CHECK_EQ(found.text, R"({"containers":null})");
  CHECK(found.findings.empty());
}

TEST_CASE("schemas of custom resources have booleans and lists where an object could stand") {
  const std::string text =
      R"({"items":[{"type":"string"},{}],"properties":{"a":{"additionalProperties":false},)"
      R"("b":{"additionalProperties":{"minimum":-0.5}}},"dependencies":{"x":["y","z"]}})";
  CHECK_EQ(shaped("apiextensions.v1.JSONSchemaProps", text).text,
           R"({"items":[{"type":"string"},{}],"properties":{"a":{"additionalProperties":false},)"
           R"("b":{"additionalProperties":{"minimum":-0.5}}},"dependencies":{"x":["y","z"]}})");
  CHECK_EQ(shaped("apiextensions.v1.JSONSchemaProps", R"({"additionalProperties":"x"})").text,
           "boolean or JSON schema expected");
  CHECK_EQ(
      shaped("apiextensions.v1.JSONSchemaProps", R"({"maximum":1e400})").text,
      "json: cannot unmarshal number 1e400 into Go struct field JSONSchemaProps.maximum of type float64");
  CHECK_EQ(
      shaped("apiextensions.v1.JSONSchemaProps", R"({"maximum":1e21,"minimum":0.0000001,"multipleOf":2.50})")
          .text,
      R"({"maximum":1e+21,"minimum":1e-7,"multipleOf":2.5})");
  std::string deep = "{}";
  for (int i = 0; i < 100; ++i) deep = "{\"not\":" + deep + "}";
  CHECK_EQ(shaped("apiextensions.v1.JSONSchemaProps", deep).text, deep);
}

TEST_CASE("constants are filled in wherever their field can be") {
  const schema::Schema schema = parse_schema();
  const auto defaulted = [&](std::string_view type, std::string text) {
    auto tree = json::Tree::parse(std::move(text));
    schema::apply_defaults(tree->root(), type_of(schema, type));
    return schema::canonical(tree->root(), type_of(schema, type));
  };
  CHECK_EQ(defaulted("core.v1.Pod",
                     R"({"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"port":1}}}]}})"),
           R"({"metadata":{},"spec":{"containers":[{"name":"a","resources":{},)"
           R"("livenessProbe":{"httpGet":{"path":"/",)"
           R"("port":1,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,)"
           R"("failureThreshold":3},"terminationMessagePath":"/dev/termination-log",)"
           R"("terminationMessagePolicy":"File"}],)"
           R"("restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",)"
           R"("securityContext":{},"schedulerName":"default-scheduler"},"status":{}})");
  CHECK_EQ(defaulted("core.v1.Namespace", "{}"), R"({"metadata":{},"spec":{},"status":{"phase":"Active"}})");
  CHECK_EQ(defaulted("core.v1.Secret", R"({"type":""})"), R"({"metadata":{},"type":"Opaque"})");
  CHECK_EQ(defaulted("autoscaling.v1.ScaleSpec", "{}"), "{}");
  CHECK_EQ(defaulted("core.v1.FileKeySelector", "{}"),
           R"({"volumeName":"","path":"","key":"","optional":false})");
  CHECK_EQ(defaulted("storage.v1.CSIDriverSpec", R"({"attachRequired":false})"),
           R"({"attachRequired":false,"podInfoOnMount":false,"volumeLifecycleModes":["Persistent"],)"
           R"("storageCapacity":false,"fsGroupPolicy":"ReadWriteOnceWithFSType","requiresRepublish":false,)"
           R"("seLinuxMount":false})");
}

TEST_CASE("protobuf is byte for byte what Go's generated code writes") {
  const schema::Schema schema = parse_schema();
  const auto encoded = [&](std::string_view type, std::string text) {
    auto tree = json::Tree::parse(std::move(text));
    REQUIRE(schema::shape(tree->root(), type_of(schema, type)));
    std::string out;
    schema::append_message(out, tree->root(), type_of(schema, type));
    return hex(out);
  };
  // Eight empty strings, generation 0, an empty time: nothing else of ObjectMeta is always there.
  const std::string meta =
      "0a001200"
      "1a002200"
      "2a003200"
      "3800"
      "4200";
  CHECK_EQ(encoded("meta.v1.ObjectMeta", "{}"), meta);
  CHECK_EQ(encoded("core.v1.ConfigMap", R"({"data":{"b":"2","a":""},"binaryData":{"k":"/w=="}})"),
           "0a10" + meta +
               "12050a01611200"
               "12060a0162120132"
               "1a060a016b1201ff");
  CHECK_EQ(encoded("core.v1.ServicePort", R"({"port":-1,"targetPort":"http"})"),
           "0a001200"
           "18ffffffffffffffffff01"
           "220a080110001a0468747470"
           "2800");
  CHECK_EQ(encoded("core.v1.ServicePort", R"({"name":"x","port":80,"targetPort":8080})"),
           "0a0178"
           "1200"
           "1850"
           "22070800"
           "10903f"
           "1a00"
           "2800");
  CHECK_EQ(encoded("core.v1.ResourceRequirements", R"({"limits":{"cpu":"500m"}})"),
           "0a0d0a0363707512060a04"
           "3530306d");
  CHECK_EQ(encoded("coordination.v1.LeaseSpec",
                   R"({"renewTime":"1970-01-01T00:00:01.000002Z","leaseDurationSeconds":0})"),
           "1000"
           "2205080110d00f");
  CHECK_EQ(encoded("core.v1.ConfigMapKeySelector", R"({"name":"n","key":"k"})"),
           "0a030a016e"
           "12016b");
  CHECK_EQ(encoded("authentication.v1.UserInfo", R"({"extra":{"a":["x","y"]}})"),
           "0a001200"
           "220b0a016112060a01780a0179");
  CHECK_EQ(encoded("apps.v1.ControllerRevision", R"({"data":{"a":1},"revision":3})"),
           "0a10" + meta +
               "12090a077b2261223a317d"
               "1803");
}

TEST_CASE("a protobuf body is read by the kind it names, and refused when it is none") {
  const schema::Schema schema = parse_schema();
  auto tree =
      json::Tree::parse(R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"data":{"k":"AA=="}})");
  const std::string bytes = schema::to_protobuf(tree->root(), type_of(schema, "core.v1.Secret"));
  CHECK_EQ(hex(bytes.substr(0, 18)), "6b3873000a0c0a0276311206536563726574");
  const auto read = schema::from_protobuf(bytes, schema, nullptr);
  REQUIRE(read);
  CHECK_EQ(schema::canonical(read->root(), type_of(schema, "core.v1.Secret")), tree->to_text());
  CHECK_EQ(bytes.substr(bytes.size() - 4), std::string("\x1A\0\x22\0", 4));

  const auto problem = [&](std::string_view body) {
    const auto result = schema::from_protobuf(body, schema, nullptr);
    return result ? "none" : result.error().message();
  };
  CHECK_EQ(problem("{}"), "provided data does not appear to be a protobuf message");
  CHECK_EQ(problem(bytes.substr(0, bytes.size() - 9)), "unexpected EOF");
  CHECK_EQ(problem(schema::in_envelope("", "v1", "Nothing")),
           "no kind \"Nothing\" is registered for version \"v1\"");
  CHECK_EQ(problem(schema::in_envelope("\x0A\x01", "v1", "Pod")), "unexpected EOF");
  json::Tree odd;  // what is no UTF-8 does not get in
  REQUIRE(
      schema::read_message("\x0A\x03"
                           "a\xFFz",
                           type_of(schema, "core.v1.LocalObjectReference"), odd.root()));
  CHECK_EQ(odd.to_text(), "{\"name\":\"a\xEF\xBF\xBDz\"}");
  const auto expected = schema::from_protobuf(schema::in_envelope("", "", ""), schema,
                                              schema.find_type("meta.v1.DeleteOptions"));
  REQUIRE(expected);
  CHECK_EQ(expected->to_text(), "{}");
}

}  // namespace podo::kube
