#include <doctest/doctest.h>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {
namespace {

RunMount mount(std::string_view value) {
  auto parsed = parse_run_mount(value);
  REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message()));
  return *std::move(parsed);
}

TEST_CASE("every type of mount has its own beginning") {
  const RunMount bind = mount("target=/a");
  CHECK(bind.type == RunMount::Type::bind);
  CHECK(bind.read_only);
  CHECK(bind.target == "/a");
  const RunMount cache =
      mount("type=cache,dst=/a,id=x,sharing=private,from=s,src=b,mode=0751,uid=1001,gid=1002");
  CHECK(cache.type == RunMount::Type::cache);
  CHECK_FALSE(cache.read_only);
  CHECK(cache.target == "/a");
  CHECK(cache.source == "b");
  CHECK(cache.from == "s");
  CHECK(cache.id == "x");
  CHECK(cache.sharing == RunMount::Sharing::exclusive);
  CHECK(cache.mode == 0751);
  CHECK(cache.uid == 1001);
  CHECK(cache.gid == 1002);
  const RunMount tmpfs = mount("destination=/t,TYPE=TmpFS,size=1.5g");
  CHECK(tmpfs.type == RunMount::Type::tmpfs);
  CHECK_FALSE(tmpfs.read_only);
  CHECK(tmpfs.size_bytes == 3ll << 29);
  const RunMount secret = mount("required,type=secret,id=k,env=KEY,mode=400");
  CHECK(secret.type == RunMount::Type::secret);
  CHECK(secret.required);
  CHECK(secret.env == "KEY");
  const RunMount ssh = mount("type=ssh");
  CHECK(ssh.type == RunMount::Type::ssh);
  CHECK_FALSE(ssh.required);
  CHECK_FALSE(ssh.mode);
}

TEST_CASE("read-only or not") {
  CHECK_FALSE(mount("target=/a,rw").read_only);
  CHECK_FALSE(mount("target=/a,readwrite=true").read_only);
  CHECK_FALSE(mount("target=/a,ro=0").read_only);
  CHECK(mount("target=/a,rw=false").read_only);
  CHECK(mount("target=/a,type=cache,readonly").read_only);
  CHECK(mount("target=/a,type=cache,ro=true").read_only);
}

TEST_CASE("sizes") {
  const auto size = [](std::string_view text) {
    return mount("type=tmpfs,target=/a,size=" + std::string(text)).size_bytes;
  };
  CHECK(size("4096") == 4096);
  CHECK(size("128m") == 128 << 20);
  CHECK(size("1KB") == 1024);
  CHECK(size("2GiB") == 2ll << 30);
  CHECK(size("0.5 k") == 512);
}

TEST_CASE("a field with a comma stands in quotes") {
  CHECK(mount("\"target=/a,b\",type=cache").target == "/a,b");
  CHECK(mount("\"target=/a\"\"b\"").target == "/a\"b");
}

TEST_CASE("values are expanded, a comma in them does not part them") {
  const ExpandValue expand = [](std::string_view value) -> Result<std::string> {
    if (value == "$TYPE") return "cache";
    if (value == "$PATH") return "/a,rw";
    return std::string(value);
  };
  const auto parsed = parse_run_mount("type=$TYPE,target=$PATH", expand);
  REQUIRE(parsed);
  CHECK(parsed->type == RunMount::Type::cache);
  CHECK(parsed->target == "/a,rw");
}

struct Case {
  std::string_view value, message;
};

TEST_CASE("what is wrong is told") {
  constexpr Case cases[] = {
      {"type=tmp", "unsupported mount type \"tmp\" (did you mean tmpfs?)"},
      {"type=nfs", "unsupported mount type \"nfs\""},
      {"typ=tmpfs", "unexpected key 'typ' in 'typ=tmpfs' (did you mean type?)"},
      {"target", "invalid field 'target' must be a key=value pair"},
      {"", "invalid field '' must be a key=value pair"},
      {"from=$ttt,type=cache,target=/tmp",
       "'from' doesn't support variable expansion, define alias stage instead"},
      {"target=/a,ro=maybe", "invalid value for ro: maybe"},
      {"type=cache,target=/a,sharing=lock", "unsupported sharing value \"lock\" (did you mean locked?)"},
      {"type=cache,target=/a,mode=9", "invalid value 9 for mode"},
      {"type=cache,target=/a,uid=x", "invalid value x for uid"},
      {"target=/a,uid=1", "uid not allowed for \"bind\" type mounts"},
      {"target=/a,size=1", "unexpected key 'size' for mount type 'bind'"},
      {"target=/a,required", "unexpected key 'required' for mount type 'bind'"},
      {"target=/a,env=X", "unexpected key 'env' for mount type 'bind'"},
      {"type=tmpfs,target=/a,size=1x", "invalid value for size: 1x"},
      {"type=tmpfs,target=/a,size=", "invalid value for size: "},
      {"type=tmpfs,target=/a,size=99999999t", "invalid value for size: 99999999t"},
      {"target=/a,sharing=locked", "invalid cache sharing set for bind mount"},
      {"type=secret", "invalid secret mount. one of source, target required"},
      {"type=secret,id=a,source=b", "both source and id can't be set"},
      {"type=secret,id=a,from=b", "secret mount should not have a from"},
      {"type=secret,id=a,sharing=locked", "secret mount should not define sharing"},
      {"target=/", "invalid mount target \"/\""},
      {"\"target=/a", "failed to parse csv mounts: a quote is open"},
      {"target=\"/a\"", "failed to parse csv mounts: a quote inside of a field"},
      {"\"target=/a\"x", "failed to parse csv mounts: something is behind a quote"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.value);
    const auto parsed = parse_run_mount(each.value);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message() == each.message);
  }
}

}  // namespace
}  // namespace podo::dockerfile
