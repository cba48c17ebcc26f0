// `docker rmi`: which names go, whether the image goes with them, and what forbids it, in Docker's words.
//
// A name is given: it is taken away; if it was the last, the image goes too. An id is given: the image goes
// with all its names, if those are of one repository. A running container always forbids it; a stopped one,
// or names in several repositories, unless forced.
#include <algorithm>

#include "container/image/local_images.h"

namespace podo::image {
namespace {

std::string repository_of(std::string_view reference) {
  const std::size_t at = reference.find('@');
  if (at != std::string_view::npos) return std::string(reference.substr(0, at));
  return std::string(reference.substr(0, reference.rfind(':')));
}

bool is_digest_reference(std::string_view reference) { return reference.find('@') != std::string_view::npos; }

// One name, or several of one repository of which at most one is a tag.
bool is_single(const std::vector<std::string>& references) {
  if (references.size() <= 1) return references.size() == 1;
  const auto tags = std::count_if(references.begin(), references.end(),
                                  [](const std::string& r) { return !is_digest_reference(r); });
  return tags <= 1 && std::all_of(references.begin(), references.end(), [&](const std::string& r) {
           return repository_of(r) == repository_of(references.front());
         });
}

std::string familiar(std::string_view reference) {
  auto parsed = oci::Reference::parse(reference);
  return parsed ? parsed->familiar() : std::string(reference);
}

// "container 3f2a (running)" in its parts.
struct User {
  std::string container;
  bool running;
};
std::optional<User> user_of(const std::string& id, const Images::RemoveOptions& options) {
  const std::string text = options.in_use ? options.in_use(id) : "";
  if (text.empty()) return {};
  std::string_view name = text;
  if (name.starts_with("container ")) name.remove_prefix(10);
  return User{std::string(name.substr(0, name.find(' '))), text.ends_with("(running)")};
}

Failure cannot_delete(std::string_view id, bool hard, std::string_view why) {
  return conflict("conflict: unable to delete {} ({}) - {}", short_id(id),
                  hard ? "cannot be forced" : "must be forced", why);
}

}  // namespace

bool LocalImages::is_named_by_id(std::string_view id, std::string_view text) const {
  if (text.starts_with("sha256:")) return id.starts_with(text);
  if (id.substr(7).starts_with(text)) {
    auto parsed = oci::Reference::parse(text);
    return !parsed || !references_.contains(parsed->to_text());
  }
  return false;
}

Result<> LocalImages::check_removable(const Image& image, const RemoveOptions& options,
                                      bool asked_by_id_alone) const {
  const bool has_children = std::any_of(configs_.begin(), configs_.end(), [&](const auto& other) {
    return other.second.parent_id == image.id;
  });
  if (has_children) return cannot_delete(image.id, true, "image has dependent child images");
  if (auto user = user_of(image.id, options)) {
    if (user->running)
      return cannot_delete(image.id, true,
                           text("image is being used by running container {}", user->container));
    if (!options.force)
      return cannot_delete(image.id, false,
                           text("image is being used by stopped container {}", user->container));
  }
  if (!options.force && asked_by_id_alone && !references_of(image.id).empty())
    return cannot_delete(image.id, false, "image is referenced in multiple repositories");
  return {};
}

Task<Removed> LocalImages::remove(std::string reference, RemoveOptions options) {
  const ImagePtr image = co_await get(reference);
  std::vector<std::string> references = references_of(image->id);
  Removed removed;
  bool quiet = false;  // a name went, so that a conflict only means that the image stays
  if (!is_named_by_id(image->id, reference)) {
    auto user = user_of(image->id, options);
    if (!options.force && is_single(references) && user)
      co_await conflict(
          "conflict: unable to remove repository reference \"{}\" (must force) - container {} is using "
          "its referenced image {}",
          reference, user->container, short_id(image->id));
    oci::Reference parsed = co_await oci::Reference::parse(reference);
    const std::string full =
        parsed.digest.empty() ? parsed.to_text() : text("{}@{}", parsed.name(), parsed.digest);
    co_await untag(full, removed);
    references = references_of(image->id);
    // Digests of a repository that has no tag of the image any more go with the last tag.
    const bool has_tag = std::any_of(references.begin(), references.end(), [&](const std::string& r) {
      return !is_digest_reference(r) && repository_of(r) == repository_of(full);
    });
    for (const std::string& other : references)
      if (!is_digest_reference(full) && !has_tag && repository_of(other) == repository_of(full))
        co_await untag(other, removed);
    if (!references_of(image->id).empty()) co_return removed;
    quiet = true;
  } else if (is_single(references)) {
    co_await check_removable(*image, options, false);
    for (const std::string& other : references) co_await untag(other, removed);
  }
  if (auto allowed = check_removable(*image, options, true); !allowed) {
    if (quiet) co_return removed;
    co_await std::move(allowed);
  }
  co_await delete_image(image->id, removed);
  // Nameless parents that nothing else needs, as a build leaves them.
  std::string parent = image->parent_id;
  while (options.prune_parents && !parent.empty() && images_.contains(parent)) {
    const ImagePtr next = images_.at(parent);
    RemoveOptions unforced = options;
    unforced.force = false;
    if (!references_of(parent).empty() || !check_removable(*next, unforced, true)) break;
    parent = next->parent_id;
    co_await delete_image(next->id, removed);
  }
  co_return removed;
}

Task<void> LocalImages::untag(std::string reference, Removed& removed) {
  auto at = references_.find(reference);
  if (at == references_.end()) co_await not_found("No such image: {}", familiar(reference));
  const std::string id = at->second;
  references_.erase(at);
  update_names(id);
  removed.untagged.push_back(familiar(reference));
  store::Transaction transaction{
      .then = {store::erase(store::Range::key(std::string(keys::reference) + reference))}};
  co_await record(std::move(transaction));
}

Task<void> LocalImages::delete_image(std::string id, Removed& removed) {
  for (const std::string& reference : references_of(id)) co_await untag(reference, removed);
  auto at = images_.find(id);
  if (at == images_.end()) co_return;  // another one was faster
  const ImagePtr image = at->second;
  images_.erase(at);
  configs_.erase(id);
  removed.deleted.push_back(id);
  store::Transaction transaction{.then = {store::erase(store::Range::key(std::string(keys::config) + id))}};
  co_await record(std::move(transaction));
  std::vector<std::string> blobs = image->layer_digests;
  blobs.push_back(image->manifest_digest);
  blobs.push_back(id);
  removed.freed_bytes += co_await drop_unused(std::move(blobs), image->chain_ids, &removed);
}

}  // namespace podo::image
