#include "base/crypto/secret.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <new>
#include <type_traits>

#include "base/core/text.h"

using podo::crypto::Secret;

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_constructible_v<podo::TextArgument, const Secret&>, "a secret does not print");

TEST_CASE("a secret's bytes are gone from where it lay") {
  for (const std::string_view text : {"short", "one that is too long to lie inside of the string itself"}) {
    alignas(Secret) std::byte place[sizeof(Secret)];
    auto* const first = new (place) Secret(std::string(text));
    CHECK(first->reveal() == text);
    Secret second(std::move(*first));
    CHECK(second.reveal() == text);
    CHECK(first->size() == 0);
    const std::string_view left(reinterpret_cast<const char*>(place), sizeof place);
    CHECK(left.find(text.substr(0, 5)) == std::string_view::npos);
    first->~Secret();
  }
}

TEST_CASE("wiping reaches past the end of a shortened string") {
  std::string bytes(100, 's');
  const char* const place = bytes.data();
  bytes.resize(1);
  podo::crypto::wipe(bytes);
  CHECK(bytes.empty());
  CHECK(bytes.data() == place);
  bytes.resize(100, 'x');
  CHECK(std::ranges::count(bytes, 's') == 0);
}

TEST_CASE("assigning to a secret keeps the new one") {
  Secret secret(std::string("old"));
  secret = Secret(std::string("new"));
  CHECK(secret.reveal() == "new");
  CHECK(secret.bytes().size() == 3);
}
