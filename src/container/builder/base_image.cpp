#include "container/builder/base_image.h"

#include <fcntl.h>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/builder/config_change.h"
#include "container/builder/trees.h"

namespace podo::builder {
namespace {

constexpr std::string_view image_scheme = "docker-image://", layout_scheme = "oci-layout://";

bool is_for(const image::Image& image, const oci::Platform& platform) {
  const oci::Platform own{
      .os = image.config.os, .architecture = image.config.architecture, .variant = image.config.variant};
  return own.architecture.empty() || platform.suits(own) > 0;
}

State state_of(const image::Image& image) {
  State state;
  state.config = image.config;
  state.chain_ids = image.chain_ids;
  state.keys.resize(image.chain_ids.size());
  state.base_layers = image.chain_ids.size();
  state.image_id = image.id;
  return state;
}

const std::string& place_of(const Work& work, const std::string& context) {
  return work.request.named_contexts.at(context);
}

// A folder, a repository or an archive: opened once a build.
Task<const Tree*> open_named(Work& work, std::string name) {
  auto known = work.named.find(name);
  if (known == work.named.end()) {
    const std::string& place = place_of(work, name);
    ContextSource source;
    if (place.starts_with('/')) source.folder = place;
    else if (is_git_url(place) || is_url(place)) source.remote = place;
    else co_return invalid("the context {}: {} is neither a folder nor a URL nor an image", name, place);
    const std::string folder = text("{}/{}", work.folder, work.next_name());
    auto context = co_await open_context(work.contexts, folder, source, "Dockerfile", std::string());
    known = work.named.emplace(name, std::move(context)).first;  // or the one that was quicker
  }
  co_return &known->second->tree();
}

// FROM a folder: its files are the first layer.
Task<image::Images::KeptLayer> fill_from(Work& work, const Tree* from) {
  const Tree tree = *from;
  MountedTree target = co_await mount_tree(work, {});
  const auto filled = co_await io::shielded(work.ground.pool.run([tree, path = target.path,
                                                                  epoch = work.epoch]() -> Result<> {
                        const io::Fd root =
                            TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY));
                        const Selected all = TRY(select(tree, {"."}, {}));
                        return put(tree, all, root.get(), "/", {.times_at_most = epoch});
                      })).result();
  if (!filled) {
    co_await drop_tree(work, std::move(target));
    co_return Failure(filled.error());
  }
  co_return co_await keep_tree(work, std::move(target));
}

Task<image::ImagePtr> find_context_image(Work& work, std::string name, oci::Platform platform, int step) {
  const std::string& place = place_of(work, name);
  if (place.starts_with(image_scheme))
    co_return co_await find_image(work, place.substr(image_scheme.size()), platform, step);
  if (place.starts_with(layout_scheme))
    co_return co_await load_layout(work, place.substr(layout_scheme.size()), platform);
  co_return nullptr;
}

}  // namespace

image::Credentials credentials_for(const Work& work, const oci::Reference& reference) {
  const auto& all = work.request.credentials;
  auto found = all.find(reference.domain);
  if (found == all.end() && reference.domain == "docker.io") found = all.find("https://index.docker.io/v1/");
  return found == all.end() ? image::Credentials() : found->second;
}

Task<image::ImagePtr> find_image(Work& work, std::string name, oci::Platform platform, int step) {
  const oci::Reference reference = co_await oci::Reference::parse(name);
  auto& known = work.images_used[name + " " + platform.to_text()];
  if (known) co_return known;
  auto here = work.ground.images.get(reference.to_text());
  if (!here) here = work.ground.images.get(name);  // by its id
  const bool fits = here && is_for(**here, platform);
  if (work.request.pull == PullPolicy::missing && fits) co_return known = *here;
  const image::ProgressSink progress = [&work, step](const image::Progress& of) {
    BuildEvent event{.kind = BuildEvent::Kind::progress, .step = step};
    event.progress = of;
    work.tell(event);
  };
  image::PullOptions options{.platform = platform, .credentials = credentials_for(work, reference)};
  co_return known = co_await work.ground.registry.pull(reference, std::move(options), progress);
}

Task<State> begin_state(Work& work, Origin origin, oci::Platform platform, int step) {
  if (origin.kind == Origin::Kind::scratch) co_return State{.config = scratch_config(platform)};
  image::ImagePtr image;
  if (origin.kind == Origin::Kind::image) image = co_await find_image(work, origin.name, platform, step);
  else image = co_await find_context_image(work, origin.name, platform, step);
  if (image) co_return state_of(*image);

  const Tree* tree = co_await open_named(work, origin.name);
  State state{.config = scratch_config(platform)};
  const auto layer = co_await fill_from(work, tree);
  state.add_layer(layer, "");
  if (!layer.diff_id.empty()) state.add_history(work.now(), "FROM " + origin.name, false);
  state.base_layers = state.chain_ids.size();
  co_return state;
}

Task<Source> find_context(Work& work, std::string name, oci::Platform platform, int step) {
  if (const image::ImagePtr image = co_await find_context_image(work, name, platform, step))
    co_return Source{.chain_ids = image->chain_ids};
  co_return Source{.tree = co_await open_named(work, name)};
}

}  // namespace podo::builder
