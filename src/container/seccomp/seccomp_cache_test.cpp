#include "container/seccomp/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/linux/file.h"
#include "container/seccomp/seccomp_testing.h"

namespace podo::runtime {
using namespace testing;  // NOLINT

namespace {

// A directory for the cache that is gone at the end of the test.
class Place {
 public:
  Place() : path(text("/tmp/podo-seccomp-cache-{}", ::getpid())) { clear(); }
  ~Place() { clear(); }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    DIR* list = ::opendir(path.c_str());
    while (const dirent* found = list == nullptr ? nullptr : ::readdir(list)) {
      if (found->d_name[0] != '.') names.push_back(path + "/" + found->d_name);
    }
    if (list != nullptr) ::closedir(list);
    return names;
  }
  const std::string path;

 private:
  void clear() const {
    for (const std::string& file : files()) ::unlink(file.c_str());
    ::rmdir(path.c_str());
  }
};

SeccompFilter compile_with(const SeccompCache& cache, const oci::Seccomp& of) {
  SilentLog log;
  auto filter = cache.compile(of, log);
  REQUIRE(filter.has_value());
  return *std::move(filter);
}

std::string read(const std::string& path) { return linux::read_file(path.c_str(), 1 << 22).value_or(""); }

void overwrite(const std::string& path, std::string_view bytes) {
  const io::Fd file(::open(path.c_str(), O_WRONLY | O_TRUNC));
  REQUIRE(linux::write_whole(file.get(), bytes).has_value());
}

mode_t mode_of(const std::string& path) {
  struct stat status{};
  ::stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a filter is compiled once and then read") {
  const Place place;
  const SeccompCache cache(place.path);
  const oci::Seccomp some = engine_profile();
  const SeccompFilter first = compile_with(cache, some);
  CHECK(first == compiled(some));
  REQUIRE_EQ(place.files().size(), 1);
  CHECK_EQ(mode_of(place.path), 0700);
  CHECK_EQ(mode_of(place.files()[0]), 0600);

  KeepingLog log;
  CHECK(cache.compile(some, log).value() == first);
  CHECK(log.lines.empty());  // compiling would have told of the call that is not known

  const SystemClock clock;
  const Monotonic start = clock.now();
  compiled(some);
  const Monotonic middle = clock.now();
  compile_with(cache, some);
  MESSAGE("compiled in ", (middle - start).ns / 1000, " us, found in ", (clock.now() - middle).ns / 1000,
          " us");
}

TEST_CASE("profiles that differ in anything have filters of their own") {
  const Place place;
  const SeccompCache cache(place.path);
  oci::Seccomp some =
      profile("SCMP_ACT_ALLOW", {rule({"mkdir"}, "SCMP_ACT_ERRNO", {{0, 1, 0, "SCMP_CMP_EQ"}})});
  some.listener_path = "/agent";
  std::size_t profiles = 0;
  const auto check = [&] {
    CHECK(compile_with(cache, some) == compiled(some));
    CHECK_EQ(place.files().size(), ++profiles);
  };
  check();
  some.syscalls[0].args[0].value = 2;
  check();
  some.syscalls[0].errno_ret = 5;
  check();
  some.syscalls[0].action = "SCMP_ACT_NOTIFY", some.syscalls[0].errno_ret.reset();
  check();
  some.flags = {"SECCOMP_FILTER_FLAG_LOG"};
  check();
  some.syscalls.push_back(rule({"rmdir"}, "SCMP_ACT_LOG"));
  check();
  some.architectures = {"SCMP_ARCH_X86"};
  check();
}

TEST_CASE("damaged, foreign and unreadable entries are compiled anew") {
  const Place place;
  const SeccompCache cache(place.path);
  const oci::Seccomp some = profile("SCMP_ACT_ERRNO", {rule({"read", "write"}, "SCMP_ACT_ALLOW")});
  const SeccompFilter right = compile_with(cache, some);
  const std::string file = place.files().at(0), good = read(file);
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    overwrite(file, bad);
    REQUIRE(compile_with(cache, some) == right);
    REQUIRE_EQ(read(file), good);
  }
  for (const std::size_t length : {std::size_t{0}, std::size_t{31}, good.size() - 1}) {
    overwrite(file, good.substr(0, length));
    REQUIRE(compile_with(cache, some) == right);
  }
  // Another profile's entry under this name: the hash alone is not believed.
  compile_with(cache, profile("SCMP_ACT_ALLOW", {rule({"read"}, "SCMP_ACT_LOG")}));
  for (const std::string& other : place.files()) {
    if (other != file) overwrite(file, read(other));
  }
  CHECK(compile_with(cache, some) == right);
  CHECK_EQ(read(file), good);
}

TEST_CASE("a directory open to others is not used") {
  const Place place;
  REQUIRE(::mkdir(place.path.c_str(), 0755) == 0);
  REQUIRE(::chmod(place.path.c_str(), 0755) == 0);
  KeepingLog log;
  CHECK(SeccompCache(place.path).compile(profile("SCMP_ACT_ALLOW"), log).has_value());
  CHECK(place.files().empty());
  REQUIRE_EQ(log.lines.size(), 1);
  CHECK_EQ(log.lines[0], "seccomp cache: " + place.path + " is open to others");
}

TEST_CASE("the cache stays small") {
  const Place place;
  const SeccompCache cache(place.path);
  oci::Seccomp some = profile("SCMP_ACT_ERRNO");
  for (std::uint32_t i = 1; i <= SeccompCache::entries_max + 10; ++i) {
    some.default_errno_ret = i;
    compile_with(cache, some);
  }
  CHECK_EQ(place.files().size(), SeccompCache::entries_max);
  some.default_errno_ret = static_cast<std::uint32_t>(SeccompCache::entries_max + 10);
  KeepingLog log;
  const auto before = place.files();
  CHECK(cache.compile(some, log).has_value());
  CHECK(place.files() == before);  // the newest is among them
}

TEST_CASE("an error is not kept") {
  const Place place;
  SilentLog log;
  CHECK_FALSE(SeccompCache(place.path).compile(profile("NONSENSE"), log).has_value());
  CHECK(place.files().empty());
}

}  // namespace podo::runtime
