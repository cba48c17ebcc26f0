// What the tests of this room stand on: a folder that goes away, tar archives made by hand, a store in
// memory, and Images over them. Layers need root (owners, devices, trusted.*): those tests say so and stop
// elsewhere.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/format/tar.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/store/memory_store.h"
#include "container/image/images.h"
#include "container/image/tree.h"

namespace podo::image {

inline bool is_root() {
  if (geteuid() == 0) return true;
  MESSAGE("left out: needs root");
  return false;
}

struct ScratchFolder {
  std::string path;
  ScratchFolder() {
    char name[] = "/tmp/podo-image-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~ScratchFolder() {
    static_cast<void>(podo::linux::unmount((path + "/mnt").c_str(), MNT_DETACH));
    static_cast<void>(remove_tree(path));
  }
};

// A tar archive, member by member.
struct Archive {
  std::string bytes;
  Archive& add(tar::Entry entry, std::string_view content = "") {
    if (entry.type == tar::Type::file) entry.size = content.size();
    if (entry.mode == 0) entry.mode = entry.type == tar::Type::directory ? 0755 : 0644;
    bytes += tar::header_of(entry).value();
    bytes += content;
    bytes.append(tar::padding_of(content.size()), '\0');
    return *this;
  }
  Archive& file(std::string path, std::string_view content = "") {
    return add({.path = std::move(path)}, content);
  }
  Archive& folder(std::string path) { return add({.type = tar::Type::directory, .path = std::move(path)}); }
  Archive& symlink(std::string path, std::string target) {
    return add(
        {.type = tar::Type::symlink, .path = std::move(path), .link = std::move(target), .mode = 0777});
  }
  Archive& hard_link(std::string path, std::string target) {
    return add({.type = tar::Type::hard_link, .path = std::move(path), .link = std::move(target)});
  }
  std::string end() const { return bytes + tar::end_of_archive(); }
};

inline std::string content_of(const std::string& path) {
  auto bytes = podo::linux::read_file(path.c_str(), 1 << 20);
  return bytes ? *bytes : "(" + bytes.error().message() + ")";
}
inline bool exists(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}
inline void write_to(const std::string& path, std::string_view content) {
  auto file = podo::linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  REQUIRE(file.has_value());
  REQUIRE_EQ(::write(file->get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
}

class TextBody final : public http::Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), text_.size() - at_, std::size_t{10'000}});
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// `docker save` of one image, as other engines write it.
struct ImageArchive {
  std::vector<std::string> layers;  // tar streams
  std::vector<std::string> tags;
  std::string extra = "";  // into the config: ,"Env":["A=1"]
  std::string config() const {
    std::string ids;
    for (const std::string& layer : layers)
      ids += text("{}\"{}\"", ids.empty() ? "" : ",", crypto::digest_of(layer));
    return text(R"({{"architecture":"amd64","os":"linux","created":"2024-01-02T03:04:05Z",)"
                R"("config":{{"Cmd":["sh"]{}}},)"
                R"("rootfs":{{"type":"layers","diff_ids":[{}]}}}})",
                extra, ids);
  }
  std::string id() const { return crypto::digest_of(config()); }
  std::string bytes() const {
    Archive archive;
    std::string names, quoted;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      archive.file(text("{}/layer.tar", i), layers[i]);
      names += text("{}\"{}/layer.tar\"", i == 0 ? "" : ",", i);
    }
    for (const std::string& tag : tags) quoted += text("{}\"{}\"", quoted.empty() ? "" : ",", tag);
    archive.file("config.json", config());
    archive.file("manifest.json",
                 text(R"([{{"Config":"config.json","RepoTags":[{}],"Layers":[{}]}}])", quoted, names));
    return archive.end();
  }
};

// Images on a folder, with everything around it; several in a row may open the same one.
class Ground {
 public:
  explicit Ground(ImagesOptions::Snapshots snapshots = ImagesOptions::Snapshots::choose)
      : snapshots_(snapshots) {
    store_ = store::make_memory_store(loop, random);
    open();
  }
  // As after a crash of the daemon: the same store and folder.
  void open() {
    images.reset();
    auto opened = loop.run(Images::open({loop, pool, *store_, random, clock, log},
                                        {.folder = scratch.path + "/images", .snapshots = snapshots_}));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().message());
    images = *std::move(opened);
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return loop.run(std::move(task));
  }
  std::vector<std::string> load(const ImageArchive& archive) { return load(archive.bytes()); }
  std::vector<std::string> load(const std::string& bytes) {
    TextBody body(bytes);
    auto loaded = run(images->load(body, [](const Progress&) {}));
    REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message());
    return *loaded;
  }
  ImagePtr get(std::string_view reference) {
    auto image = images->get(reference);
    REQUIRE_MESSAGE(image.has_value(), image.error().message());
    return *image;
  }
  store::Store& store() { return *store_; }

  ScratchFolder scratch;
  io::EpollLoop loop;
  SystemRandom random;
  SystemClock clock;
  SilentLog log;
  io::BlockingPool pool{3};

 private:
  ImagesOptions::Snapshots snapshots_;
  std::unique_ptr<store::Store> store_;

 public:
  std::unique_ptr<Images> images;
};

}  // namespace podo::image
