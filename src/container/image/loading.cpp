#include "container/image/loading.h"

#include <algorithm>
#include <map>

#include "base/format/json.h"

namespace podo::image {
namespace {

constexpr unsigned index_depth_max = 4;
constexpr std::size_t layers_max = 500;  // more no kernel mounts

std::string blob_name(std::string_view digest) {
  std::string name = "blobs/" + std::string(digest);
  name[name.find(':')] = '/';
  return name;
}

Result<std::string> complete(std::string_view tag) { return TRY(oci::Reference::parse(tag)).to_text(); }

Result<const ArchivedFile*> get(const ArchiveFiles& files, std::string_view name) {
  const ArchivedFile* file = files.find(name);
  if (file == nullptr) return invalid("the archive has no {}, which one of its images needs", name);
  return file;
}

Result<LoadedImage> read_oci_image(const ArchiveFiles& files, const oci::Descriptor& descriptor) {
  LoadedImage image;
  image.manifest_text = TRY(files.read(blob_name(descriptor.digest)));
  json::Document document = TRY(json::parse(image.manifest_text));
  oci::Manifest manifest = TRY(oci::decode_manifest(document));
  const ArchivedFile* config = TRY(get(files, blob_name(manifest.config.digest)));
  if (config->digest != manifest.config.digest)
    return corrupt("{} has other content", manifest.config.digest);
  image.config_text = TRY(files.read(blob_name(manifest.config.digest)));
  for (const oci::Descriptor& layer : manifest.layers) {
    const ArchivedFile* file = TRY(get(files, blob_name(layer.digest)));
    if (file->digest != layer.digest) return corrupt("{} has other content", layer.digest);
    image.layers.push_back(*file);
  }
  return image;
}

Result<> read_index(const ArchiveFiles& files, const std::string& text, std::string name,
                    const oci::Platform& own, unsigned depth, std::vector<LoadedImage>& images) {
  if (depth == index_depth_max) return invalid("indexes within one another");
  json::Document document = TRY(json::parse(text));
  const oci::Index index = TRY(oci::decode_index(document));
  // Below the outermost, an index is one image for several platforms.
  const oci::Descriptor* best = nullptr;
  int best_suits = 0;
  for (const oci::Descriptor& descriptor : index.manifests) {
    auto annotation = [&](const char* key) {
      auto at = descriptor.annotations.find(key);
      return at == descriptor.annotations.end() ? std::string() : at->second;
    };
    if (depth > 0) {
      const int suits = descriptor.platform ? own.suits(*descriptor.platform) : 1;
      if (suits > best_suits && files.find(blob_name(descriptor.digest)) != nullptr) {
        best = &descriptor;
        best_suits = suits;
      }
      continue;
    }
    std::string full = annotation("io.containerd.image.name");
    if (full.empty()) full = annotation("org.opencontainers.image.ref.name");
    if (auto tag = complete(full); tag && full.find_first_of("/:") != std::string::npos) full = *tag;
    else full.clear();  // a tag alone names nothing
    if (descriptor.media_type == oci::media_type::index ||
        descriptor.media_type == oci::media_type::docker_list) {
      TRY(read_index(files, TRY(files.read(blob_name(descriptor.digest))), full, own, depth + 1, images));
      continue;
    }
    images.push_back(TRY(read_oci_image(files, descriptor)));
    if (!full.empty()) images.back().tags.push_back(std::move(full));
  }
  if (depth == 0) return {};
  if (best == nullptr) return not_found("no image for {} in the archive", own.to_text());
  images.push_back(TRY(read_oci_image(files, *best)));
  if (!name.empty()) images.back().tags.push_back(std::move(name));
  return {};
}

Result<LoadedImage> read_docker_image(const ArchiveFiles& files, const json::Field& item) {
  LoadedImage image;
  image.config_text = TRY(files.read(TRY(item["Config"].string())));
  for (std::size_t i = 0; i < item["RepoTags"].size(); ++i)
    image.tags.push_back(TRY(complete(TRY(item["RepoTags"][i].string()))));
  if (item["Layers"].size() > layers_max) return invalid("max depth exceeded");
  for (std::size_t i = 0; i < item["Layers"].size(); ++i)
    image.layers.push_back(*TRY(get(files, TRY(item["Layers"][i].string()))));
  return image;
}

// A manifest that came along keeps its bytes, and so its digest.
void match_manifests(const ArchiveFiles& files, const oci::Platform& own, std::vector<LoadedImage>& images) {
  auto text = files.read("index.json");
  if (!text) return;
  std::vector<LoadedImage> known;
  if (!read_index(files, *text, "", own, 0, known)) return;  // the other documents are enough
  for (LoadedImage& image : images)
    for (const LoadedImage& other : known) {
      const bool same =
          other.config_text == image.config_text &&
          std::equal(other.layers.begin(), other.layers.end(), image.layers.begin(), image.layers.end(),
                     [](const auto& a, const auto& b) { return a.digest == b.digest; });
      if (same) image.manifest_text = other.manifest_text;
    }
}

Result<LoadedImage> read_legacy_image(const ArchiveFiles& files, std::string id) {
  LoadedImage image;
  oci::ImageConfig config;
  const std::string topmost = id;
  while (!id.empty()) {
    if (image.layers.size() == layers_max) return invalid("max depth exceeded");
    json::Document document = TRY(json::parse(TRY(files.read(id + "/json"))));
    json::Field root(document);
    if (id == topmost) config = TRY(oci::decode_image_config(document));
    image.layers.push_back(*TRY(get(files, id + "/layer.tar")));
    config.history.push_back({.created = std::string(TRY(root["created"].string_or(""))),
                              .created_by = {},
                              .author = {},
                              .comment = {},
                              .empty_layer = false});
    id = TRY(root["parent"].string_or(""));
  }
  std::reverse(image.layers.begin(), image.layers.end());
  std::reverse(config.history.begin(), config.history.end());
  config.diff_ids.clear();
  for (const ArchivedFile& layer : image.layers)
    config.diff_ids.push_back(layer.digest);  // layer.tar is plain
  if (config.os.empty()) config.os = "linux";
  image.config_text = oci::encode_image_config(config);
  return image;
}

Result<std::vector<LoadedImage>> read_legacy(const ArchiveFiles& files, std::string text) {
  json::Document document = TRY(json::parse(std::move(text)));
  std::map<std::string, std::vector<std::string>> by_id;
  for (auto [name, tags] : document.root().members())
    for (auto [tag, id] : tags.members()) {
      if (!id.is(json::Kind::string)) return invalid("the archive's repositories are damaged");
      by_id[std::string(id.string())].push_back(TRY(complete(podo::text("{}:{}", name, tag))));
    }
  std::vector<LoadedImage> images;
  for (auto& [id, tags] : by_id) {
    images.push_back(TRY(read_legacy_image(files, id)));
    images.back().tags = std::move(tags);
  }
  return images;
}

}  // namespace

Result<std::vector<LoadedImage>> find_images(const ArchiveFiles& files, const oci::Platform& own) {
  std::vector<LoadedImage> images;
  if (files.find("manifest.json") != nullptr) {
    json::Document document = TRY(json::parse(TRY(files.read("manifest.json"))));
    json::Field root(document);
    TRY(root.array());
    for (std::size_t i = 0; i < root.size(); ++i) images.push_back(TRY(read_docker_image(files, root[i])));
    match_manifests(files, own, images);
    return images;
  }
  if (files.find("index.json") != nullptr) {
    TRY(read_index(files, TRY(files.read("index.json")), "", own, 0, images));
    return images;
  }
  if (files.find("repositories") != nullptr) return read_legacy(files, TRY(files.read("repositories")));
  return invalid("invalid archive: does not contain a manifest.json");
}

}  // namespace podo::image
