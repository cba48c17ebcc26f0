#include "model/patch/patch.h"

#include <doctest/doctest.h>

#include "model/kube/schema.h"

namespace podo::patch {
namespace {

json::Tree tree(std::string_view text) {
  auto parsed = json::Tree::parse(std::string(text));
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *std::move(parsed);
}

// What the object becomes, or the error.
std::string patched(std::string_view object, std::string_view patch) {
  json::Tree made = tree(object);
  const auto done = json_patch(made, tree(patch).root());
  if (!done) {
    CHECK(made.to_text() == tree(object).to_text());  // nothing is half done
    return done.error().message();
  }
  return made.to_text();
}

std::string merged(std::string_view object, std::string_view patch) {
  json::Tree made = tree(object);
  merge_patch(made.root(), tree(patch).root());
  return made.to_text();
}

const schema::Schema& kinds() {
  static const schema::Schema& known = *new schema::Schema(kube::parse_schema());
  return known;
}

std::string strategic(std::string_view object, std::string_view patch,
                      std::string_view type = "core.v1.Pod") {
  json::Tree made = tree(object);
  const auto done = strategic_patch(made, tree(patch).root(), *kinds().find_type(type));
  if (!done) {
    CHECK(made.to_text() == tree(object).to_text());
    return done.error().message();
  }
  return made.to_text();
}

// Of a pod's spec.
std::string spec(std::string_view object, std::string_view patch) {
  const auto wrap = [](std::string_view inner) { return text("{{\"spec\":{}}}", inner); };
  const std::string made = strategic(wrap(object), wrap(patch));
  if (!made.starts_with("{\"spec\":")) return made;
  return made.substr(8, made.size() - 9);
}

TEST_CASE("JSON patch: the examples of RFC 6902, appendix A") {
  const struct {
    std::string_view object, patch, result;
  } cases[] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])", R"({"foo":"bar","baz":"qux"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
       R"({"foo":["bar","qux","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
       R"({"baz":"boo","foo":"bar"})"},
      {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
       R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
       R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
      {R"({"foo":["all","grass","cows","eat"]})", R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
       R"({"foo":["all","cows","eat","grass"]})"},
      {R"({"baz":"qux","foo":["a",2,"c"]})",
       R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
       R"({"baz":"qux","foo":["a",2,"c"]})"},
      {R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])",
       "testing value /baz failed: test failed"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
       R"({"foo":"bar","child":{"grandchild":{}}})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])",
       "add operation does not apply: doc is missing path: \"/baz/bat\": missing value"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":"10"}])",
       "testing value /~01 failed: test failed"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
       R"({"foo":["bar",["abc","def"]]})"},
  };
  for (const auto& [object, patch, result] : cases) CHECK(patched(object, patch) == result);
}

TEST_CASE("JSON patch: what API servers make of the rest") {
  const struct {
    std::string_view patch, result;
  } cases[] = {
      {R"([{"op":"replace","path":"/new","value":1}])", R"({"a":{"b":[1,2]},"n":null,"new":1})"},
      {R"([{"op":"replace","path":"/a/b/5","value":1}])",
       "replace operation does not apply: doc is missing key: /a/b/5: missing value"},
      {R"([{"op":"replace","path":"/x/y","value":1}])",
       "replace operation does not apply: doc is missing path: /x/y: missing value"},
      {R"([{"op":"remove","path":"/x"}])",
       "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"},
      {R"([{"op":"remove","path":"/a/b/2"}])",
       "error in remove for path: '/a/b/2': Unable to access invalid index: 2: invalid index referenced"},
      {R"([{"op":"remove","path":"/a/b/-1"}])", R"({"a":{"b":[1]},"n":null})"},
      {R"([{"op":"add","path":"/a/b/x","value":1}])",
       "error in add for path: '/a/b/x': value was not a proper array index: 'x': strconv.Atoi: parsing "
       "\"x\": invalid syntax"},
      {R"([{"op":"add","path":"/a/b/3","value":1}])",
       "error in add for path: '/a/b/3': Unable to access invalid index: 3: invalid index referenced"},
      {R"([{"op":"copy","from":"/a/b","path":"/c"}])", R"({"a":{"b":[1,2]},"n":null,"c":[1,2]})"},
      {R"([{"op":"move","from":"/x/y","path":"/c"}])",
       "move operation does not apply: doc is missing from path: /x/y: missing value"},
      {R"([{"op":"move","from":"/q","path":"/c"}])",
       "error in move for path: 'q': Unable to remove nonexistent key: q: missing value"},
      {R"([{"op":"move","path":"/c"}])",
       "move operation failed to decode from: operation, missing from field: missing value"},
      {R"([{"op":"add","value":1}])", "add operation failed to decode path: missing value"},
      {R"([{"op":"test","path":"/n"}])", R"({"a":{"b":[1,2]},"n":null})"},
      {R"([{"op":"test","path":"/absent","value":null}])", R"({"a":{"b":[1,2]},"n":null})"},
      {R"([{"op":"test","path":"/n/x","value":1}])",
       "test operation does not apply: is missing path: /n/x: missing value"},
      {R"([{"op":"mangle","path":"/a"}])", "Unexpected kind: mangle"},
      {R"([{"path":"/a"}])", "Unexpected kind: unknown"},
      {R"([{"op":"add","path":"/m","value":1},{"op":"remove","path":"/nothing"}])",
       "error in remove for path: '/nothing': Unable to remove nonexistent key: nothing: missing value"},
      {R"({"op":"add"})",
       "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"},
      {R"([{"op":"add","path":1}])",
       "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type "
       "string"},
  };
  for (const auto& [patch, result] : cases) CHECK(patched(R"({"a":{"b":[1,2]},"n":null})", patch) == result);
}

TEST_CASE("JSON patch: kinds of errors, and the limits") {
  json::Tree object = tree(R"({"a":"0123456789"})");
  CHECK(json_patch(object, tree("{}").root()).error().kind() == ErrorKind::invalid);
  CHECK(json_patch(object, tree(R"([{"op":"remove","path":"/x"}])").root()).error().kind() ==
        ErrorKind::conflict);
  json::Tree many;
  for (std::size_t i = 0; i <= operations_max; ++i) {
    many.root().append().copy(tree(R"({"op":"test","path":"/a","value":"0123456789"})").root());
  }
  const auto refused = json_patch(object, many.root());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == ErrorKind::exhausted);
  CHECK(refused.error().message() == "The allowed maximum operations in a JSON patch is 10000, got 10001");
  std::string doubling = "[";
  for (int i = 0; i < 20; ++i) {
    doubling += text("{{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b{}\"}},", i);
    doubling += text(
        "{{\"op\":\"add\",\"path\":\"/a\",\"value\":[0,0]}},{{\"op\":\"move\",\"from\":\"/b{}\","
        "\"path\":\"/a/0\"}},{{\"op\":\"copy\",\"from\":\"/a/0\",\"path\":\"/a/1\"}},",
        i);
  }
  doubling.back() = ']';
  CHECK(patched(R"({"a":"0123456789"})", doubling).starts_with("Unable to complete the copy"));
}

TEST_CASE("merge patch: the examples of RFC 7396, appendix A") {
  const struct {
    std::string_view object, patch, result;
  } cases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [object, patch, result] : cases) CHECK(merged(object, patch) == result);
}

TEST_CASE("strategic patch: objects merge, null removes, maps and atomic lists") {
  CHECK(strategic(R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
                  R"({"metadata":{"labels":{"a":null,"c":"3"},"annotations":{"x":null,"y":"z"}}})") ==
        R"({"metadata":{"labels":{"b":"2","c":"3"},"annotations":{"y":"z"}}})");
  CHECK(spec(R"({"containers":[{"name":"a","args":["1","2"]}]})",
             R"({"containers":[{"name":"a","args":["3"]}]})") ==
        R"({"containers":[{"name":"a","args":["3"]}]})");
  CHECK(strategic(R"({"metadata":{"labels":{"a":"1"}}})", R"([1])") ==
        "json: cannot unmarshal array into Go value of type map[string]interface {}");
}

TEST_CASE("strategic patch: lists merge by their key; the patch's items come in its order") {
  const std::string_view pods = R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]})";
  CHECK(spec(pods, R"({"containers":[{"name":"b","image":"3"}]})") ==
        R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"3"}]})");
  CHECK(spec(pods, R"({"containers":[{"name":"c","image":"3"}]})") ==
        R"({"containers":[{"name":"c","image":"3"},{"name":"a","image":"1"},{"name":"b","image":"2"}]})");
  CHECK(spec(pods, R"({"containers":[{"name":"b"},{"name":"a"}]})") ==
        R"({"containers":[{"name":"b","image":"2"},{"name":"a","image":"1"}]})");
  CHECK(spec(pods, R"({"containers":[{"image":"3"}]})") ==
        "map: map[image:3] does not contain declared merge key: name");
  CHECK(spec(pods, R"({"containers":["x"]})").starts_with("list element types are not identical: "));
  CHECK(spec(pods, R"({"containers":[["x"]]})") == "lists of lists are not supported");
}

TEST_CASE("strategic patch: $patch in lists and objects") {
  const std::string_view pods = R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]})";
  CHECK(spec(pods, R"({"containers":[{"$patch":"delete","name":"a"}]})") ==
        R"({"containers":[{"name":"b","image":"2"}]})");
  CHECK(spec(pods, R"({"containers":[{"name":"c"},{"$patch":"replace"}]})") ==
        R"({"containers":[{"name":"c"}]})");
  CHECK(spec(pods, R"({"containers":[{"$patch":"merge","name":"a"}]})") ==
        "merging lists cannot yet be specified in the patch");
  CHECK(spec(pods, R"({"containers":[{"$patch":"explode","name":"a"}]})") ==
        "unknown patch type: explode in map: map[$patch:explode name:a]");
  CHECK(spec(pods, R"({"containers":[{"$patch":"delete"}]})") ==
        "map: map[$patch:delete] does not contain declared merge key: name");
  CHECK(spec(R"({"securityContext":{"runAsUser":1}})",
             R"({"securityContext":{"$patch":"replace","runAsGroup":2}})") ==
        R"({"securityContext":{"runAsGroup":2}})");
  CHECK(spec(R"({"securityContext":{"runAsUser":1}})", R"({"securityContext":{"$patch":"delete"}})") ==
        R"({"securityContext":{}})");
  CHECK(spec(R"({"securityContext":{}})", R"({"securityContext":{"$patch":"what"}})") ==
        "unknown patch type: what in map: map[$patch:what]");
  CHECK(spec(R"({})", R"({"containers":[{"name":"a"},{"$patch":"delete","name":"b"}]})") ==
        R"({"containers":[{"name":"a"}]})");
}

TEST_CASE("strategic patch: $retainKeys empties a union of its other members") {
  const std::string_view volumes = R"({"volumes":[{"name":"v","emptyDir":{}}]})";
  CHECK(spec(volumes,
             R"({"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]})") ==
        R"({"volumes":[{"name":"v","hostPath":{"path":"/x"}}]})");
  CHECK(spec(volumes, R"({"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{"path":"/x"}}]})") ==
        "invalid patch format of retainKeys");
}

TEST_CASE("strategic patch: lists of scalars merge, and lose by $deleteFromPrimitiveList") {
  const std::string_view object = R"({"metadata":{"finalizers":["a","b","c"]}})";
  CHECK(strategic(object, R"({"metadata":{"finalizers":["d","b"]}})") ==
        R"({"metadata":{"finalizers":["d","a","b","c"]}})");
  CHECK(strategic(object, R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a","x"]}})") ==
        R"({"metadata":{"finalizers":["b","c"]}})");
  CHECK(strategic(object,
                  R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b"],
                      "$setElementOrder/finalizers":["c","a"]}})") ==
        R"({"metadata":{"finalizers":["c","a"]}})");
}

TEST_CASE("strategic patch: $setElementOrder, with items that only the server has") {
  const std::string_view pods =
      R"({"containers":[{"name":"a"},{"name":"x"},{"name":"b"},{"name":"y"},{"name":"c"}]})";
  CHECK(spec(pods,
             R"({"$setElementOrder/containers":[{"name":"c"},{"name":"b"},{"name":"a"}],
                 "containers":[{"name":"b","image":"i"}]})") ==
        R"({"containers":[{"name":"x"},{"name":"y"},{"name":"c"},{"name":"b","image":"i"},{"name":"a"}]})");
  CHECK(spec(pods, R"({"$setElementOrder/containers":[{"name":"a"},{"name":"b"},{"name":"n"},{"name":"c"}],
                       "containers":[{"name":"n"}]})") ==
        R"({"containers":[{"name":"a"},{"name":"x"},{"name":"b"},{"name":"n"},{"name":"y"},{"name":"c"}]})");
  CHECK(spec(pods, R"({"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],
                       "containers":[{"name":"b"},{"name":"a"}]})")
            .starts_with("The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match"));
  CHECK(spec(pods, R"({"$setElementOrder/nothings":[1]})") ==
        "unable to find api field in struct PodSpec for the json field \"nothings\"");
  CHECK(spec(pods, R"({"$setElementOrder/containers":1})") ==
        "expected a []interface {}, but received a int64");
}

TEST_CASE("JSON pointers") {
  json::Tree object = tree(R"({"a":{"b":[1,{"c/d":2}]}})");
  CHECK(*find_pointer(object.root(), "") == &object.root());
  CHECK((*find_pointer(object.root(), "/a/b/1/c~1d"))->as_int64() == 2);
  CHECK(*find_pointer(object.root(), "/a/x/y") == nullptr);
  CHECK(*find_pointer(object.root(), "/a/b/7") == nullptr);
  CHECK_FALSE(find_pointer(object.root(), "a"));
}

}  // namespace
}  // namespace podo::patch
