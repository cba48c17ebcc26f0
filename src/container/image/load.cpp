#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/format/json.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/image/loading.h"
#include "container/image/local_images.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// Some bytes of the body, at least one unless it has ended; many small reads become one piece.
Task<std::string> read_piece(http::Body& body) {
  std::string piece(piece_bytes, '\0');
  std::size_t size = 0;
  while (size < piece.size()) {
    const std::size_t count = co_await body.read(io::writable_bytes_of(piece).subspan(size));
    if (count == 0) break;
    size += count;
  }
  piece.resize(size);
  co_return piece;
}

// The next piece comes while the last one is worked on.
Task<void> pass_on(io::BlockingPool& pool, http::Body& body, std::shared_ptr<ArchiveFiles> files) {
  auto piece = std::make_shared<std::string>(co_await read_piece(body));
  while (!piece->empty()) {
    auto both = co_await io::all(read_piece(body), pool.run([files, piece] { return files->take(*piece); }));
    piece = std::make_shared<std::string>(std::move(std::get<0>(both)));
  }
  co_await pool.run([files] { return files->finish(); });
}

Result<std::string> manifest_of(const LoadedImage& loaded, const std::string& config_digest) {
  if (!loaded.manifest_text.empty()) return loaded.manifest_text;
  oci::Manifest manifest;
  manifest.media_type = oci::media_type::manifest;
  manifest.config.media_type = oci::media_type::config;
  manifest.config.digest = config_digest;
  manifest.config.size = loaded.config_text.size();
  for (const ArchivedFile& layer : loaded.layers) {
    oci::Descriptor descriptor;
    descriptor.media_type = TRY(layer_media_type(layer.path));
    descriptor.digest = layer.digest;
    descriptor.size = layer.size;
    manifest.layers.push_back(std::move(descriptor));
  }
  return oci::encode_manifest(manifest);
}

}  // namespace

Task<std::vector<std::string>> LocalImages::load(http::Body& archive, ProgressSink progress) {
  WorkPlace work(*this);
  co_await make_folders(work.path(), 0700);
  auto files = std::make_shared<ArchiveFiles>(work.path());
  co_await pass_on(ground_.pool, archive, files);
  std::vector<LoadedImage> images =
      co_await ground_.pool.run([files] { return find_images(*files, oci::Platform::own()); });

  std::vector<std::string> manifests, told;
  for (const LoadedImage& image : images) {  // before files move away: they are looked into
    const std::string config_digest = co_await add_blob(image.config_text);
    manifests.push_back(co_await add_blob(co_await manifest_of(image, config_digest)));
  }
  for (const LoadedImage& image : images) {
    for (const ArchivedFile& layer : image.layers) {
      if (has_blob(layer.digest)) continue;
      if (::rename(layer.path.c_str(), folders_.blob(layer.digest).c_str()) != 0)
        co_await failed_errno(errno, "rename {}", layer.path);
      co_await hold_blob(layer.digest, layer.size);
    }
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::vector<std::string> tags = images[i].tags;
    ImagePtr added = co_await add_image(manifests[i], tags, progress);
    for (const std::string& tag : tags) told.push_back((co_await oci::Reference::parse(tag)).familiar());
    if (tags.empty()) told.push_back(added->id);
  }
  co_return told;
}

// A body as a file; gives its digest.
Task<std::string> LocalImages::receive(http::Body& archive, std::string path) {
  struct Receiver {
    io::Fd file;
    crypto::Digest digest;
  };
  auto receiver = std::make_shared<Receiver>();
  receiver->file = co_await linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  auto piece = std::make_shared<std::string>(co_await read_piece(archive));
  while (!piece->empty()) {
    auto put_down = [receiver, piece]() -> Result<> {
      receiver->digest.add(*piece);
      for (std::string_view rest = *piece; !rest.empty();) {
        const ssize_t count = ::write(receiver->file.get(), rest.data(), rest.size());
        if (count < 0) return failed_errno(errno, "write an archive");
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
      return {};
    };
    auto both = co_await io::all(read_piece(archive), ground_.pool.run(std::move(put_down)));
    piece = std::make_shared<std::string>(std::move(std::get<0>(both)));
  }
  co_return receiver->digest.text();
}

Task<ImagePtr> LocalImages::import(http::Body& archive, std::string reference, std::string config_json,
                                   std::string message) {
  oci::ImageConfig config = co_await oci::decode_image_config(co_await json::parse(std::move(config_json)));
  std::vector<std::string> references;
  if (!reference.empty()) references.push_back((co_await oci::Reference::parse(reference)).to_text());
  WorkPlace work(*this);
  const std::string digest = co_await receive(archive, work.path());
  const std::string diff_id = co_await unpack_unnamed(work.path(), "");
  struct stat status;
  if (stat(work.path().c_str(), &status) != 0) co_await failed_errno(errno, "stat {}", work.path());
  if (!has_blob(digest)) {
    if (::rename(work.path().c_str(), folders_.blob(digest).c_str()) != 0)
      co_await failed_errno(errno, "rename {}", work.path());
    co_await hold_blob(digest, static_cast<std::uint64_t>(status.st_size));
  }
  config.diff_ids = {diff_id};
  config.history = {{.created = config.created,
                     .created_by = {},
                     .author = {},
                     .comment = message.empty() ? "Imported from -" : std::move(message),
                     .empty_layer = false}};
  co_return co_await image_of_layer(std::move(config), nullptr, digest, std::move(references), "");
}

}  // namespace podo::image
