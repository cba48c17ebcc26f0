#include "model/patch/apply.h"

#include <doctest/doctest.h>

#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::patch {
namespace {

const schema::Schema& kinds() {
  static const schema::Schema& known = *new schema::Schema(kube::parse_schema());
  return known;
}

json::Tree tree(std::string_view text) {
  auto parsed = json::Tree::parse(std::string(text));
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *std::move(parsed);
}

// An object of one kind, and a clock that goes on by a minute with every request.
struct Server {
  const schema::Resource& resource;
  json::Tree live;
  std::int64_t now_s = 1'700'000'000;  // 2023-11-14T22:13:20Z

  explicit Server(std::string_view api_version = "v1", std::string_view kind = "ConfigMap")
      : resource(*kinds().find_kind(api_version, kind)) {}

  Manager by(std::string_view name, std::string_view subresource = "") {
    now_s += 60;
    return {std::string(name), false, std::string(resource.group_version->api_version),
            std::string(subresource), Wall{now_s * 1'000'000'000}};
  }
  json::Tree object(std::string_view text) {
    json::Tree made = tree(text);
    made.root().member("apiVersion").set_string(resource.group_version->api_version);
    made.root().member("kind").set_string(resource.kind);
    return made;
  }
  void store(json::Tree made) {
    const auto shaped = schema::shape(made.root(), *resource.type);
    REQUIRE_MESSAGE(shaped.has_value(), shaped.error().message());
    live = tree(schema::canonical(made.root(), *resource.type));
  }
  // "" or the conflicts.
  std::string apply(std::string_view name, std::string_view config, bool force = false,
                    std::string_view subresource = "") {
    json::Tree made = json::Tree::copy_of(live.root());
    const auto conflicts =
        patch::apply(made, object(config).root(), resource, {by(name, subresource), force});
    if (!conflicts) return conflicts.error().message();
    if (!conflicts->empty()) {
      CHECK(json::same(made.root(), live.root()));
      return text_of(*conflicts);
    }
    store(std::move(made));
    return "";
  }
  void update(std::string_view name, std::string_view text, std::string_view subresource = "",
              History stored = History::kept) {
    json::Tree now = object(text);
    REQUIRE(schema::shape(now.root(), *resource.type));
    const bool is_new = live.root().is(json::Kind::null);
    REQUIRE(track(is_new ? nullptr : &live.root(), now.root(), resource, by(name, subresource), stored));
    store(std::move(now));
  }
  // Without metadata.managedFields.
  std::string text() const {
    json::Tree copy = json::Tree::copy_of(live.root());
    for (const std::string_view name : {"apiVersion", "kind"}) copy.root().remove(name);
    if (json::Item* const metadata = copy.root().find("metadata")) metadata->remove("managedFields");
    return copy.to_text();
  }
  // "NAME Apply [SUBRESOURCE] TIME {...}", by line.
  std::string managers(bool times = false) const {
    std::string out;
    const json::Item* const list = live.root().find("metadata", "managedFields");
    for (const json::Item* i = list != nullptr ? list->first() : nullptr; i != nullptr; i = i->next()) {
      out.append(i->find("manager")->string()).append(" ").append(i->find("operation")->string());
      if (const json::Item* const sub = i->find("subresource")) out.append(" ").append(sub->string());
      if (times) out.append(" ").append(i->find("time")->string().substr(11, 5));
      else json::append_text(out += ' ', *i->find("fieldsV1"));
      out += '\n';
    }
    return out;
  }
};

TEST_CASE("an applier owns what it applies, and what it gives up goes") {
  Server server;
  CHECK(server.apply("me", R"({"metadata":{"name":"x","labels":{"l":"1"}},"data":{"a":"1","b":"2"}})") == "");
  CHECK(server.text() == R"({"metadata":{"name":"x","labels":{"l":"1"}},"data":{"a":"1","b":"2"}})");
  CHECK(server.managers() ==
        "me Apply {\"f:data\":{\"f:a\":{},\"f:b\":{}},\"f:metadata\":{\"f:labels\":"
        "{\"f:l\":{}}}}\n");
  CHECK(server.apply("me", R"({"metadata":{"name":"x"},"data":{"a":"3"}})") == "");
  CHECK(server.text() == R"({"metadata":{"name":"x"},"data":{"a":"3"}})");
  CHECK(server.managers() == "me Apply {\"f:data\":{\"f:a\":{}}}\n");
  CHECK(server.apply("me", R"({"metadata":{"name":"x"}})") == "");
  CHECK(server.text() == R"({"metadata":{"name":"x"}})");
  CHECK(server.managers() == "");
}

TEST_CASE("two appliers: conflicts, shared fields, force") {
  Server server;
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1","b":"1"}})") == "");
  CHECK(server.apply("two", R"({"metadata":{"name":"x"},"data":{"a":"2","c":"2"}})") ==
        "Apply failed with 1 conflict: conflict with \"one\": .data.a");
  CHECK(server.apply("two", R"({"metadata":{"name":"x"},"data":{"a":"2","b":"2"}})") ==
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b");
  CHECK(server.apply("two", R"({"metadata":{"name":"x"},"data":{"a":"1","c":"2"}})") == "");
  CHECK(server.managers() ==
        "one Apply {\"f:data\":{\"f:a\":{},\"f:b\":{}}}\ntwo Apply {\"f:data\":{\"f:a\":{},\"f:c\":{}}}\n");
  // A shared field stays while one of its owners has it.
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"b":"1"}})") == "");
  CHECK(server.text() == R"({"metadata":{"name":"x"},"data":{"a":"1","b":"1","c":"2"}})");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"b":"1","c":"9"}})", true) == "");
  CHECK(server.text() == R"({"metadata":{"name":"x"},"data":{"a":"1","b":"1","c":"9"}})");
  CHECK(server.managers() ==
        "two Apply {\"f:data\":{\"f:a\":{}}}\none Apply {\"f:data\":{\"f:b\":{},\"f:c\":{}}}\n");
}

TEST_CASE("an update takes fields from appliers, who then conflict") {
  Server server;
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1","b":"1"}})") == "");
  server.update("hand", R"({"metadata":{"name":"x"},"data":{"a":"2","c":"3"}})");
  CHECK(server.managers() == "hand Update {\"f:data\":{\"f:a\":{},\"f:c\":{}}}\n");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1"}})") ==
        "Apply failed with 1 conflict: conflict with \"hand\" using v1: .data.a");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"2"}})") == "");
  CHECK(server.managers() ==
        "one Apply {\"f:data\":{\"f:a\":{}}}\nhand Update {\"f:data\":{\"f:a\":{},\"f:c\":{}}}\n");
}

TEST_CASE("times change only with what is owned") {
  Server server;
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1"}})") == "");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1"}})") == "");
  CHECK(server.managers(true) == "one Apply 22:14\n");
  server.update("hand", R"({"metadata":{"name":"x"},"data":{"a":"1"}})");
  CHECK(server.managers(true) == "one Apply 22:14\n");
  server.update("hand", R"({"metadata":{"name":"x"},"data":{"a":"1","b":"2"}})");
  CHECK(server.managers(true) == "one Apply 22:14\nhand Update 22:17\n");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"2"}})") == "");
  CHECK(server.managers(true) == "one Apply 22:18\nhand Update 22:17\n");
}

TEST_CASE("creation is tracked as API servers write it") {
  Server server("apps/v1", "Deployment");
  server.update("kubectl-create", R"({"metadata":{"name":"web","labels":{"app":"web"}},"spec":{
      "replicas":1,"selector":{"matchLabels":{"app":"web"}},"progressDeadlineSeconds":600,
      "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}},
      "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx",
      "ports":[{"containerPort":80,"protocol":"TCP"}]}],"securityContext":{},"restartPolicy":"Always"}}}})");
  CHECK(server.managers() ==
        "kubectl-create Update "
        R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:progressDeadlineSeconds":{},)"
        R"("f:replicas":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},)"
        R"("f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},)"
        R"("f:spec":{"f:containers":{"k:{\"name\":\"nginx\"}":{".":{},"f:image":{},"f:name":{},)"
        R"("f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},)"
        R"("f:protocol":{}}},"f:resources":{}}},"f:restartPolicy":{},"f:securityContext":{}}}}})"
        "\n");
}

TEST_CASE("subresources have entries of their own, and nobody owns what a request cannot change") {
  Server server("apps/v1", "Deployment");
  const std::string spec = R"("spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}}})";
  server.update("me", R"({"metadata":{"name":"x"},)" + spec + R"(,"status":{"replicas":7}})");
  CHECK(server.managers() == "me Update {\"f:spec\":{\"f:replicas\":{},\"f:selector\":{}}}\n");
  server.update(
      "controller",
      R"({"metadata":{"name":"x","labels":{"l":"1"}},)" + spec + R"(,"status":{"observedGeneration":1}})",
      "status");
  CHECK(server.managers() ==
        "me Update {\"f:spec\":{\"f:replicas\":{},\"f:selector\":{}}}\n"
        "controller Update status {\"f:status\":{\"f:observedGeneration\":{}}}\n");
  const schema::Resource& pods = *kinds().find_kind("v1", "Pod");
  CHECK(reset_fields(pods, "").reset.size() == 1);
  CHECK(reset_fields(pods, "status").reset.size() == 3);
  CHECK(reset_fields(pods, "resize").only.size() == 4);
  CHECK(reset_fields(*kinds().find_kind("v1", "ConfigMap"), "").reset.empty());
}

TEST_CASE("items of lists by their keys, with the default of a key that is left out") {
  Server server("v1", "Service");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"spec":{"ports":[{"port":80,"name":"a"}]}})") == "");
  CHECK(server.managers().contains(
      R"("f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}}})"));
  CHECK(server.apply("two",
                     R"({"metadata":{"name":"x"},"spec":{"ports":[{"port":80,"protocol":"UDP","name":"b"},
                                {"port":443,"name":"c"}]}})") == "");
  CHECK(server.live.root().find("spec", "ports")->size() == 3);
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"spec":{"ports":[]}})") == "");
  CHECK(server.live.root().find("spec", "ports")->size() == 2);
  CHECK(
      server.apply("two", R"({"metadata":{"name":"x"},"spec":{"ports":[{"name":"none"}]}})") ==
      "failed to create typed patch object (/x; /v1, Kind=Service): .spec.ports: element 0: associative list "
      "with keys has an element that omits key field \"port\" (and doesn't have default value)");
}

TEST_CASE("lists take the order of the configuration where both have the items") {
  const auto order = [](std::string_view live, std::string_view wanted) {
    Server server;
    const auto config = [](std::string_view names) {
      std::string out = R"({"metadata":{"name":"x","finalizers":[)";
      for (const char name : names) out.append("\"e.x/").append(1, name).append("\",");
      if (out.ends_with(',')) out.pop_back();
      return out + "]}}";
    };
    server.update("live", config(live));
    CHECK(server.apply("me", config(wanted)) == "");
    std::string out;
    const json::Item& list = *server.live.root().find("metadata", "finalizers");
    for (const json::Item* i = list.first(); i != nullptr; i = i->next()) out += i->string().back();
    return out;
  };
  CHECK(order("abc", "b") == "abc");
  CHECK(order("ab", "ac") == "abc");
  CHECK(order("ab", "ca") == "cab");
  CHECK(order("ab", "ba") == "ba");
  CHECK(order("axb", "ba") == "xba");
  CHECK(order("abcde", "ec") == "abdec");
  CHECK(order("", "ba") == "ba");
}

TEST_CASE("atomic lists and structs are owned as a whole") {
  Server server("apps/v1", "Deployment");
  const auto config = [](std::string_view labels, std::string_view args) {
    return text(
        "{{\"metadata\":{{\"name\":\"x\"}},\"spec\":{{\"selector\":{{\"matchLabels\":{}}},\"template\":{{"
        "\"spec\":{{\"containers\":[{{\"name\":\"c\",\"args\":{}}}]}}}}}}}}",
        labels, args);
  };
  CHECK(server.apply("one", config(R"({"a":"1"})", R"(["x"])")) == "");
  CHECK(server.managers().contains(R"("f:selector":{})"));
  CHECK(server.managers().contains(R"("f:args":{})"));
  CHECK(server.apply("two", config(R"({"b":"1"})", R"(["x","y"])")) ==
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.selector\n"
        "- .spec.template.spec.containers[name=\"c\"].args");
  CHECK(server.apply("two", config(R"({"b":"1"})", R"(["y"])"), true) == "");
  CHECK(server.live.root().find("spec", "selector", "matchLabels")->size() == 1);
}

TEST_CASE("an item goes with its applier, fields that others own in it stay") {
  Server server("v1", "Pod");
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"1"},
                                {"name":"b","image":"1","workingDir":"/"}]}})") == "");
  CHECK(server.apply("two", R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"b","tty":true}]}})") ==
        "");
  CHECK(server.apply("one",
                     R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"1"}]}})") == "");
  json::Tree expected =
      tree(R"([{"name":"a","image":"1","resources":{}},{"name":"b","resources":{},"tty":true}])");
  CHECK(json::same(*server.live.root().find("spec", "containers"), expected.root()));
  CHECK(server.apply("two", R"({"metadata":{"name":"x"},"spec":{"containers":[]}})") == "");
  CHECK(server.live.root().find("spec", "containers")->size() == 1);
}

TEST_CASE("quantities that are the same are no change") {
  Server server("v1", "Pod");
  const auto config = [](std::string_view cpu) {
    return text(
        "{{\"metadata\":{{\"name\":\"x\"}},\"spec\":{{\"containers\":[{{\"name\":\"a\",\"resources\":"
        "{{\"limits\":{{\"cpu\":{}}}}}}}]}}}}",
        cpu);
  };
  CHECK(server.apply("one", config("\"500m\"")) == "");
  CHECK(server.apply("two", config("0.5")) == "");
  CHECK(server.apply("two", config("\"0.6\"")) ==
        "Apply failed with 1 conflict: conflict with \"one\": "
        ".spec.containers[name=\"a\"].resources.limits.cpu");
}

TEST_CASE("what does not fit the schema is told in upstream's words") {
  Server server("apps/v1", "Deployment");
  const std::string prefix = "failed to create typed patch object (d/x; apps/v1, Kind=Deployment): ";
  const auto config = [](std::string_view spec) {
    return text("{{\"metadata\":{{\"namespace\":\"d\",\"name\":\"x\"}},\"spec\":{}}}", spec);
  };
  CHECK(server.apply("me", config(R"({"foo":1})")) == prefix + ".spec.foo: field not declared in schema");
  CHECK(server.apply("me", config(R"({"replicas":"1"})")) ==
        prefix + ".spec.replicas: expected numeric (int or float), got string");
  CHECK(server.apply("me", config(R"({"paused":1,"selector":3})")) ==
        prefix +
            "errors:\n  .spec.paused: expected boolean, got int64\n  .spec.selector: expected map, got &{3}");
  CHECK(server.apply("me", config(R"({"template":{"metadata":{"labels":{"a":1}}}})")) ==
        prefix + ".spec.template.metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}");
  CHECK(server.apply("me", config(R"({"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}})")) ==
        prefix + ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]");
  CHECK(server.apply("me", R"({"metadata":{"managedFields":[]}})") == "metadata.managedFields must be nil");
  json::Tree none;
  CHECK(apply(none, tree(R"({"apiVersion":"v1","kind":"Pod"})").root(), server.resource, {server.by("me")})
            .error()
            .message() == "invalid object type: /v1, Kind=Pod");
}

TEST_CASE("an object without managers belongs to before-first-apply") {
  Server server;
  server.store(server.object(R"({"metadata":{"name":"x","uid":"u"},"data":{"a":"1","b":"1"}})"));
  server.update("hand", R"({"metadata":{"name":"x","uid":"u"},"data":{"a":"1","b":"2"}})");
  CHECK(server.managers() == "");
  CHECK(server.apply("me", R"({"metadata":{"name":"x"},"data":{"a":"2"}})") ==
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a");
  CHECK(server.apply("me", R"({"metadata":{"name":"x"},"data":{"a":"2"}})", true) == "");
  CHECK(server.managers() ==
        "me Apply {\"f:data\":{\"f:a\":{}}}\nbefore-first-apply Update {\"f:data\":{\".\":{},\"f:b\":{}}}\n");
}

TEST_CASE("kubectl takes over what it applied by itself, and keeps its annotation right") {
  Server server;
  server.update("kubectl-client-side-apply",
                R"({"metadata":{"name":"x","annotations":{"kubectl.kubernetes.io/last-applied-configuration":
"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"},\"data\":{\"a\":\"1\"}}\n"}},
                "data":{"a":"1","b":"1"}})");
  CHECK(server.apply("kubectl", R"({"metadata":{"name":"x"},"data":{"a":"2","b":"2"}})") ==
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.b");
  CHECK(server.apply("other", R"({"metadata":{"name":"x"},"data":{"a":"2"}})") ==
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.a");
  CHECK(server.apply("kubectl", R"({"metadata":{"name":"x"},"data":{"a":"<2>"}})") == "");
  CHECK(server.live.root()
            .find("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
            ->string() ==
        "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"\\u003c2\\u003e\"},\"kind\":\"ConfigMap\",\"metadata\":{"
        "\"name\":"
        "\"x\"}}\n");
}

TEST_CASE("clients may write managedFields: they count, are forgotten, or are passed over") {
  Server server;
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1"}})") == "");
  const std::string first = server.managers();
  server.update("hand", R"({"metadata":{"name":"x","managedFields":[{"manager":"bad","operation":"Nothing"}]},
                            "data":{"a":"1"}})");
  CHECK(server.managers() == first);
  server.update("hand", R"({"metadata":{"name":"x","managedFields":[{"manager":"set","operation":"Apply",
                            "apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{}}}}]},
                            "data":{"a":"1"}})");
  CHECK(server.managers() == "set Apply {\"f:data\":{\"f:a\":{}}}\n");
  server.update("hand", R"({"metadata":{"name":"x","managedFields":[{}]},"data":{"a":"2"}})", "status");
  CHECK(server.managers() == "hand Update status {\"f:data\":{\"f:a\":{}}}\n");
  server.update("hand", R"({"metadata":{"name":"x","managedFields":[{}]},"data":{"a":"1"}})");
  CHECK(server.managers() == "");
  CHECK(forgets_managers(tree(R"({"metadata":{"managedFields":[]}})").root()));
  CHECK(forgets_managers(tree(R"({"metadata":{"managedFields":[{}]}})").root()));
  CHECK_FALSE(forgets_managers(tree(R"({"metadata":{"managedFields":[{"manager":"x"}]}})").root()));
  CHECK_FALSE(forgets_managers(tree(R"({"metadata":{}})").root()));
  CHECK(server.apply("one", R"({"metadata":{"name":"x"},"data":{"a":"1"}})") == "");
  server.update("hand", R"({"metadata":{"name":"x"},"data":{"a":"1"}})", "", History::forgotten);
  CHECK(server.managers() == "");
}

TEST_CASE("the oldest of more than ten Update managers are merged") {
  Server server;
  std::string data;
  for (char c = 'a'; c < 'a' + 13; ++c) {
    data += text("{}\"{}\":\"1\"", data.empty() ? "" : ",", c);
    server.update(text("m-{}", c), R"({"metadata":{"name":"x"},"data":{)" + data + "}}");
  }
  CHECK(server.managers(true).starts_with("ancient-changes Update 22:17\nm-e Update 22:18\n"));
  CHECK(server.live.root().find("metadata", "managedFields")->size() == 10);
  CHECK(server.managers().starts_with(
      "ancient-changes Update {\"f:data\":{\".\":{},\"f:a\":{},\"f:b\":{},\"f:c\":{},\"f:d\":{}}}\n"));
}

TEST_CASE("times alone are not worth a write") {
  const auto object = [](std::string_view time, std::string_view data) {
    return tree(
        text("{{\"metadata\":{{\"name\":\"x\",\"managedFields\":[{{\"manager\":\"m\",\"time\":\"{}\"}}]}},"
             "\"data\":\"{}\"}}",
             time, data));
  };
  const json::Tree before = object("1", "a");
  json::Tree same = object("2", "a"), other = object("2", "b");
  keep_times(before.root(), same.root());
  CHECK(json::same(before.root(), same.root()));
  keep_times(before.root(), other.root());
  CHECK(json::same(object("2", "b").root(), other.root()));
}

TEST_CASE("sets of a time when a field was granular are owned as a whole") {
  Server server("v1", "Service");
  server.store(
      server.object(R"({"metadata":{"name":"x","managedFields":[{"manager":"old","operation":"Update",
      "apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:selector":{".":{},"f:a":{}}}}}]},
      "spec":{"selector":{"a":"1"}}})"));
  CHECK(server.apply("me", R"({"metadata":{"name":"x"},"spec":{"selector":{"b":"1"}}})") ==
        "Apply failed with 1 conflict: conflict with \"old\" using v1: .spec.selector");
}

}  // namespace
}  // namespace podo::patch
