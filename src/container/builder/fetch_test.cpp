#include "container/builder/context_testing.h"
#include "container/builder/download.h"
#include "container/builder/git_url.h"

namespace podo::builder {
namespace {

std::string parts(std::string_view text, GitShorthand shorthand = GitShorthand::no) {
  const auto url = parse_git_url(text, shorthand);
  if (!url) return "none";
  if (!*url) return "wrong";
  return podo::text("{} {} {}", (*url)->repository, (*url)->ref, (*url)->folder);
}

// A repository "www/repo.git" that is served as plain files: two commits, a branch, a tag, a submodule.
struct Repository : ContextWorld {
  Repository() {
    git({"init", "-q", "-b", "main", scratch.path("work")}, "");
    scratch.folder("work/sub");
    scratch.file("work/Dockerfile", "FROM first\n");
    scratch.file("work/sub/x", "x");
    scratch.file("work/run", "#!/bin/sh\n", 0755);
    commit("one");
    git({"tag", "v1"}, "work");
    git({"checkout", "-q", "-b", "other"}, "work");
    scratch.file("work/Dockerfile", "FROM other\n");
    commit("two");
    git({"checkout", "-q", "main"}, "work");
    git({"clone", "-q", "--bare", scratch.path("work"), scratch.path("www/repo.git")}, "");
    publish("www/repo.git");
  }
  void git(std::vector<std::string> arguments, const std::string& folder) {
    std::vector<std::string> command = {
        "git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    call(std::move(command), folder);
  }
  void commit(const char* message) {
    git({"add", "-A"}, "work");
    git({"commit", "-q", "-m", message}, "work");
  }
  void publish(const std::string& folder) { git({"update-server-info"}, folder); }
  std::string repository(std::string_view fragment = "") const {
    return url("/repo.git") + std::string(fragment);
  }
};

bool has_git() { return ::access("/usr/bin/git", X_OK) == 0; }

}  // namespace

TEST_CASE("git URLs in their forms") {
  CHECK(parts("https://host/a/repo.git") == "https://host/a/repo.git  ");
  CHECK(parts("https://host/repo.git#main:sub/folder") == "https://host/repo.git main sub/folder");
  CHECK(parts("https://host/repo.git#:sub") == "https://host/repo.git  sub");
  CHECK(parts("https://host/repo.git#v1") == "https://host/repo.git v1 ");
  CHECK(parts("https://host/repo.git#v1:../../up") == "https://host/repo.git v1 up");
  CHECK(parts("git@github.com:user/repo.git#x") == "git@github.com:user/repo.git x ");
  CHECK(parts("git://host/repo") == "git://host/repo  ");
  CHECK(parts("ssh://git@host:22/repo.git") == "ssh://git@host:22/repo.git  ");
  CHECK(parts("github.com/user/repo") == "none");
  CHECK(parts("github.com/user/repo#v2", GitShorthand::github) == "https://github.com/user/repo v2 ");
  for (const char* none :
       {"https://host/file.tar", "./local.git", "a/b@c:d", "@host:x", "file:///repo.git", "", "a@b"})
    CHECK(parts(none, GitShorthand::github) == "none");
  for (const char* wrong :
       {"https://host/repo.git#-upload", "git@host:ext::sh -c x.git", "https://h/a b.git"})
    CHECK(parts(wrong) == "wrong");
  CHECK(parse_git_url("git://h/r#0123456789012345678901234567890123456789", GitShorthand::no)
            ->value()
            .is_commit());
}

TEST_CASE("downloads are named by their path, else by what the server says") {
  CHECK(name_of_download("/a/b.tar.gz?x=/y", "") == "b.tar.gz");
  CHECK(name_of_download("/a/", "attachment; filename=\"c.txt\"") == "c.txt");
  CHECK(name_of_download("/a/", "attachment; filename=../../c.txt; x=1") == "c.txt");
  CHECK(name_of_download("/%2e%2e", "") == "download");
  CHECK(name_of_download("/a%2Fb", "") == "b");
  CHECK(name_of_download("/", "attachment; filename=\"..\"") == "download");
  CHECK(name_of_download("/", "") == "download");
}

TEST_CASE("dates and credentials of a URL are read") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  for (const char* wrong : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
                            "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT"})
    CHECK(!parse_http_date(wrong));
  const Credentialed with = split_credentials("https://us%40er:pass@host:1/p@th");
  CHECK(with.url == "https://host:1/p@th");
  CHECK(with.authorization == "Basic dXNAZXI6cGFzcw==");
  CHECK(split_credentials("https://host/a@b").authorization.empty());
}

TEST_CASE("a URL is fetched once, checked, and keeps its name and time") {
  ContextWorld w;
  w.scratch.file("www/file.txt", "hello");
  const std::string hello = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  const auto got = w.run(fetch_url(w.ground(), w.scratch.path("got"), w.url("/file.txt"), hello));
  REQUIRE(got);
  CHECK(got->name == "file.txt");
  CHECK(got->digest == hello);
  CHECK(got->modified == 784111777);
  CHECK(w.scratch.read("got/file.txt") == "hello");
  const auto wrong = w.run(
      fetch_url(w.ground(), w.scratch.path("wrong"), w.url("/file.txt"), "sha256:" + std::string(64, '0')));
  REQUIRE(!wrong);
  CHECK(wrong.error().message().starts_with("digest mismatch for "));
  const auto missing = w.run(fetch_url(w.ground(), w.scratch.path("missing"), w.url("/none"), ""));
  REQUIRE(!missing);
  CHECK(missing.error().kind() == ErrorKind::not_found);
}

TEST_CASE("redirects are followed, within limits; credentials are shown to their host") {
  ContextWorld w;
  w.scratch.file("www/file.txt", "hello");
  w.scratch.file("www/private", "secret");
  const auto got = w.run(fetch_url(w.ground(), w.scratch.path("a"), w.url("/redirect"), ""));
  REQUIRE(got);
  CHECK(got->name == "redirect");
  CHECK(w.scratch.read("a/redirect") == "hello");
  CHECK(w.run(fetch_url(w.ground(), w.scratch.path("b"), w.url("/loop"), ""))
            .error()
            .message()
            .contains("more than 10 redirects"));
  CHECK(!w.run(fetch_url(w.ground(), w.scratch.path("c"), w.url("/away"), "")));
  CHECK(!w.run(fetch_url(w.ground(), w.scratch.path("d"), w.url("/private"), "")));
  std::string with = w.url("/private");
  with.insert(std::string("http://").size(), "user:pass@");
  CHECK(w.run(fetch_url(w.ground(), w.scratch.path("e"), with, "")));
  CHECK(w.scratch.read("e/private") == "secret");
}

TEST_CASE("a git repository is checked out at a branch, a tag, a commit, a folder") {
  if (!has_git()) return;
  Repository w;
  const auto dockerfile = [&](std::string_view fragment) {
    const auto context = w.open({.remote = w.repository(fragment)});
    return context ? w.dockerfile(**context) : context.error().message();
  };
  CHECK(dockerfile("") == "FROM first\n");
  CHECK(dockerfile("#other") == "FROM other\n");
  CHECK(dockerfile("#v1") == "FROM first\n");
  CHECK(dockerfile("#refs/heads/other") == "FROM other\n");
  CHECK(dockerfile("#none").contains("none"));
  CHECK(dockerfile("#:nowhere") == "error setting git context, \"nowhere\" not within git root");
  CHECK(dockerfile("#:run").contains("not a directory"));
  const auto got = w.run(fetch_git(w.ground(), w.scratch.path("a"), w.repository("#v1:sub"), false, ""));
  REQUIRE(got);
  CHECK(w.scratch.read("a/sub/x") == "x");
  CHECK(got->folder == w.scratch.path("a/sub"));
  CHECK(got->digest.size() == 40);
  CHECK(dockerfile("#" + got->digest) == "FROM first\n");
  CHECK(dockerfile("#" + got->digest.substr(0, 10)) == "FROM first\n");
}

TEST_CASE("a checkout holds git's own files only on request, and its commit is checked") {
  if (!has_git()) return;
  Repository w;
  const auto plain = w.run(fetch_git(w.ground(), w.scratch.path("a"), w.repository(), false, ""));
  REQUIRE(plain);
  CHECK(w.listing("a") == "Dockerfile run sub/ sub/x");
  CHECK(w.mode("a/run") == 0755);
  const auto kept = w.run(fetch_git(w.ground(), w.scratch.path("b"), w.repository(), true, plain->digest));
  REQUIRE(kept);
  CHECK(::access(w.scratch.path("b/.git/HEAD").c_str(), F_OK) == 0);
  CHECK(
      w.run(fetch_git(w.ground(), w.scratch.path("c"), w.repository(), false, plain->digest.substr(0, 12))));
  CHECK(w.run(fetch_git(w.ground(), w.scratch.path("d"), w.repository(), false, std::string(40, '0')))
            .error()
            .message()
            .starts_with("expected checksum to match"));
}

TEST_CASE("submodules come along, but not from files of this machine") {
  if (!has_git()) return;
  Repository w;
  w.git({"submodule", "-q", "add", w.repository(), "module"}, "work");
  w.commit("three");
  w.git({"push", "-q", w.scratch.path("www/repo.git"), "main"}, "work");
  w.publish("www/repo.git");
  const auto got = w.run(fetch_git(w.ground(), w.scratch.path("a"), w.repository(), false, ""));
  REQUIRE_MESSAGE(got, got.error().message());
  CHECK(w.scratch.read("a/module/sub/x") == "x");
  CHECK(::access(w.scratch.path("a/module/.git").c_str(), F_OK) != 0);
  w.git({"submodule", "-q", "add", w.scratch.path("www/repo.git"), "local"}, "work");
  w.commit("four");
  w.git({"push", "-q", w.scratch.path("www/repo.git"), "main"}, "work");
  w.publish("www/repo.git");
  const auto refused = w.run(fetch_git(w.ground(), w.scratch.path("b"), w.repository(), false, ""));
  REQUIRE(!refused);
  CHECK(refused.error().message().contains("not allowed"));
}

}  // namespace podo::builder
