#include "base/format/json_tree.h"

#include <doctest/doctest.h>

#include "base/core/random.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

Tree tree_of(std::string text) {
  auto tree = Tree::parse(std::move(text));
  REQUIRE_MESSAGE(tree, tree.error().message());
  return std::move(*tree);
}

}  // namespace

TEST_CASE("a tree is written as it was read") {
  for (const std::string_view text :
       {"null", "true", "\"x\\n\\u00e9\"", "-0", "1.50", "[]", "{}", "[1,[2,{\"a\":null}],\"\"]",
        R"({"b":{"c":[{},[]]},"a":"\"","n":18446744073709551616})"}) {
    const Tree tree = tree_of(std::string(text));
    CHECK_EQ(tree.to_text(), Writer().value(parse(std::string(text))->root()).take());
  }
}

TEST_CASE("members are found, made, renamed and removed in place") {
  Tree tree = tree_of(R"({"spec":{"replicas":3,"paused":true},"metadata":{}})");
  Item& spec = *tree.root().find("spec");
  CHECK_EQ(spec.find("replicas")->as_int64(), 3);
  CHECK_EQ(tree.root().find("spec", "paused")->boolean(), true);
  CHECK_EQ(tree.root().find("spec", "none", "deeper"), nullptr);
  spec.member("replicas").set_number(4);
  spec.member("selector").member("app").set_string("web");
  CHECK(spec.remove("paused"));
  CHECK_FALSE(spec.remove("paused"));
  spec.rename(*spec.find("replicas"), "count");
  CHECK_EQ(spec.find("replicas"), nullptr);
  tree.root().member("metadata").append().set_null();  // what it was is gone
  CHECK_EQ(tree.to_text(), R"({"spec":{"count":4,"selector":{"app":"web"}},"metadata":[null]})");
  CHECK_EQ(tree.root().size(), 2);
}

TEST_CASE("lists take items at any place and give them up") {
  Tree tree;
  Item& list = tree.root();
  list.append().set_number(1);
  list.insert(0).set_number(0);
  list.insert(9).set_number(3);
  list.insert(2).set_number(2);
  CHECK_EQ(tree.to_text(), "[0,1,2,3]");
  CHECK_EQ(list.at(2)->number(), "2");
  CHECK_EQ(list.at(4), nullptr);
  list.remove(*list.at(3));
  list.remove(*list.at(0));
  list.append().set_boolean(false);
  CHECK_EQ(tree.to_text(), "[1,2,false]");
  list.keep_if([](const Item& item) { return item.is(Kind::boolean); });
  list.append().set_null();
  CHECK_EQ(tree.to_text(), "[false,null]");
}

TEST_CASE("a copy is deep, also of a part of itself") {
  Tree tree = tree_of(R"({"a":{"b":[1,{"c":"x"}]},"d":0})");
  const Tree whole = Tree::copy_of(tree.root());
  tree.root().find("a", "b")->append().copy(tree.root());
  CHECK_EQ(tree.to_text(), R"({"a":{"b":[1,{"c":"x"},{"a":{"b":[1,{"c":"x"},null]},"d":0}]},"d":0})");
  tree.root().copy(*tree.root().find("a", "b")->at(1));
  CHECK_EQ(tree.to_text(), R"({"c":"x"})");
  CHECK_EQ(whole.to_text(), R"({"a":{"b":[1,{"c":"x"}]},"d":0})");
  Item& c = *tree.root().find("c");
  c.set_string(c.string());
  CHECK_EQ(c.string(), "x");
  REQUIRE(c.copy_text(R"({"k":[true]})"));
  CHECK_EQ(tree.to_text(), R"({"c":{"k":[true]}})");
  CHECK_FALSE(c.copy_text("{"));
}

TEST_CASE("sorting members keeps them all findable") {
  Tree tree = tree_of(R"({"b":1,"a":2,"B":3,"":4})");
  tree.root().sort_members();
  CHECK_EQ(tree.to_text(), R"({"":4,"B":3,"a":2,"b":1})");
  tree.root().add("c").set_null();
  CHECK_EQ(tree.to_text(), R"({"":4,"B":3,"a":2,"b":1,"c":null})");
}

TEST_CASE("large objects are looked up by an index that follows every change") {
  Tree tree;
  Item& object = tree.root();
  for (int i = 0; i < 1000; ++i) object.member(text("key{}", i)).set_number(i);
  for (int i = 0; i < 1000; i += 2) CHECK(object.remove(text("key{}", i)));
  object.rename(*object.find("key7"), "seven");
  CHECK_EQ(object.find("key7"), nullptr);
  CHECK_EQ(object.find("key8"), nullptr);
  CHECK_EQ(object.find("seven")->as_int64(), 7);
  CHECK_EQ(object.find("key999")->as_int64(), 999);
  CHECK_EQ(object.size(), 500);
  object.sort_members();
  CHECK_EQ(object.find("key999")->as_int64(), 999);
  object.set_object();
  CHECK_EQ(object.find("key999"), nullptr);
  object.member("key999").set_null();
  CHECK_EQ(tree.to_text(), R"({"key999":null})");
}

TEST_CASE("values are the same in any order of members and spelling of numbers") {
  const auto check = [](std::string a, std::string b) { return same(tree_of(a).root(), tree_of(b).root()); };
  CHECK(check(R"({"a":1,"b":[{"c":null}]})", R"({"b":[{"c":null}],"a":1.0})"));
  CHECK(check("[1e3,0.5,-0]", "[1000,5e-1,0]"));
  CHECK_FALSE(check("[1,2]", "[2,1]"));
  CHECK_FALSE(check(R"({"a":1})", R"({"b":1})"));
  CHECK_FALSE(check(R"({"a":1})", R"({"a":1,"b":1})"));
  CHECK_FALSE(check("9223372036854775807", "9223372036854775808"));
  CHECK_FALSE(check("1", "\"1\""));
  CHECK_FALSE(check("null", "false"));
}

TEST_CASE("a key that comes twice is refused, or told of by its path and the last one counts") {
  const std::string text = R"({"a":{"x":1,"x":{"y":2}},"list":[0,{"k":1,"k":2,"k":3}],"a":3})";
  CHECK_EQ(Tree::parse(text).error().message(),
           R"(line 1, column 13: the key "x" stands twice in one object)");
  std::vector<std::string> duplicates;
  const auto tree = Tree::parse(text, {}, duplicates);
  REQUIRE(tree);
  CHECK_EQ(tree->to_text(), R"({"a":3,"list":[0,{"k":3}]})");
  CHECK_EQ(duplicates, std::vector<std::string>{"a.x", "list[1].k", "list[1].k", "a"});
}

TEST_CASE("thousands of repeated keys are neither slow nor all told") {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += podo::text("\"k{}\":{},", i % 25'000, i);
  text += "\"end\":[]}";
  std::vector<std::string> duplicates;
  const auto tree = Tree::parse(text, {}, duplicates);
  REQUIRE(tree);
  CHECK_EQ(duplicates.size(), 100);
  CHECK_EQ(tree->root().size(), 25'001);
  CHECK_EQ(tree->root().find("k3")->as_int64(), 25'003);
}

TEST_CASE("a tree keeps its items when it is moved, and deep ones are no matter") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "[";
  text += "1";
  for (int i = 0; i < 20'000; ++i) text += "]";
  auto parsed = Tree::parse(text, {.depth_max = 100'000});
  REQUIRE(parsed);
  Item& root = parsed->root();
  Tree moved = std::move(*parsed);
  CHECK_EQ(&moved.root(), &root);
  CHECK_EQ(Tree::copy_of(moved.root()).to_text(), text);
  CHECK(same(root, Tree::copy_of(root).root()));
}

TEST_CASE("random changes keep a tree in step with a plain list of pairs") {
  SeededRandom random(6);
  Tree tree;
  tree.root().set_object();
  std::vector<std::pair<std::string, std::int64_t>> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = text("k{}", random.below(80));
    const auto found = std::find_if(model.begin(), model.end(), [&](auto& m) { return m.first == key; });
    if (random.below(5) < 2) {
      CHECK_EQ(tree.root().remove(key), found != model.end());
      if (found != model.end()) model.erase(found);
      continue;
    }
    tree.root().member(key).set_number(step);
    if (found != model.end()) found->second = step;
    else model.emplace_back(key, step);
  }
  const Item* item = tree.root().first();
  CHECK_EQ(tree.root().size(), model.size());
  for (const auto& [key, value] : model) {
    REQUIRE(item != nullptr);
    CHECK_EQ(item->key(), key);
    CHECK_EQ(item->as_int64(), value);
    item = item->next();
  }
}

}  // namespace podo::json
