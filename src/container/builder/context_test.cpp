#include "base/format/gzip.h"
#include "base/format/zstd.h"
#include "container/builder/context_testing.h"
#include "container/builder/context_unpacker.h"

namespace podo::builder {
namespace {

std::string taken(const Context& context, const std::string& pattern) {
  const auto selected = select(context.tree(), {pattern}, {});
  return selected ? entries_of(*selected) : selected.error().message();
}

const std::vector<Member>& sample() {
  static const std::vector<Member> members = {
      {.path = "Dockerfile", .content = "FROM scratch\n"},
      {.path = "app/", .type = tar::Type::directory},
      {.path = "app/main.c", .content = std::string(5000, 'x')},
      {.path = "app/link", .link = "main.c", .type = tar::Type::symlink}};
  return members;
}

}  // namespace

TEST_CASE("a context comes as an archive, however it is compressed") {
  ContextWorld w;
  std::string digest;
  const std::string plain = archive_of(sample());
  for (const std::string& archive : {plain, gzip::Compressor(6).compress(plain), zstd::compress(plain, 3),
                                     std::string("bzip2"), std::string("xz")}) {
    std::string bytes = archive;
    if (archive == "bzip2" || archive == "xz") {
      w.scratch.file("plain", plain);
      w.call({archive, "-kf", w.scratch.path("plain")}, "");
      bytes = w.scratch.read(archive == "xz" ? "plain.xz" : "plain.bz2");
    }
    ArchiveBody body(bytes);
    auto context = w.open({.archive = &body});
    REQUIRE(context);
    CHECK(w.dockerfile(**context) == "FROM scratch\n");
    CHECK(taken(**context, ".") ==
          ".>. Dockerfile>Dockerfile app>app app/link>app/link app/main.c>app/main.c");
    const std::string same = *digest_of((*context)->tree());
    CHECK((digest.empty() || digest == same));
    digest = same;
  }
}

TEST_CASE("digests computed while a context is unpacked are those of its files") {
  ContextWorld w;
  std::vector<Member> members = sample();
  members.push_back({.path = "app/main.c", .content = std::string(5000, 'y')});  // again, of the same size
  members.push_back({.path = "app/attributes", .content = "a", .xattrs = {{"user.note", "n"}}});
  members.push_back({.path = "app/twin", .link = "app/main.c", .type = tar::Type::hard_link});
  members.push_back({.path = "app/empty"});
  ArchiveBody body(archive_of(members));
  auto context = w.open({.archive = &body});
  REQUIRE(context);
  Tree uncached = (*context)->tree();
  CHECK(uncached.digests->size() >= 2);
  uncached.digests = nullptr;
  CHECK(*digest_of((*context)->tree()) == *digest_of(uncached));
}

TEST_CASE("a hostile archive changes nothing outside of its folder") {
  ContextWorld w;
  w.scratch.file("kept", "kept");
  const auto message = [&](std::vector<Member> members) {
    ArchiveBody body(archive_of(members));
    auto context = w.open({.archive = &body});
    return context ? std::string() : context.error().message();
  };
  CHECK(message({{.path = "../kept", .content = "x"}})
            .contains("forbidden path outside the build context: ../kept"));
  CHECK(message({{.path = "a/../../kept", .content = "x"}}).contains("forbidden path outside"));
  CHECK(message({{.path = "l", .link = "../kept", .type = tar::Type::hard_link}}) != "");
  CHECK(message({{.path = "/kept", .content = "x"}}) == "");
  CHECK(message({{.path = "l", .link = "..", .type = tar::Type::symlink},
                 {.path = "l/kept", .content = "x"}}) == "");
  CHECK(message({{.path = "l", .link = w.scratch.path(), .type = tar::Type::symlink},
                 {.path = "l/kept", .content = "x"}}) != "");
  CHECK(message({{.path = "l", .link = "../kept", .type = tar::Type::symlink},
                 {.path = "l", .content = "x"}}) == "");
  CHECK(w.scratch.read("kept") == "kept");
}

TEST_CASE("what is no archive, is cut or too large is refused") {
  ContextWorld w;
  ArchiveBody text("this is no archive, however long it may become" + std::string(600, '.'));
  CHECK(!w.open({.archive = &text}));
  ArchiveBody cut(archive_of(sample()).substr(0, 3000));
  CHECK(!w.open({.archive = &cut}));
  ArchiveBody nothing("");
  auto context = w.open({.archive = &nothing});
  REQUIRE(context);
  CHECK(w.dockerfile(**context) == "Cannot locate specified Dockerfile: Dockerfile");
  ArchiveBody large(archive_of(sample()));
  ContextGround ground = w.ground();
  ground.bytes_max = 4000;
  const auto refused =
      w.run(open_context(ground, w.scratch.path("large"), {.archive = &large}, "Dockerfile", std::nullopt));
  REQUIRE(!refused);
  CHECK(refused.error().kind() == ErrorKind::exhausted);
}

TEST_CASE("a folder of this machine is read in place") {
  ContextWorld w;
  w.scratch.file("in/Dockerfile", "FROM a\n");
  w.scratch.file("in/Other", "FROM b\n");
  w.scratch.file("in/x", "x");
  w.scratch.file("in/.dockerignore", "x\nDockerfile\n.dockerignore\n");
  w.scratch.file("in/Other.dockerignore", "Dockerfile\n");
  auto context = w.open({.folder = w.scratch.path("in")});
  REQUIRE(context);
  CHECK((*context)->tree().path == w.scratch.path("in"));
  CHECK(w.dockerfile(**context) == "FROM a\n");  // also when it is ignored
  CHECK(taken(**context, ".") == ".>. Other>Other Other.dockerignore>Other.dockerignore");
  CHECK(taken(**context, "Dockerfile").contains("not found"));
  auto other = w.open({.folder = w.scratch.path("in")}, "./Other");
  REQUIRE(other);
  CHECK(w.dockerfile(**other) == "FROM b\n");
  CHECK(taken(**other, "x") == "x>x*");
  CHECK(!w.open({.folder = w.scratch.path("nothing")}));
  CHECK(!w.open({.folder = w.scratch.path("in/x")}));
}

TEST_CASE("a Dockerfile is found by its name, in a folder, in the request, in lower case; not outside") {
  ContextWorld w;
  w.scratch.folder("in/sub");
  w.scratch.file("outside", "FROM outside\n");
  w.scratch.file("in/dockerfile", "FROM lower\n");
  w.scratch.file("in/sub/Dockerfile.dev", "FROM dev\n");
  w.scratch.file("in/empty", "");
  w.scratch.link("../outside", "in/link");
  w.scratch.link("sub/Dockerfile.dev", "in/to_dev");
  const auto text = [&](const std::string& name) {
    auto context = w.open({.folder = w.scratch.path("in")}, name);
    REQUIRE(context);
    return w.dockerfile(**context);
  };
  CHECK(text("Dockerfile") == "FROM lower\n");
  CHECK(text("sub/Dockerfile.dev") == "FROM dev\n");
  CHECK(text("to_dev") == "FROM dev\n");
  CHECK(text("none") == "Cannot locate specified Dockerfile: none");
  CHECK(text("sub") == "Cannot locate specified Dockerfile: sub");
  CHECK(text("link") == "Cannot locate specified Dockerfile: link");
  CHECK(text("../outside") == "Cannot locate specified Dockerfile: ../outside");
  CHECK(text("empty") == "the Dockerfile (empty) cannot be empty");
  auto given = w.run(open_context(w.ground(), w.scratch.path("c"), {}, "Dockerfile", "FROM given\n"));
  REQUIRE(given);
  CHECK(w.dockerfile(**given) == "FROM given\n");
  CHECK(taken(**given, ".") == ".>.");
}

TEST_CASE("a remote is an archive, or a Dockerfile alone") {
  ContextWorld w;
  w.scratch.file("www/context.tgz", gzip::Compressor(6).compress(archive_of(sample())));
  w.scratch.file("www/any.txt", "FROM remote\n");
  w.scratch.file("www/binary", std::string("\0\1\2", 3));
  auto archive = w.open({.remote = w.url("/context.tgz")});
  REQUIRE(archive);
  CHECK(w.dockerfile(**archive) == "FROM scratch\n");
  CHECK(taken(**archive, "app/main.c") == "app/main.c>main.c*");
  auto text = w.open({.remote = w.url("/any.txt")}, "ignored.name");
  REQUIRE(text);
  CHECK(w.dockerfile(**text) == "FROM remote\n");
  CHECK(
      w.open({.remote = w.url("/binary")}).error().message().contains("neither a Dockerfile nor an archive"));
  CHECK(w.open({.remote = w.url("/none")}).error().message() ==
        "error downloading remote context " + w.url("/none") + ": failed to GET " + w.url("/none") +
            " with status 404 Not Found: nothing there");
  CHECK(w.open({.remote = "ftp://x/y"}).error().message().contains("neither a URL nor a git repository"));
}

TEST_CASE("a damaged .dockerignore is told as what it is") {
  ContextWorld w;
  w.scratch.file("in/.dockerignore", "a\n!\n");
  const auto context = w.open({.folder = w.scratch.path("in")});
  REQUIRE(!context);
  CHECK(context.error().message().starts_with("error checking context: "));
}

}  // namespace podo::builder
