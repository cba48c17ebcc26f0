// A base image from an OCI layout: a folder of this machine.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/format/json.h"
#include "base/linux/file.h"
#include "container/builder/base_image.h"

namespace podo::builder {
namespace {

struct LayoutPlace {
  std::string folder, tag, digest;
};

LayoutPlace read_place(std::string place) {
  LayoutPlace out;
  if (const std::size_t at = place.find('@'); at != place.npos) {
    out.digest = place.substr(at + 1);
    place.resize(at);
  }
  const std::size_t colon = place.rfind(':');
  if (colon != place.npos && place.find('/', colon) == place.npos) {
    out.tag = place.substr(colon + 1);
    place.resize(colon);
  }
  out.folder = std::move(place);
  return out;
}

std::string blob_path(const std::string& folder, std::string_view digest) {
  std::string path = text("{}/blobs/{}", folder, digest);
  path[path.find(':', folder.size())] = '/';
  return path;
}

Task<std::string> read_document(Work& work, std::string path) {
  return work.ground.pool.run([path] { return linux::read_file(path.c_str(), oci::manifest_bytes_max); });
}

// Into the content store, verified on the way.
Task<void> copy_blob(Work& work, std::string folder, oci::Descriptor blob) {
  if (work.ground.images.has_blob(blob.digest)) co_return;
  const std::string path = blob_path(folder, blob.digest);
  auto file = std::make_shared<io::Fd>(co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  const auto writer = co_await work.ground.images.write_blob(blob.digest, blob.size);
  for (std::uint64_t at = writer->offset(); at < blob.size;) {
    std::string piece = co_await work.ground.pool.run([file, at]() -> Result<std::string> {
      std::string bytes(1 << 20, '\0');
      const ssize_t count = ::pread(file->get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count < 0) return failed_errno(errno, "read a blob");
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    });
    if (piece.empty()) co_await corrupt("{} is cut short", path);
    at += piece.size();
    co_await writer->write(std::move(piece));
  }
  co_await writer->commit();
}

const oci::Descriptor* choose(const oci::Index& index, const LayoutPlace& place,
                              const oci::Platform& platform) {
  const oci::Descriptor* best = nullptr;
  int best_fit = 0;
  for (const oci::Descriptor& each : index.manifests) {
    if (!place.digest.empty() && each.digest != place.digest) continue;
    const auto name = each.annotations.find("org.opencontainers.image.ref.name");
    if (!place.tag.empty() && (name == each.annotations.end() || name->second != place.tag)) continue;
    const int fit = each.platform ? platform.suits(*each.platform) : 1;
    if (fit <= best_fit) continue;
    best = &each;
    best_fit = fit;
  }
  return best;
}

}  // namespace

Task<image::ImagePtr> load_layout(Work& work, std::string where, oci::Platform platform) {
  LayoutPlace place = read_place(std::move(where));
  std::string document = co_await read_document(work, place.folder + "/index.json");
  oci::Descriptor found;
  for (int depth = 0; depth < 3; ++depth) {
    const json::Document parsed = co_await json::parse(document);
    const oci::Index index = co_await oci::decode_index(parsed);
    const oci::Descriptor* chosen = choose(index, place, platform);
    if (chosen == nullptr)
      co_return not_found("{}: no image for {} in this layout", place.folder, platform.to_text());
    found = *chosen;
    document = co_await read_document(work, blob_path(place.folder, found.digest));
    if (!oci::media_type::is_index(found.media_type)) break;
    place.tag.clear();
    place.digest.clear();
  }
  const json::Document parsed = co_await json::parse(document);
  const oci::Manifest manifest = co_await oci::decode_manifest(parsed);
  for (const oci::Descriptor& layer : manifest.layers) co_await copy_blob(work, place.folder, layer);
  co_await copy_blob(work, place.folder, manifest.config);
  co_await copy_blob(work, place.folder, found);
  co_return co_await work.ground.images.add_image(found.digest, {}, [](const image::Progress&) {});
}

}  // namespace podo::builder
