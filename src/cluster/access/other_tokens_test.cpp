#include "cluster/access/other_tokens.h"

#include <doctest/doctest.h>

#include "base/format/base64.h"

namespace podo::access {
namespace {

TEST_CASE("a file of tokens is CSV: token, user, uid, groups") {
  const auto tokens = read_static_tokens("t1,jane,1\r\n\nt2,\"john, \"\"jr\"\"\",2,\"devs, ops\"\n");
  REQUIRE(tokens.has_value());
  REQUIRE(tokens->size() == 2);
  CHECK(find_static(*tokens, "t1")->name == "jane");
  CHECK(find_static(*tokens, "t2")->name == "john, \"jr\"");
  CHECK(find_static(*tokens, "t2")->groups == std::vector<std::string>{"devs", "ops"});
  CHECK(find_static(*tokens, "t3") == nullptr);
  CHECK(find_static(*tokens, "") == nullptr);
}

TEST_CASE("a line that is no token is told by its number, without the token") {
  CHECK(read_static_tokens("a,b,c\nsecret,b\n").error().message() ==
        "line 2: token, user and uid are needed");
  CHECK(read_static_tokens(",b,c\n").error().message() == "line 1: token and user may not be empty");
  CHECK(read_static_tokens("\"a,b,c\n").error().message() == "line 1: a quote without its end");
}

TEST_CASE("a bootstrap token has two words of six and sixteen letters") {
  CHECK(split_bootstrap("abcdef.0123456789abcdef")->id == "abcdef");
  CHECK_FALSE(split_bootstrap("abcdeF.0123456789abcdef").has_value());
  CHECK_FALSE(split_bootstrap("abcdef.0123456789abcde").has_value());
  CHECK_FALSE(split_bootstrap("abcdef").has_value());
}

TEST_CASE("a bootstrap token ends, may be for something else, and gives groups of its kind only") {
  const auto secret = [](std::string_view key, std::string_view value) {
    auto tree = json::Tree::parse(R"({"type":"bootstrap.kubernetes.io/token"})");
    json::Item& data = tree->root().member("data");
    data.member("token-id").set_string(base64::encode("abcdef"));
    data.member("token-secret").set_string(base64::encode("0123456789abcdef"));
    data.member("usage-bootstrap-authentication").set_string(base64::encode("true"));
    data.member(key).set_string(base64::encode(value));
    return *std::move(tree);
  };
  const BootstrapToken token{"abcdef", "0123456789abcdef"};
  const Wall now{1'700'000'000'000'000'000};
  const auto good = [&](std::string_view key, std::string_view value) {
    return bootstrap_user(token, secret(key, value).root(), now).has_value();
  };
  CHECK(good("description", "x"));
  CHECK(good("expiration", "2030-01-01T00:00:00Z"));
  CHECK_FALSE(good("expiration", "2020-01-01T00:00:00Z"));
  CHECK_FALSE(good("expiration", "soon"));
  CHECK_FALSE(good("usage-bootstrap-authentication", "false"));
  CHECK_FALSE(good("token-id", "abcdeg"));
  CHECK_FALSE(good("auth-extra-groups", "system:masters"));
}

}  // namespace
}  // namespace podo::access
