// What `docker images --tree` asks for: the manifest behind an image.
#include "container/docker/image_list.h"

namespace podo::docker {
namespace {

struct Sizes {
  std::uint64_t manifest = 0, packed = 0;  // packed: what a registry would hold
};

Task<Sizes> sizes_of(Call& call, std::string digest) {
  Sizes sizes;
  std::string text = co_await call.images().read_blob(digest, oci::manifest_bytes_max);
  sizes.manifest = sizes.packed = text.size();
  const json::Document document = co_await json::parse(std::move(text));
  const auto manifest = co_await oci::decode_manifest(document);
  sizes.packed += manifest.config.size;
  for (const auto& layer : manifest.layers) sizes.packed += layer.size;
  co_return sizes;
}

}  // namespace

Task<std::string> manifests_json(Call& call, image::ImagePtr image) {
  const auto sizes = co_await sizes_of(call, image->manifest_digest).result();
  if (!sizes) co_return "[]";
  json::Writer out;
  out.array().object().key("ID").string(image->manifest_digest).key("Descriptor").object();
  out.key("mediaType").string(oci::media_type::manifest).key("digest").string(image->manifest_digest);
  out.key("size").number(sizes->manifest).end();
  out.key("Available").boolean(true).key("Size").object().key("Content").number(sizes->packed);
  out.key("Total").number(sizes->packed + image->size_bytes).end();
  out.key("Kind").string("image").key("ImageData").object().key("Platform");
  write_platform(out, {.os = image->config.os,
                       .architecture = image->config.architecture,
                       .variant = image->config.variant,
                       .os_version = image->config.os_version});
  out.key("Containers").array();
  for (const auto& container : call.engine().list())
    if (container->image != nullptr && container->image->id == image->id) out.string(container->id);
  out.end().key("Size").object().key("Unpacked").number(image->size_bytes).end();
  co_return out.end().end().end().take();
}

}  // namespace podo::docker
