#include "container/builder/archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "base/crypto/digest.h"
#include "base/format/json_writer.h"
#include "base/format/tar.h"
#include "base/linux/file.h"

namespace podo::builder {
namespace {

using image::Images;

constexpr std::size_t piece_bytes = 1 << 20;

std::string blob_name(std::string_view digest) {
  std::string name = text("blobs/{}", digest);
  name[name.find(':')] = '/';
  return name;
}

Result<std::string> member(std::string name, std::string_view content) {
  std::string out =
      TRY(tar::header_of({.path = std::move(name), .mode = 0644, .size = content.size(), .mtime_s = 0}));
  out += content;
  out.append(tar::padding_of(content.size()), '\0');
  return out;
}

Task<void> send_blob(Work& work, std::string digest, const Images::Sink& sink) {
  const std::string path = work.ground.images.blob_path(digest);
  auto file = std::make_shared<io::Fd>(co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) co_await failed_errno(errno, "stat {}", path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::string header = co_await tar::header_of({.path = blob_name(digest), .mode = 0644, .size = size});
  co_await sink(header);
  for (std::uint64_t sent = 0; sent < size;) {
    const std::string piece = co_await work.ground.pool.run([file]() -> Result<std::string> {
      std::string bytes(piece_bytes, '\0');
      const ssize_t count = ::read(file->get(), bytes.data(), bytes.size());
      if (count < 0) return failed_errno(errno, "read a blob");
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    });
    if (piece.empty() || piece.size() > size - sent) co_await corrupt("{} was changed on the disk", digest);
    sent += piece.size();
    co_await sink(piece);
  }
  const std::string padding(tar::padding_of(size), '\0');
  if (!padding.empty()) co_await sink(padding);
}

void named(json::Writer& out, std::string_view media_type, std::string_view digest, std::uint64_t size,
           const std::string& name) {
  out.object().key("mediaType").string(media_type).key("digest").string(digest).key("size").number(size);
  if (!name.empty()) {
    out.key("annotations").object().key("io.containerd.image.name").string(name);
    out.key("org.opencontainers.image.ref.name").string(std::string_view(name).substr(name.rfind(':') + 1));
    out.end();
  }
  out.end();
}

// index.json names one document: the only manifest, or the index of several.
std::string layout_index(std::string_view media_type, std::string_view digest, std::uint64_t size,
                         std::vector<std::string> names) {
  if (names.empty()) names.emplace_back();
  json::Writer out;
  out.object().key("schemaVersion").number(2).key("mediaType").string(oci::media_type::index);
  out.key("manifests").array();
  for (const std::string& name : names) named(out, media_type, digest, size, name);
  return out.end().end().take();
}

std::string docker_manifest(const image::Image& image, const std::vector<std::string>& names) {
  json::Writer out;
  out.array().object().key("Config").string(blob_name(image.id)).key("RepoTags");
  if (names.empty()) out.null();
  else out.array();
  for (const std::string& name : names) {
    const auto reference = oci::Reference::parse(name);
    out.string(reference ? reference->familiar() : name);
  }
  if (!names.empty()) out.end();
  out.key("Layers").array();
  for (const std::string& digest : image.layer_digests) out.string(blob_name(digest));
  return out.end().end().end().take();
}

Task<void> write_members(Work& work, std::vector<image::ImagePtr> images, oci::Index index,
                         std::vector<std::string> names, Images::Sink sink) {
  std::set<std::string> digests;
  for (const image::ImagePtr& image : images) {
    digests.insert(image->manifest_digest);
    digests.insert(image->id);
    digests.insert(image->layer_digests.begin(), image->layer_digests.end());
  }
  for (const std::string& digest : digests) co_await send_blob(work, digest, sink);
  std::string rest;
  if (images.size() > 1) {
    const std::string document = oci::encode_index(index);
    const std::string digest = crypto::digest_of(document);
    rest += co_await member(blob_name(digest), document);
    rest +=
        co_await member("index.json", layout_index(oci::media_type::index, digest, document.size(), names));
  } else {
    const std::string& digest = images[0]->manifest_digest;
    const std::string document = co_await work.ground.images.read_blob(digest, oci::manifest_bytes_max);
    rest += co_await member("index.json",
                            layout_index(oci::media_type::manifest, digest, document.size(), names));
    rest += co_await member("manifest.json", docker_manifest(*images[0], names));
  }
  rest += co_await member("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  rest += tar::end_of_archive();
  co_await sink(rest);
}

Task<void> write_piece(io::BlockingPool& pool, std::shared_ptr<io::Fd> file, std::string bytes) {
  co_await pool.run([file, bytes = std::move(bytes)]() -> Result<> {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = ::write(file->get(), bytes.data() + done, bytes.size() - done);
      if (count < 0) return failed_errno(errno, "write the output");
      done += static_cast<std::size_t>(count);
    }
    return {};
  });
}

}  // namespace

Task<void> write_to_file(Work& work, std::string path, std::function<Task<void>(Images::Sink)> write) {
  const std::string partial = path + ".partial";
  auto file = std::make_shared<io::Fd>(
      co_await linux::open_at(AT_FDCWD, partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  io::BlockingPool& pool = work.ground.pool;
  const Images::Sink sink = [&pool, file](std::string_view bytes) {
    return write_piece(pool, file, std::string(bytes));
  };
  const auto written = co_await write(sink).result();
  if (!written) {
    ::unlink(partial.c_str());
    co_await Failure(written.error());
  }
  if (::rename(partial.c_str(), path.c_str()) != 0) co_await failed_errno(errno, "write {}", path);
}

Task<void> write_archive(Work& work, const Export& how, std::vector<image::ImagePtr> images,
                         const oci::Index& index, const std::vector<std::string>& names) {
  const std::function<Task<void>(Images::Sink)> write = [&](Images::Sink sink) {
    return write_members(work, images, index, names, std::move(sink));
  };
  if (!how.dest.empty() && how.dest != "-") co_return co_await write_to_file(work, how.dest, write);
  if (!work.request.output) co_await invalid("there is nowhere to write the output to");
  co_await write(work.request.output);
}

}  // namespace podo::builder
