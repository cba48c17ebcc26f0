#include "container/builder/export.h"

#include <fcntl.h>

#include <filesystem>

#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/builder/archive.h"
#include "container/builder/base_image.h"
#include "container/builder/cache_places.h"
#include "container/builder/squash.h"
#include "container/builder/trees.h"

namespace podo::builder {
namespace {

using Kind = Export::Kind;

Result<Kind> kind_of(std::string_view type) {
  constexpr std::pair<std::string_view, Kind> kinds[] = {
      {"image", Kind::image}, {"docker", Kind::docker}, {"oci", Kind::oci},
      {"tar", Kind::tar},     {"local", Kind::local},   {"registry", Kind::registry}};
  for (const auto& [name, kind] : kinds)
    if (type == name) return kind;
  return unsupported("Unsupported: an output of type {} (image, docker, oci, tar, local and registry are)",
                     type);
}

void say(Work& work, std::string text) {
  BuildEvent note{.kind = BuildEvent::Kind::note};
  note.text = std::move(text);
  work.tell(note);
}

// --- an image here ---------------------------------------------------------------------------------------

std::map<std::string, std::string> annotations_of(const Work& work, const State& state) {
  auto annotations = work.request.annotations;
  if (!work.inline_cache) return annotations;
  std::string keys;
  for (std::size_t i = 0; i < state.keys.size(); ++i) keys += (i == 0 ? "" : ",") + state.keys[i];
  annotations[std::string(steps_annotation)] = std::move(keys);
  return annotations;
}

struct Recorded {
  image::ImagePtr image;
  oci::Platform platform;
  bool is_new = false;
};

// An image that is here already, because nothing was changed, only gets its names.
Task<Recorded> record(Work& work, Built built, std::vector<std::string> names) {
  image::Images& images = work.ground.images;
  for (const auto& [name, value] : work.request.labels) {
    if (built.state.config.labels[name] == value) continue;
    built.state.config.labels[name] = value;
    built.state.image_id.clear();
  }
  if (work.request.squash) co_await squash(work, built.state);
  auto annotations = annotations_of(work, built.state);
  const std::string id = built.state.image_id.empty() ? built.state.id() : built.state.image_id;
  const auto known = images.get(id);
  if (known && annotations.empty()) {
    for (const std::string& name : names) co_await images.tag(id, name);
    co_return Recorded{.image = co_await images.get(id), .platform = built.platform};
  }
  auto image =
      co_await images.add_built(std::move(built.state.config), std::move(names), "", std::move(annotations));
  co_return Recorded{.image = std::move(image), .platform = built.platform, .is_new = !known};
}

// --- trees -----------------------------------------------------------------------------------------------

Task<void> write_folder(Work& work, std::string from, std::string dest) {
  co_await io::shielded(work.ground.pool.run([from, dest]() -> Result<> {
    std::error_code error;
    std::filesystem::create_directories(dest, error);
    if (error) return failed_errno(error.value(), "make {}", dest);
    const io::Fd root = TRY(linux::open_at(AT_FDCWD, dest.c_str(), O_RDONLY | O_DIRECTORY));
    const Tree tree{.path = from, .keep_owner = true};
    const Selected all = TRY(select(tree, {"."}, {.may_be_empty = true}));
    return put(tree, all, root.get(), "/", {.instruction = "export"});
  }));
}

Task<void> write_tree(Work& work, const Export& how, const State& state, std::string below) {
  MountedTree tree = co_await mount_tree(work, state.chain_ids);
  Result<void> written;
  if (how.kind == Kind::local) written = co_await write_folder(work, tree.path, how.dest + below).result();
  else if (how.dest.empty() || how.dest == "-")
    written = co_await work.ground.images.export_tree(tree.path, work.request.output).result();
  else
    written = co_await write_to_file(work, how.dest, [&work, path = tree.path](image::Images::Sink sink) {
                return work.ground.images.export_tree(path, std::move(sink));
              }).result();
  co_await drop_tree(work, std::move(tree));
  co_await std::move(written);
}

// --- several platforms -----------------------------------------------------------------------------------

Task<oci::Descriptor> describe(Work& work, const Recorded& recorded) {
  const std::string text =
      co_await work.ground.images.read_blob(recorded.image->manifest_digest, oci::manifest_bytes_max);
  co_return oci::Descriptor{.media_type = std::string(oci::media_type::manifest),
                            .digest = recorded.image->manifest_digest,
                            .size = text.size(),
                            .platform = recorded.platform};
}

Task<void> forget(Work& work, const std::vector<Recorded>& all) {
  image::Images::RemoveOptions always;
  always.force = true;
  for (const Recorded& each : all) {
    if (!each.is_new) continue;
    const auto removed = co_await work.ground.images.remove(each.image->id, always).result();
    if (!removed) work.ground.log.warn("remove an image that was exported: {}", removed.error().message());
  }
}

Task<BuildResult> export_images(Work& work, const Export& how, std::vector<Built> built,
                                const std::vector<std::string>& names) {
  const bool single = built.size() == 1;
  std::vector<Recorded> all;
  say(work, "exporting layers");
  for (Built& each : built) {
    const bool named = how.keeps_image() && single;
    all.push_back(co_await record(work, std::move(each), named ? names : std::vector<std::string>()));
  }
  BuildResult result;
  result.named = names;
  result.digest = all[0].image->manifest_digest;
  oci::Index index;
  index.media_type = oci::media_type::index;
  if (!single) {
    for (const Recorded& each : all) index.manifests.push_back(co_await describe(work, each));
    index.annotations = work.request.annotations;
    result.digest = co_await work.ground.images.add_blob(oci::encode_index(index));
  }
  if (how.kind == Kind::registry || how.push) {
    if (names.empty()) co_return invalid("a name is needed to push: give one with --tag");
    for (const std::string& name : names) {
      const oci::Reference reference = co_await oci::Reference::parse(name);
      const image::PushOptions options{.credentials = credentials_for(work, reference)};
      const image::ProgressSink progress = [&work](const image::Progress& of) {
        BuildEvent event{.kind = BuildEvent::Kind::progress};
        event.progress = of;
        work.tell(event);
      };
      say(work, "pushing " + reference.familiar());
      if (single) co_await work.ground.registry.push(reference, options, progress);
      else co_await work.ground.registry.push_index(reference, index, options, progress);
    }
  } else if (how.kind != Kind::image) {
    std::vector<image::ImagePtr> images;
    for (const Recorded& each : all) images.push_back(each.image);
    co_await write_archive(work, how, images, index, names);
    co_await forget(work, all);
    co_return result;
  } else if (!single) {
    co_return unsupported(
        "Unsupported: an image of several platforms is not kept here; push it (--push) or write it "
        "(--output type=oci,dest=FILE)");
  }
  result.image = single ? all[0].image : nullptr;
  co_return result;
}

}  // namespace

Result<Export> parse_export(std::string_view text) {
  Export how;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == part.npos) return invalid("invalid output {}: expected key=value", part);
    const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
    if (name == "type") how.kind = TRY(kind_of(value));
    else if (name == "dest") how.dest = value;
    else if (name == "name") how.names.push_back(TRY(oci::Reference::parse(value)).to_text());
    else if (name == "push") how.push = value == "true" || value == "1";
  }
  if (how.kind == Kind::local && !how.dest.starts_with('/'))
    return invalid("an output of type local needs dest with an absolute path");
  return how;
}

Task<BuildResult> export_result(Work& work, Export how, std::vector<Built> built) {
  if (!how.needs_image()) {
    for (const Built& each : built) {
      std::string below;
      if (built.size() > 1) below = "/" + each.platform.to_text();
      for (std::size_t i = 1; i < below.size(); ++i) below[i] = below[i] == '/' ? '_' : below[i];
      co_await write_tree(work, how, each.state, below);
    }
    co_return BuildResult{};
  }
  std::vector<std::string> names = how.names;
  for (const std::string& tag : work.request.tags) {
    const oci::Reference reference = co_await oci::Reference::parse(tag);
    names.push_back(reference.to_text());
  }
  co_return co_await export_images(work, how, std::move(built), names);
}

}  // namespace podo::builder
