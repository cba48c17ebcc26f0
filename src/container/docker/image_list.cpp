// GET /images/json.
#include "container/docker/image_list.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/core/timestamp.h"
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/names.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

// One of the patterns fits a name of the image, with its tag or without.
bool takes_reference(const Filters& filters, const image::Image& image) {
  const auto patterns = filters.values("reference");
  if (patterns.empty()) return true;
  const auto fits = [&](const std::string& complete) {
    const std::string name = familiar(complete), bare = familiar_name(complete);
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return matches_glob(pattern, name) || matches_glob(pattern, bare) || matches_glob(pattern, complete);
    });
  };
  return std::any_of(image.tags.begin(), image.tags.end(), fits) ||
         std::any_of(image.digests.begin(), image.digests.end(), fits);
}

struct Wanted {
  Filters filters;
  bool all = false;
  std::optional<bool> dangling;
  Wall before{std::numeric_limits<std::int64_t>::max()}, since{std::numeric_limits<std::int64_t>::min()};

  bool takes(const image::Image& image, const std::set<std::string>& parents) const {
    if (dangling && is_dangling(image) != *dangling) return false;
    if (!all && image.tags.empty() && image.digests.empty() && parents.contains(image.id)) return false;
    const Wall created = created_at(image);
    return created < before && created > since && filters.labels(image.config.labels) &&
           takes_reference(filters, image);
  }
};

Result<Wanted> wanted_of(const Call& call) {
  Wanted wanted;
  wanted.filters = TRY(Filters::parse(call.query("filters")));
  const Filters& filters = wanted.filters;
  TRY(filters.allow({"before", "dangling", "label", "label!", "reference", "since", "until"}));
  wanted.all = call.flag("all");
  if (filters.has("dangling")) wanted.dangling = TRY(filters.truth("dangling", false));
  for (const auto& name : filters.values("before")) {
    wanted.before = std::min(wanted.before, created_at(*TRY(call.images().get(name))));
  }
  for (const auto& name : filters.values("since")) {
    wanted.since = std::max(wanted.since, created_at(*TRY(call.images().get(name))));
  }
  for (const auto& instant : filters.values("until")) {
    wanted.before = std::min(wanted.before, TRY(parse_instant(instant, call.now())));
  }
  return wanted;
}

void write_names(json::Writer& out, std::string_view key, const std::vector<std::string>& names) {
  out.key(key).array();
  for (const auto& name : names) out.string(familiar(name));
  out.end();
}

}  // namespace

Wall created_at(const image::Image& image) {
  const auto created = parse_rfc3339(image.config.created);
  return created ? *created : Wall{};
}

bool is_dangling(const image::Image& image) { return image.tags.empty(); }

std::int64_t containers_of(const Call& call, const image::Image& image) {
  const auto containers = call.engine().list();
  return std::count_if(containers.begin(), containers.end(), [&](const engine::ContainerPtr& container) {
    return container->image != nullptr && container->image->id == image.id;
  });
}

std::int64_t shared_bytes(const image::Image& image, const std::vector<image::ImagePtr>& all) {
  std::set<std::string_view> elsewhere;
  for (const auto& other : all) {
    if (other->id != image.id) elsewhere.insert(other->chain_ids.begin(), other->chain_ids.end());
  }
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < image.layer_sizes.size() && i < image.chain_ids.size(); ++i) {
    if (elsewhere.contains(image.chain_ids[i])) bytes += static_cast<std::int64_t>(image.layer_sizes[i]);
  }
  return bytes;
}

void write_listed(json::Writer& out, const Call& call, const image::Image& image, const ImageSizes& sizes,
                  const std::string& manifests) {
  out.object();
  member(out, "Containers", sizes.containers);
  member(out, "Created", created_at(image).ns / 1'000'000'000);
  member(out, "Id", image.id);
  member_or_null(out, "Labels", image.config.labels);
  if (!manifests.empty()) out.key("Manifests").raw(manifests);
  member(out, "ParentId", image.parent_id);
  if (is_dangling(image) && call.version < 43) {
    out.key("RepoDigests").array();
    if (image.digests.empty()) out.string("<none>@<none>");
    for (const auto& digest : image.digests) out.string(familiar(digest));
    out.end().key("RepoTags").array().string("<none>:<none>").end();
  } else {
    write_names(out, "RepoDigests", image.digests);
    write_names(out, "RepoTags", image.tags);
  }
  member(out, "SharedSize", sizes.shared);
  member(out, "Size", image.size_bytes);
  if (call.version < 44) member(out, "VirtualSize", image.size_bytes);
  out.end();
}

Task<void> list_images(Call& call) {
  const Wanted wanted = co_await wanted_of(call);
  auto images = call.images().list();
  std::set<std::string> parents;
  for (const auto& image : images) parents.insert(image->parent_id);
  std::stable_sort(images.begin(), images.end(), [](const image::ImagePtr& a, const image::ImagePtr& b) {
    return created_at(*a) > created_at(*b);
  });
  const bool count_containers = call.flag("containers"), count_shared = call.flag("shared-size");
  const bool shows_manifests = call.version >= 47 && call.flag("manifests");
  json::Writer out;
  out.array();
  for (const auto& image : images) {
    if (!wanted.takes(*image, parents)) continue;
    ImageSizes sizes;
    if (count_containers) sizes.containers = containers_of(call, *image);
    if (count_shared) sizes.shared = shared_bytes(*image, images);
    write_listed(out, call, *image, sizes, shows_manifests ? co_await manifests_json(call, image) : "");
  }
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
