#include "base/crypto/digest.h"
#include "base/format/json.h"
#include "base/io/combine.h"
#include "container/image/local_images.h"

namespace podo::image {
namespace {

constexpr std::size_t document_bytes_max = 8 << 20;
constexpr unsigned layers_at_once = 3;

struct Slots {
  unsigned free = layers_at_once;
  io::Condition freed{"two layers to be unpacked"};
};

class Slot {
 public:
  explicit Slot(Slots& slots) : slots_(slots) { --slots_.free; }
  Slot(const Slot&) = delete;
  ~Slot() {
    ++slots_.free;
    slots_.freed.notify_one();
  }

 private:
  Slots& slots_;
};

Task<void> when_free(std::shared_ptr<Slots> slots, Task<void> work) {
  while (slots->free == 0) co_await slots->freed.wait();
  Slot slot(*slots);
  co_await work;
}

}  // namespace

Task<ImagePtr> LocalImages::add_image(std::string manifest_digest, std::vector<std::string> references,
                                      ProgressSink progress) {
  auto described = std::make_shared<const Described>(co_await describe(manifest_digest));
  co_await unpack_all(described, std::move(progress));
  const std::string id = described->manifest.config.digest;

  ConfigRecord config{manifest_digest, "", ground_.clock.wall().ns};
  if (auto old = configs_.find(id); old != configs_.end()) config.parent_id = old->second.parent_id;
  configs_[id] = config;
  images_[id] = make_image(*described, config);
  co_await name_image(id, std::move(references));
  for (const std::string& chain_id : images_.at(id)->chain_ids) pins_.erase(chain_id);
  for (const std::string& digest : images_.at(id)->layer_digests) pins_.erase(digest);
  pins_.erase(id);
  pins_.erase(manifest_digest);
  co_return images_.at(id);
}

Task<LocalImages::Described> LocalImages::describe(std::string manifest_digest) {
  Described described;
  const std::string text = co_await read_blob(manifest_digest, document_bytes_max);
  described.manifest = co_await oci::decode_manifest(co_await json::parse(text));
  const std::string& config_digest = described.manifest.config.digest;
  described.config_text = co_await read_blob(config_digest, document_bytes_max);
  described.config = co_await oci::decode_image_config(co_await json::parse(described.config_text));
  if (described.config.diff_ids.size() != described.manifest.layers.size())
    co_await invalid("layers from manifest don't match image configuration");
  co_return described;
}

Task<void> LocalImages::unpack_all(std::shared_ptr<const Described> described, ProgressSink progress) {
  const std::vector<std::string> chain_ids = chain_ids_of(described->config.diff_ids);
  auto slots = std::make_shared<Slots>();
  std::vector<Task<void>> work;
  for (std::size_t i = 0; i < chain_ids.size(); ++i) {
    if (layers_.contains(chain_ids[i])) continue;
    work.push_back(
        when_free(slots, unpack_one(described->manifest.layers[i].digest, described->config.diff_ids[i],
                                    i == 0 ? "" : chain_ids[i - 1], progress)));
  }
  co_await io::all(std::move(work));
  std::uint64_t sum = 0;
  store::Transaction learnt;
  for (std::size_t i = 0; i < chain_ids.size(); ++i) {
    auto layer = layers_.find(chain_ids[i]);
    if (layer == layers_.end())
      co_await unavailable("the layer {} was removed meanwhile", short_id(chain_ids[i]));
    const std::string& blob = described->manifest.layers[i].digest;
    if (!has_blob(blob)) co_await unavailable("the layer {} was removed meanwhile", short_id(blob));
    LayerRecord& known = layer->second;
    sum += known.bytes;
    if (!known.blob.empty() && has_blob(known.blob)) continue;
    known.blob = blob;
    if (i > 0) known.parent = chain_ids[i - 1];
    learnt.then.push_back(store::put(std::string(keys::layer) + chain_ids[i], encode(known)));
  }
  if (!learnt.then.empty()) co_await record(std::move(learnt));
  if (sum > 4 * options_.layer_bytes_max) co_await exhausted("an image of {} bytes", sum);
}

ImagePtr LocalImages::make_image(const Described& described, const ConfigRecord& config) const {
  auto image = std::make_shared<Image>();
  image->id = described.manifest.config.digest;
  image->config = described.config;
  image->config_text = described.config_text;
  image->manifest_digest = config.manifest_digest;
  for (const oci::Descriptor& layer : described.manifest.layers) image->layer_digests.push_back(layer.digest);
  image->chain_ids = chain_ids_of(described.config.diff_ids);
  for (const std::string& chain_id : image->chain_ids) {
    const auto layer = layers_.find(chain_id);
    image->layer_sizes.push_back(layer == layers_.end() ? 0 : layer->second.bytes);
    image->size_bytes += image->layer_sizes.back();
  }
  image->parent_id = config.parent_id;
  image->last_tagged = Wall{config.tagged_ns};
  return image;
}

}  // namespace podo::image
