#include "cli/local_tree.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/simulated_loop.h"
#include "cli/build_context.h"
#include "cli/container_flags.h"

namespace podo::cli {
namespace {

struct Folder {
  Folder() { ::mkdtemp(path.data()); }
  ~Folder() {
    std::string command = "rm -rf " + path;
    REQUIRE_EQ(::system(command.c_str()), 0);
  }
  std::string path = "/tmp/podo-tree-XXXXXX";
};

void write(const std::string& path, std::string_view text) {
  FILE* file = ::fopen(path.c_str(), "w");
  REQUIRE(file != nullptr);
  ::fwrite(text.data(), 1, text.size(), file);
  ::fclose(file);
}

std::string packed(const std::string& path, const std::string& name) {
  io::SimulatedLoop loop(1);
  PackedTree tree(path, name);
  return loop.run(http::read_all(tree, 1 << 20)).value();
}

Result<> unpack(const std::string& archive, const std::string& folder, std::string name) {
  TreeUnpacker unpacker = TRY(TreeUnpacker::into(folder, std::move(name), {}));
  for (char c : archive) TRY(unpacker.feed(std::string_view(&c, 1)));
  return unpacker.finish();
}

std::string member(std::string path, tar::Type type, std::string link = {}, std::string content = {}) {
  tar::Entry entry{.type = type, .path = std::move(path), .link = std::move(link), .mode = 0644};
  entry.size = content.size();
  return tar::header_of(entry).value() + content + std::string(tar::padding_of(content.size()), '\0');
}

TEST_CASE("a build's context goes without what is ignored, but with what the daemon reads") {
  Folder from, to;
  for (const char* folder : {"/kept", "/gone", "/part", "/part/back", "/build"})
    REQUIRE_EQ(::mkdir((from.path + folder).c_str(), 0755), 0);
  write(from.path + "/.dockerignore", "gone\npart/*\n!part/back\nbuild\n*.log\n.dockerignore\n");
  write(from.path + "/build/Dockerfile", "FROM a\n");
  for (const char* file :
       {"/kept/file", "/gone/file", "/part/file", "/part/back/file", "/build/other", "/a.log"})
    write(from.path + file, file);
  BuildContext context;
  context.folder = from.path;
  context.dockerfile = "build/Dockerfile";
  auto body = pack_build_context(context).value();
  io::SimulatedLoop loop(1);
  const std::string archive = loop.run(http::read_all(*body, 1 << 20)).value();
  TreeUnpacker unpacker = TreeUnpacker::into(to.path, "", {.keep_first = true}).value();
  REQUIRE(unpacker.feed(archive).has_value());
  REQUIRE(unpacker.finish().has_value());
  const auto there = [&](const char* name) { return ::access((to.path + name).c_str(), F_OK) == 0; };
  CHECK(there("/kept/file"));
  CHECK(there("/part/back/file"));
  CHECK(there("/build/Dockerfile"));
  CHECK(there("/.dockerignore"));
  CHECK(!there("/gone"));
  CHECK(!there("/part/file"));
  CHECK(!there("/build/other"));
  CHECK(!there("/a.log"));
}

}  // namespace

TEST_CASE("a tree that is packed and unpacked is the same under its new name") {
  Folder from, to;
  ::mkdir((from.path + "/sub").c_str(), 0755);
  write(from.path + "/a", "one");
  write(from.path + "/sub/b", std::string(100'000, 'b'));
  REQUIRE_EQ(::symlink("a", (from.path + "/link").c_str()), 0);
  REQUIRE_EQ(::link((from.path + "/a").c_str(), (from.path + "/hard").c_str()), 0);
  ::chmod((from.path + "/a").c_str(), 0751);
  for (auto [name, target] : {std::pair("tree", "new"), std::pair(".", "")}) {
    REQUIRE(unpack(packed(from.path, name), to.path, target).has_value());
    std::string root = to.path + "/" + target;
    CHECK_EQ(read_text_file(root + "/a").value(), "one");
    CHECK_EQ(read_text_file(root + "/sub/b").value().size(), 100'000);
    struct stat first{}, second{};
    ::stat((root + "/a").c_str(), &first);
    ::stat((root + "/hard").c_str(), &second);
    CHECK_EQ(first.st_ino, second.st_ino);
    CHECK_EQ(first.st_mode & 0777, 0751);
    ::lstat((root + "/link").c_str(), &second);
    CHECK(S_ISLNK(second.st_mode));
  }
}

TEST_CASE("an archive of a container stays in its folder") {
  Folder outside, inside;
  write(outside.path + "/victim", "safe");
  std::string escape =
      member("x/out", tar::Type::symlink, outside.path) + member("x/out/victim", tar::Type::file, {}, "hit");
  CHECK_FALSE(unpack(escape + tar::end_of_archive(), inside.path, "").has_value());
  std::string dots = member("x/../../../../" + outside.path + "/victim", tar::Type::file, {}, "hit");
  CHECK_FALSE(unpack(dots + tar::end_of_archive(), inside.path, "").has_value());
  std::string hard = member("x/out2", tar::Type::symlink, outside.path) +
                     member("x/h", tar::Type::hard_link, "x/out2/victim");
  CHECK_FALSE(unpack(hard + tar::end_of_archive(), inside.path, "").has_value());
  std::string over = member("x/v", tar::Type::symlink, outside.path + "/victim") +
                     member("x/v", tar::Type::file, {}, "mine");
  CHECK(unpack(over + tar::end_of_archive(), inside.path, "").has_value());
  CHECK_EQ(read_text_file(outside.path + "/victim").value(), "safe");
  CHECK_EQ(read_text_file(inside.path + "/v").value(), "mine");
}

}  // namespace podo::cli
