#include <algorithm>

#include "container/image/local_images.h"

namespace podo::image {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<ImagePtr> LocalImages::get(std::string_view reference) const {
  if (auto image = images_.find(reference); image != images_.end()) return image->second;
  // 64 digits name an image by its id, never by a name; a shorter row of them may be both, and the name
  // counts.
  auto parsed = oci::Reference::parse(reference);
  if (parsed) {
    auto named = references_.end();
    if (!parsed->digest.empty()) named = references_.find(text("{}@{}", parsed->name(), parsed->digest));
    else named = references_.find(parsed->to_text());
    if (named != references_.end()) return images_.at(named->second);
  }
  std::string_view digits = reference.starts_with("sha256:") ? reference.substr(7) : reference;
  if (is_hex(digits) && digits.size() <= 64) {
    const std::string prefix = text("sha256:{}", digits);
    auto first = images_.lower_bound(prefix);
    if (first != images_.end() && first->first.starts_with(prefix)) {
      auto second = std::next(first);
      if (second != images_.end() && second->first.starts_with(prefix))
        return conflict("multiple IDs found with provided prefix: {}", digits);
      return first->second;
    }
  }
  if (!parsed && !is_hex(digits)) return Failure(std::move(parsed).error());
  return not_found("No such image: {}", parsed ? parsed->familiar() : std::string(reference));
}

std::vector<ImagePtr> LocalImages::list() const {
  std::vector<ImagePtr> all;
  for (const auto& [id, image] : images_) all.push_back(image);
  return all;
}

std::vector<std::string> LocalImages::references_of(std::string_view id) const {
  std::vector<std::string> references;
  for (const auto& [reference, image_id] : references_)
    if (image_id == id) references.push_back(reference);
  return references;
}

// An Image never changes: another one takes its place.
void LocalImages::update_names(std::string_view id) {
  auto at = images_.find(id);
  if (at == images_.end()) return;
  auto image = std::make_shared<Image>(*at->second);
  image->tags.clear();
  image->digests.clear();
  for (std::string& reference : references_of(id))
    (reference.find('@') == std::string::npos ? image->tags : image->digests).push_back(std::move(reference));
  image->last_tagged = Wall{configs_.at(image->id).tagged_ns};
  at->second = std::move(image);
}

Task<void> LocalImages::tag(std::string id, std::string reference) {
  const std::string full = (co_await get(id))->id;
  oci::Reference parsed = co_await oci::Reference::parse(reference);
  if (!parsed.digest.empty()) co_await invalid("refusing to create a tag with a digest reference");
  configs_.at(full).tagged_ns = ground_.clock.wall().ns;
  std::vector<std::string> references = {parsed.to_text()};
  co_await name_image(full, std::move(references));
}

// The image's record and its names, in one transaction; who had the names loses them.
Task<void> LocalImages::name_image(std::string id, std::vector<std::string> references) {
  store::Transaction transaction;
  transaction.then.push_back(store::put(std::string(keys::config) + id, encode(configs_.at(id))));
  std::sort(references.begin(), references.end());
  references.erase(std::unique(references.begin(), references.end()), references.end());
  std::set<std::string> losers;
  for (const std::string& reference : references) {
    auto [at, added] = references_.emplace(reference, id);
    if (!added && at->second != id) losers.insert(std::exchange(at->second, id));
    transaction.then.push_back(store::put(std::string(keys::reference) + reference, encode_reference(id)));
  }
  for (const std::string& loser : losers) update_names(loser);
  update_names(id);
  co_await record(std::move(transaction));
}

}  // namespace podo::image
