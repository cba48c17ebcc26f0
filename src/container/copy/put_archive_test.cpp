#include <spawn.h>
#include <sys/wait.h>

#include "base/format/gzip.h"
#include "base/format/tar.h"
#include "base/format/zstd.h"
#include "container/copy/archive_stream.h"
#include "container/copy/files_testing.h"

extern char** environ;

namespace podo::builder {
namespace {

std::string member(const tar::Entry& entry, std::string_view content = {}) {
  tar::Entry whole = entry;
  whole.size = content.size();
  return *tar::header_of(whole) + std::string(content) + std::string(tar::padding_of(content.size()), '\0');
}

std::string sample() {
  return member({.type = tar::Type::directory,
                 .path = "app/",
                 .mode = 0750,
                 .uid = 3,
                 .gid = 4,
                 .mtime_s = 500}) +
         member({.path = "app/run", .mode = 0755, .uid = 3, .gid = 4, .mtime_s = 600}, "#!/bin/sh\n") +
         member({.type = tar::Type::symlink, .path = "app/link", .link = "/etc"}) + tar::end_of_archive();
}

// Through a program of this machine; "" where there is none.
std::string packed_by(const Workbench& w, const char* program, const std::string& bytes) {
  w.scratch.file("plain", bytes);
  const std::string path = w.scratch.path("plain");
  const char* const arguments[] = {program, "-k", path.c_str(), nullptr};
  pid_t pid = 0;
  if (::posix_spawnp(&pid, program, nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0)
    return {};
  int status = 0;
  ::waitpid(pid, &status, 0);
  return w.scratch.read(std::string_view(program) == "xz" ? "plain.xz" : "plain.bz2");
}

}  // namespace

TEST_CASE("ADD unpacks archives, however they are compressed, and only ADD") {
  const Workbench w;
  w.scratch.file("in/plain.tar", sample());
  w.scratch.file("in/gzip.bin", gzip::Compressor(6).compress(sample()));
  w.scratch.file("in/zstd", zstd::compress(sample(), 3));
  for (const char* name : {"plain.tar", "gzip.bin", "zstd"}) {
    const std::string to = text("/{}.d", name);
    CHECK(w.copy({name}, to, {.unpack_archives = true}) == "");
    CHECK(w.listing("out" + to) == "app/ app/link app/run");
    CHECK(w.scratch.read("out" + to + "/app/run") == "#!/bin/sh\n");
  }
  CHECK(w.mode("out/zstd.d/app") == 0750);
  CHECK(w.status("out/zstd.d/app/run").st_uid == 3);
  CHECK(w.status("out/zstd.d/app/run").st_mtim.tv_sec == 600);
  CHECK(w.copy({"plain.tar"}, "/copied/") == "");
  CHECK(w.listing("out/copied") == "plain.tar");
}

TEST_CASE("ADD unpacks what the machine's bzip2 and xz undo") {
  const Workbench w;
  for (const char* program : {"bzip2", "xz"}) {
    const std::string packed = packed_by(w, program, sample());
    if (packed.empty()) continue;
    w.scratch.file("in/archive", packed);
    const std::string to = text("/{}", program);
    CHECK(w.copy({"archive"}, to, {.unpack_archives = true}) == "");
    CHECK(w.listing("out" + to) == "app/ app/link app/run");
    // xz tells its first bytes even so, and they look like an archive; bzip2 tells nothing without a block.
    w.scratch.file("in/damaged", packed.substr(0, packed.size() / 2));
    const std::string told = w.copy({"damaged"}, to + ".d", {.unpack_archives = true});
    if (std::string_view(program) == "xz") CHECK(told.ends_with("a damaged archive: xz: exit status 1"));
    else CHECK(told == "");
  }
}

TEST_CASE("what is no archive is copied as it stands") {
  const Workbench w;
  w.scratch.file("in/text", "hello");
  w.scratch.file("in/empty", "");
  w.scratch.file("in/zeros", std::string(4096, '\0'));
  w.scratch.file("in/text.gz", gzip::Compressor(6).compress("hello"));
  w.scratch.file("in/damaged.gz", gzip::Compressor(6).compress(sample()).substr(0, 20));
  CHECK(w.copy({"*"}, "/d/", {.unpack_archives = true}) == "");
  CHECK(w.listing("out/d") == "damaged.gz empty text text.gz zeros");
  w.scratch.folder("in/folder");
  w.scratch.file("in/folder/x.tar", sample());
  CHECK(w.copy({"folder"}, "/e/", {.unpack_archives = true}) == "");  // only a source itself is unpacked
  CHECK(w.listing("out/e") == "x.tar");
}

TEST_CASE("an archive stays in the tree, and takes the owner and times that are asked for") {
  const Workbench w;
  w.scratch.file("in/evil.tar",
                 member({.type = tar::Type::symlink, .path = "out", .link = "/../../../../tmp"}) +
                     member({.path = "out/podo-escape", .mode = 0644}, "x") + tar::end_of_archive());
  CHECK(w.copy({"evil.tar"}, "/", {.unpack_archives = true}) != "");
  CHECK(::access("/tmp/podo-escape", F_OK) != 0);
  w.scratch.file("in/up.tar", member({.path = "../podo-escape", .mode = 0644}, "x") + tar::end_of_archive());
  CHECK(w.copy({"up.tar"}, "/d", {.unpack_archives = true}).contains("outside"));
  CHECK(::access(w.scratch.path("out/podo-escape").c_str(), F_OK) != 0);
  w.scratch.file("in/plain.tar", sample());
  CHECK(w.copy({"plain.tar"}, "/owned",
               {.owner = Owner{5, 6}, .unpack_archives = true, .times_at_most = 550}) == "");
  CHECK(w.status("out/owned/app/run").st_uid == 5);
  CHECK(w.status("out/owned").st_uid == 5);
  CHECK(w.status("out/owned/app/run").st_mtim.tv_sec == 550);
  CHECK(w.status("out/owned/app").st_mtim.tv_sec == 500);
}

TEST_CASE("a download may be unpacked as well") {
  const Workbench w;
  w.scratch.file("in/x", gzip::Compressor(6).compress(sample()));
  CHECK(put_file({.name = "x", .content = {}, .path = w.scratch.path("in/x")}, w.root, "/d",
                 {.unpack_archives = true}));
  CHECK(w.listing("out/d") == "app/ app/link app/run");
}

}  // namespace podo::builder
