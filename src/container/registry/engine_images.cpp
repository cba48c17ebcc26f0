// What the engine has under the name a client used, without having been pushed. Where one has to say who one
// is, nothing: the engine's images are not the registry's to give.
#include <algorithm>

#include "container/registry/server_state.h"

namespace podo::registry {
namespace {

// "HOST/repository:tag", "docker.io/library/repository:tag" -> the tag, when the name fits.
std::optional<std::string_view> tag_under(std::string_view reference, std::string_view host,
                                          std::string_view repository) {
  auto behind = [&](std::string_view prefix) -> std::optional<std::string_view> {
    if (prefix == "/" || !reference.starts_with(prefix)) return std::nullopt;
    const std::string_view rest = reference.substr(prefix.size());
    if (!rest.starts_with(repository) || rest.size() <= repository.size() || rest[repository.size()] != ':')
      return std::nullopt;
    return rest.substr(repository.size() + 1);
  };
  if (auto tag = behind(std::string(host) + "/")) return tag;
  return behind(repository.contains('/') ? "docker.io/" : "docker.io/library/");
}

bool consists_of(const image::Image& image, std::string_view digest) {
  return image.id == digest || image.manifest_digest == digest ||
         std::find(image.layer_digests.begin(), image.layer_digests.end(), digest) !=
             image.layer_digests.end();
}

}  // namespace

// Only with a host that the client named, and only where nothing was pushed: a repository that was pushed to
// has what was pushed, and what was deleted stays deleted.
image::ImagePtr Server::State::engine_image(std::string_view host, const std::string& repository,
                                            std::string_view reference) const {
  if (!options.serve_images || !access->open_to_all() || catalog.find(repository) != nullptr) return nullptr;
  for (const image::ImagePtr& image : ground.images.list())
    for (const std::string& name : image->tags) {
      const auto tag = tag_under(name, host, repository);
      const bool meant = tag && (*tag == reference || image->manifest_digest == reference);
      if (meant && ground.images.has_blob(image->manifest_digest)) return image;
    }
  return nullptr;
}

bool Server::State::engine_has_blob(std::string_view digest) const {
  if (!options.serve_images || !access->open_to_all()) return false;
  for (const image::ImagePtr& image : ground.images.list())
    if (consists_of(*image, digest)) return true;
  return false;
}

}  // namespace podo::registry
