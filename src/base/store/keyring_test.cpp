#include "base/store/keyring.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/core/text.h"
#include "base/format/base64.h"
#include "base/io/fd.h"

using namespace podo;
using store::Keyring;

namespace {

std::string key_text(char filler) { return base64::encode(std::string(32, filler)); }

std::string problem_of(std::string_view text) {
  const auto ring = Keyring::parse(text, "keys");
  REQUIRE_FALSE(ring);
  CHECK(ring.error().kind() == ErrorKind::invalid);
  return ring.error().message();
}

struct Scratch {
  char folder[32] = "/tmp/podo-keyring-XXXXXX";
  std::string path;
  SeededRandom random{7};
  Scratch() {
    REQUIRE(::mkdtemp(folder) != nullptr);
    path = std::string(folder) + "/keys";
  }
  ~Scratch() { std::filesystem::remove_all(folder); }

  void put(std::string_view text, mode_t mode = 0600) const {
    const io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    REQUIRE(::fchmod(file.get(), mode) == 0);
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string contents() const {
    const io::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string bytes(1 << 17, '\0');
    const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
    REQUIRE(size >= 0);
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }
  Error load_problem() const {
    auto ring = store::load_keyring(path);
    REQUIRE_FALSE(ring);
    return ring.error();
  }
};

}  // namespace

TEST_CASE("a key file is lines of numbers and keys, the first of which is the newest") {
  const std::string text = podo::text("# ours\n\n4294967295 {}\n#7 old\n3 {}", key_text('a'), key_text('b'));
  const auto ring = Keyring::parse(text, "keys");
  REQUIRE(ring);
  REQUIRE(ring->keys().size() == 2);
  CHECK(ring->newest().id == 4294967295);
  CHECK(ring->newest().secret.reveal() == std::string(32, 'a'));
  CHECK(ring->keys()[1].id == 3);
  CHECK(ring->keys()[1].secret.reveal() == std::string(32, 'b'));
}

TEST_CASE("what is wrong with a key file is told by file and line") {
  const std::string a = key_text('a'), good = "1 " + a + "\n";
  CHECK(problem_of("") == "keys holds no key");
  CHECK(problem_of("# 1 " + a + "\n\n") == "keys holds no key");
  for (const char* id : {"0", "01", "-1", "+1", "4294967296", "x", "", " 1", "1x"})
    CHECK(problem_of(good + id + " " + a) == "keys:2: a key's number is from 1 to 4294967295");
  CHECK(problem_of("\n1") == "keys:2: a line is a key's number, a space and the key in base64");
  CHECK(problem_of(good + "2 " + key_text('b') + "\n1 " + key_text('c')) ==
        "keys:3: there is another key 1 above");
  CHECK(problem_of("1 " + base64::encode("short")) == "keys:1: key 1 has 5 bytes, not 32");
  CHECK(problem_of("1 " + base64::encode(std::string(33, 'a'))) == "keys:1: key 1 has 33 bytes, not 32");
  for (const std::string& key : {" " + a, a + " ", a + "\r", a + "==", a.substr(1), a + " # mine"})
    CHECK(problem_of("1 " + key).starts_with("keys:1: key 1: "));
}

TEST_CASE("no error quotes a key") {
  const std::string a = key_text('a');
  for (const std::string& text :
       {a, "1 " + a.substr(0, 30), "1 " + a + "*", "1 " + a + "\n1 " + a, a + " 1"}) {
    const std::string problem = problem_of(text);
    for (std::size_t at = 0; at + 6 <= a.size(); ++at)
      CHECK(problem.find(a.substr(at, 6)) == std::string::npos);
  }
}

TEST_CASE("a key file others may read or change is refused, with the cure") {
  const Scratch scratch;
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0644U, 0666U}) {
    scratch.put("1 " + key_text('a') + "\n", mode);
    CHECK(scratch.load_problem().kind() == ErrorKind::denied);
    CHECK(scratch.load_problem().message() == text("others may read or change {} (mode {:o}): chmod 600 {}",
                                                   scratch.path, static_cast<std::uint32_t>(mode),
                                                   scratch.path));
  }
  for (const mode_t mode : {0600U, 0400U}) {
    scratch.put("1 " + key_text('a') + "\n", mode);
    CHECK(store::load_keyring(scratch.path));
  }
}

TEST_CASE("a key file of another user is refused") {
  if (::geteuid() != 0) return;
  const Scratch scratch;
  scratch.put("1 " + key_text('a') + "\n");
  REQUIRE(::chown(scratch.path.c_str(), 12345, 0) == 0);
  CHECK(scratch.load_problem().kind() == ErrorKind::denied);
  CHECK(scratch.load_problem().message().find("belongs to user 12345") != std::string::npos);
}

TEST_CASE("what is not a plain file of sensible size is refused at once") {
  Scratch scratch;
  CHECK(scratch.load_problem().kind() == ErrorKind::not_found);
  REQUIRE(::mkfifo(scratch.path.c_str(), 0600) == 0);
  CHECK(scratch.load_problem().message() == scratch.path + " is not a plain file");
  ::unlink(scratch.path.c_str());
  REQUIRE(::symlink("elsewhere", scratch.path.c_str()) == 0);
  CHECK(scratch.load_problem().kind() == ErrorKind::denied);
  CHECK_FALSE(store::rotate_keyring(scratch.path, scratch.random));
  ::unlink(scratch.path.c_str());
  const std::string line = "1 " + key_text('a') + "\n";
  scratch.put(line + std::string((64 << 10) - line.size(), '#'));
  CHECK(store::load_keyring(scratch.path));
  scratch.put(line + std::string((64 << 10) - line.size() + 1, '#'));
  CHECK(scratch.load_problem().message() == scratch.path + " is larger than 65536 bytes");
  CHECK_FALSE(store::rotate_keyring(scratch.path, scratch.random));
}

TEST_CASE("rotation makes the file, then puts each new key in front") {
  Scratch scratch;
  for (store::KeyId id = 1; id <= 3; ++id) {
    CHECK(store::rotate_keyring(scratch.path, scratch.random) == id);
    const auto ring = store::load_keyring(scratch.path);
    REQUIRE(ring);
    REQUIRE(ring->keys().size() == id);
    CHECK(ring->newest().id == id);
    for (const Keyring::Key& key : ring->keys().subspan(1))
      CHECK(key.secret.reveal() != ring->newest().secret.reveal());
  }
  struct stat status{};
  REQUIRE(::stat(scratch.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(::access((scratch.path + ".new").c_str(), F_OK) != 0);
}

TEST_CASE("rotation keeps the older lines as they are, and counts from the highest number") {
  Scratch scratch;
  const std::string rest = "5 " + key_text('a') + "\n# older\n9 " + key_text('b');
  scratch.put("# head\n\n" + rest);
  CHECK(store::rotate_keyring(scratch.path, scratch.random) == 10U);
  const std::string contents = scratch.contents();
  CHECK(contents.starts_with("# head\n\n10 "));
  CHECK(contents.ends_with("\n" + rest));
  scratch.put("4294967295 " + key_text('a') + "\n");
  const auto id = store::rotate_keyring(scratch.path, scratch.random);
  CHECK((!id && id.error().kind() == ErrorKind::exhausted));
}

TEST_CASE("a rotation that cannot be done leaves the file, and nothing beside it") {
  Scratch scratch;
  scratch.put("not a key\n");
  CHECK_FALSE(store::rotate_keyring(scratch.path, scratch.random));
  CHECK(scratch.contents() == "not a key\n");
  CHECK(::access((scratch.path + ".new").c_str(), F_OK) != 0);

  const std::string good = "1 " + key_text('a') + "\n";
  scratch.put(good, 0644);
  CHECK_FALSE(store::rotate_keyring(scratch.path, scratch.random));
  CHECK(scratch.contents() == good);
}

TEST_CASE("of two rotations at once the second is refused, and the first one's file is not touched") {
  Scratch scratch;
  const std::string good = "1 " + key_text('a') + "\n";
  scratch.put(good);
  const io::Fd other(::open((scratch.path + ".new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const auto id = store::rotate_keyring(scratch.path, scratch.random);
  CHECK((!id && id.error().kind() == ErrorKind::conflict));
  CHECK(scratch.contents() == good);
  CHECK(::access((scratch.path + ".new").c_str(), F_OK) == 0);
}
