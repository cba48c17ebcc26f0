// `docker save`: one tar that is an OCI image layout (oci-layout, index.json, blobs/) and Docker's own
// archive (manifest.json, repositories) at once. Both kinds of reader find the same blobs, each of them once.
#include <fcntl.h>

#include <unistd.h>

#include <algorithm>

#include "base/format/json_writer.h"
#include "base/format/tar.h"
#include "base/linux/file.h"
#include "container/image/local_images.h"

namespace podo::image {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

std::string member(std::string_view path, std::string_view content) {
  tar::Entry entry{.path = std::string(path), .mode = 0644, .size = content.size()};
  std::string out = tar::header_of(entry).value_or("");
  out += content;
  out.append(tar::padding_of(content.size()), '\0');
  return out;
}

std::string blob_member(std::string_view digest) {
  std::string path = text("blobs/{}", digest);
  path[path.find(':')] = '/';
  return path;
}

struct Saved {
  ImagePtr image;
  std::vector<std::string> tags;
};

std::string index_of(const std::vector<Saved>& all, const ByName<BlobRecord>& blobs) {
  json::Writer out;
  out.object().key("schemaVersion").number(2).key("mediaType").string(oci::media_type::index);
  out.key("manifests").array();
  for (const Saved& saved : all) {
    std::vector<std::string> tags = saved.tags;
    if (tags.empty()) tags.emplace_back();
    for (const std::string& tag : tags) {
      out.object().key("mediaType").string(oci::media_type::manifest);
      out.key("digest").string(saved.image->manifest_digest);
      out.key("size").number(blobs.at(saved.image->manifest_digest).size);
      if (!tag.empty()) {
        out.key("annotations").object().key("io.containerd.image.name").string(tag);
        out.key("org.opencontainers.image.ref.name")
            .string(std::string_view(tag).substr(tag.rfind(':') + 1))
            .end();
      }
      out.end();
    }
  }
  return out.end().end().take();
}

std::string docker_manifest_of(const std::vector<Saved>& all) {
  json::Writer out;
  out.array();
  for (const Saved& saved : all) {
    out.object().key("Config").string(blob_member(saved.image->id)).key("RepoTags");
    if (saved.tags.empty()) out.null();
    else out.array();
    for (const std::string& tag : saved.tags) out.string(oci::Reference::parse(tag)->familiar());
    if (!saved.tags.empty()) out.end();
    out.key("Layers").array();
    for (const std::string& digest : saved.image->layer_digests) out.string(blob_member(digest));
    out.end().end();
  }
  return out.end().take();
}

std::string repositories_of(const std::vector<Saved>& all) {
  std::map<std::string, std::map<std::string, std::string>> repositories;
  for (const Saved& saved : all)
    for (const std::string& tag : saved.tags) {
      auto reference = oci::Reference::parse(tag);
      if (reference && !saved.image->layer_digests.empty())
        repositories[reference->familiar_name()][reference->tag] =
            saved.image->layer_digests.back().substr(7);
    }
  json::Writer out;
  out.object();
  for (const auto& [name, tags] : repositories) {
    out.key(name).object();
    for (const auto& [tag, layer] : tags) out.key(tag).string(layer);
    out.end();
  }
  return out.end().take();
}

Task<void> send_blob(io::BlockingPool& pool, std::string path, std::string name, std::uint64_t size,
                     Images::Sink& sink) {
  auto file = std::make_shared<io::Fd>(co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  tar::Entry entry{.path = name, .mode = 0644, .size = size};
  const std::string header = co_await tar::header_of(entry);
  co_await sink(header);
  for (std::uint64_t sent = 0; sent < size;) {
    const std::string piece = co_await pool.run([file]() -> Result<std::string> {
      std::string bytes(piece_bytes, '\0');
      const ssize_t count = ::read(file->get(), bytes.data(), bytes.size());
      if (count < 0) return failed_errno(errno, "read a blob");
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    });
    if (piece.empty() || piece.size() > size - sent) co_await corrupt("{} was changed on the disk", name);
    sent += piece.size();
    co_await sink(piece);
  }
  const std::string padding(tar::padding_of(size), '\0');
  if (!padding.empty()) co_await sink(padding);
}

}  // namespace

Task<void> LocalImages::save(std::vector<std::string> references, Sink sink) {
  std::vector<Saved> all;
  std::vector<std::string> digests;
  for (const std::string& reference : references) {
    ImagePtr image = co_await get(reference);
    auto at = std::find_if(all.begin(), all.end(),
                           [&](const Saved& saved) { return saved.image->id == image->id; });
    if (at == all.end()) at = all.insert(all.end(), {image, {}});
    if (is_named_by_id(image->id, reference)) continue;
    auto parsed = co_await oci::Reference::parse(reference);
    if (parsed.digest.empty() &&
        std::find(at->tags.begin(), at->tags.end(), parsed.to_text()) == at->tags.end())
      at->tags.push_back(parsed.to_text());
  }
  for (const Saved& saved : all) {
    digests.push_back(saved.image->manifest_digest);
    digests.push_back(saved.image->id);
    digests.insert(digests.end(), saved.image->layer_digests.begin(), saved.image->layer_digests.end());
  }
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  for (const std::string& digest : digests) {
    auto blob = blobs_.find(digest);
    if (blob == blobs_.end()) co_await not_found("the blob {} is not here", digest);
    co_await send_blob(ground_.pool, folders_.blob(digest), blob_member(digest), blob->second.size, sink);
  }
  std::string rest = member("index.json", index_of(all, blobs_)) +
                     member("manifest.json", docker_manifest_of(all)) +
                     member("oci-layout", R"({"imageLayoutVersion":"1.0.0"})") +
                     member("repositories", repositories_of(all)) + tar::end_of_archive();
  co_await sink(rest);
}

}  // namespace podo::image
