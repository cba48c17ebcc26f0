#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/linux/file.h"
#include "container/registry_client/registry.h"

namespace podo::image {
namespace {

// A folder for config.json and for programs, first in PATH while it lives.
struct Home {
  Home() {
    char name[] = "/tmp/podo-credentials-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    path_before = ::getenv("PATH");
    ::setenv("PATH", (folder + ":" + path_before).c_str(), 1);
  }
  ~Home() {
    ::setenv("PATH", path_before.c_str(), 1);
    for (const auto& name : names) ::unlink((folder + "/" + name).c_str());
    ::rmdir(folder.c_str());
  }
  void write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    names.push_back(name);
    const io::Fd file =
        linux::open_at(AT_FDCWD, (folder + "/" + name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode).value();
    REQUIRE(linux::write_whole(file.get(), text).has_value());
    REQUIRE(::fchmod(file.get(), mode) == 0);
  }
  std::string read(const std::string& name) {
    names.push_back(name);
    return linux::read_file((folder + "/" + name).c_str(), 1 << 20).value_or("");
  }
  Credentials find(std::string domain) {
    return loop.run(find_credentials(loop, folder, std::move(domain))).value();
  }

  io::EpollLoop loop;
  std::string folder, path_before;
  std::vector<std::string> names = {"config.json"};
};

}  // namespace

TEST_CASE("credentials are kept in the file that other clients read, and only the owner may") {
  Home home;
  home.write("config.json", R"({"auths":{"other.example":{"auth":"dTpw"}},"psFormat":"x","n":1.50})");
  REQUIRE(home.loop
              .run(store_credentials(home.loop, home.folder, "reg.example:5000",
                                     {.user = "me", .password = "a:b"}))
              .has_value());
  const std::string text = home.read("config.json");
  CHECK(text.contains(R"("auth": "bWU6YTpi")"));
  CHECK(text.contains(R"("psFormat": "x")"));
  CHECK(text.contains("1.50"));
  struct stat status{};
  REQUIRE(::stat((home.folder + "/config.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(home.find("reg.example:5000").user == "me");
  CHECK(home.find("reg.example:5000").password == "a:b");
  CHECK(home.find("other.example").password == "p");
  CHECK(home.find("reg.example").empty());
  REQUIRE(home.loop.run(erase_credentials(home.loop, home.folder, "reg.example:5000")).has_value());
  CHECK(home.find("reg.example:5000").empty());
  CHECK(home.find("other.example").user == "u");
}

TEST_CASE("Docker Hub's credentials have a name of their own; older clients wrote URLs") {
  Home home;
  REQUIRE(home.loop
              .run(store_credentials(home.loop, home.folder, "docker.io",
                                     {.user = "me", .password = "x", .identity_token = "t"}))
              .has_value());
  CHECK(home.read("config.json").contains("https://index.docker.io/v1/"));
  CHECK(home.find("docker.io").identity_token == "t");
  CHECK(home.find("docker.io").password.empty());
  home.write("config.json", R"({"auths":{"https://reg.example/v1/":{"auth":"dTpw"}}})");
  CHECK(home.find("reg.example").user == "u");
}

TEST_CASE("without a file there are no credentials, and a broken one is told") {
  Home home;
  CHECK(home.find("docker.io").empty());
  home.write("config.json", "{\"auths\":");
  CHECK(!home.loop.run(find_credentials(home.loop, home.folder, "a.example")));
  home.write("config.json", R"({"auths":{"a.example":{"auth":"!!"}}})");
  CHECK(!home.loop.run(find_credentials(home.loop, home.folder, "a.example")));
}

TEST_CASE("a credential program is asked where the file says so") {
  Home home;
  home.write("docker-credential-fake", R"(#!/bin/sh
read -r line
echo "$1 $line" >> "${0%/*}/asked"
case "$1 $line" in
  "get reg.example") echo '{"ServerURL":"reg.example","Username":"<token>","Secret":"s3"}' ;;
  "get "*) echo "credentials not found in native keychain"; exit 1 ;;
  "erase broken.example") echo "the keychain is locked"; exit 1 ;;
esac
)",
             0700);
  home.write("config.json", R"({"credHelpers":{"broken.example":"fake"},"credsStore":"fake"})");
  CHECK(home.find("reg.example").identity_token == "s3");
  CHECK(home.find("nobody.example").empty());
  REQUIRE(home.loop
              .run(store_credentials(home.loop, home.folder, "reg.example", {.user = "me", .password = "pw"}))
              .has_value());
  const std::string asked = home.read("asked");
  CHECK(asked.contains(R"(store {"ServerURL":"reg.example","Username":"me","Secret":"pw"})"));
  CHECK(!home.read("config.json").contains("cHc"));
  auto erased = home.loop.run(erase_credentials(home.loop, home.folder, "broken.example"));
  REQUIRE(!erased);
  CHECK(erased.error().message() == "docker-credential-fake erase: the keychain is locked (exit code 1)");
}

TEST_CASE("the X-Registry-Auth header is read in every spelling") {
  const Credentials credentials{.user = "me", .password = "p\xc3\xbf?>", .identity_token = "t"};
  const std::string header = encode_registry_auth(credentials, "reg.example");
  CHECK(header.find_first_of("+/") == header.npos);
  const auto back = decode_registry_auth(header);
  REQUIRE(back.has_value());
  CHECK(back->user == "me");
  CHECK(back->password == credentials.password);
  CHECK(back->identity_token == "t");
  std::string bare = header;
  while (bare.ends_with('=')) bare.pop_back();
  CHECK(decode_registry_auth(bare).value().password == credentials.password);
  CHECK(decode_registry_auth("").value().empty());
  CHECK(decode_registry_auth("e30=").value().empty());                          // {}
  CHECK(decode_registry_auth("eyJhdXRoIjoiZFRwdyJ9").value().password == "p");  // {"auth":"dTpw"}
  CHECK(decode_registry_auth("!").error().kind() == ErrorKind::invalid);
  CHECK(decode_registry_auth("W10=").error().kind() == ErrorKind::invalid);  // []
}

}  // namespace podo::image
