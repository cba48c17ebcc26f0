// Any bytes as a build's context: they become files of one folder or are refused, nothing outside of it
// changes, and digests computed on the way are those of the files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/linux/file.h"
#include "container/builder/context_unpacker.h"
#include "container/copy/files.h"
#include "container/image/tree.h"
#include "scratch.h"

namespace {

constexpr std::uint64_t bytes_max = 1 << 20;
constexpr const char* kept = "kept";

void unpack(const std::string& folder, std::string_view bytes) {
  podo::builder::StatCache digests;
  auto unpacker = podo::builder::ContextUnpacker::open(folder, digests, bytes_max);
  ENSURE(unpacker.has_value());
  bool whole = true;
  for (const std::size_t piece = 1 + bytes.size() / 3; whole && !bytes.empty();
       bytes.remove_prefix(std::min(piece, bytes.size())))
    whole = (*unpacker)->take(bytes.substr(0, piece)).has_value();
  if (!whole || !(*unpacker)->finish()) return;
  podo::builder::Tree tree{.path = folder, .digests = &digests};
  const auto known = podo::builder::digest_of(tree);
  tree.digests = nullptr;
  const auto computed = podo::builder::digest_of(tree);
  ENSURE(known.has_value() == computed.has_value());
  if (known) ENSURE(*known == *computed);
}

// The folder beside which a file lies that nothing may touch.
struct Place : podo::Scratch {
  Place() {
    const int file = open((path + "/kept").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ENSURE(file >= 0 && write(file, kept, 4) == 4 && close(file) == 0);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Place scratch;
  const std::string folder = scratch.path + "/in";
  struct stat before{}, after{};
  ENSURE(stat((scratch.path + "/kept").c_str(), &before) == 0);
  ENSURE(podo::image::make_folders(folder, 0700).has_value());
  unpack(folder, {reinterpret_cast<const char*>(data), size});
  ENSURE(podo::image::remove_tree(folder).has_value());
  ENSURE(stat((scratch.path + "/kept").c_str(), &after) == 0);
  ENSURE(after.st_ino == before.st_ino && after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
         after.st_ctim.tv_nsec == before.st_ctim.tv_nsec && after.st_nlink == 1);
  ENSURE(*podo::linux::read_file((scratch.path + "/kept").c_str(), 16) == kept);
  auto left = podo::image::open_folder(AT_FDCWD, scratch.path.c_str());
  ENSURE(left.has_value() && podo::image::list_folder(left->get())->size() == 1);
  return 0;
}
