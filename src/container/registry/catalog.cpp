#include "container/registry/catalog.h"

#include "base/core/ensure.h"

namespace podo::registry {
namespace {

constexpr std::string_view all_keys = "registry/", manifest_keys = "registry/manifest/",
                           tag_keys = "registry/tag/", blob_keys = "registry/blob/";

std::string key_of(std::string_view kind, std::string_view repository, char between, std::string_view name) {
  std::string key;
  key.reserve(kind.size() + repository.size() + 1 + name.size());
  return key.append(kind).append(repository).append(1, between).append(name);
}

store::Operation erase_key(std::string key) { return store::erase(store::Range::key(key)); }

// Fewer than the store allows in one transaction.
constexpr std::size_t operations_max = 1000;

}  // namespace

class Catalog::Turn {
 public:
  Turn(Catalog& catalog, const std::string& repository) : catalog_(catalog), repository_(repository) {
    ENSURE(catalog_.changing_.insert(repository_).second);
  }
  Turn(const Turn&) = delete;
  ~Turn() {
    catalog_.changing_.erase(repository_);
    catalog_.changed_.notify_all();
  }

 private:
  Catalog& catalog_;
  std::string repository_;
};

// --- opening -------------------------------------------------------------------------------------------

Task<void> Catalog::open() {
  store::Pages pages(store_, store::Range::prefix(all_keys));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries) read_record(entry.key(), entry.value());
}

void Catalog::read_record(std::string_view key, std::string_view value) {
  auto place = [&](std::string_view kind, char between) -> std::pair<Repository*, std::string> {
    const std::string_view rest = key.substr(kind.size());
    const std::size_t at = rest.find(between);
    if (at == std::string_view::npos) return {nullptr, ""};
    Repository& repository = repositories_[std::string(rest.substr(0, at))];
    repository.touched = clock_.now();
    return {&repository, std::string(rest.substr(at + 1))};
  };
  if (key.starts_with(manifest_keys)) {
    auto record = decode_manifest_record(value);
    auto [repository, digest] = place(manifest_keys, '@');
    if (!record || repository == nullptr) return log_.warn("{} cannot be read: left out", key);
    record->touched = clock_.now();
    if (!record->subject.empty()) repository->referrers.emplace(record->subject, digest);
    repository->manifests[digest] = *std::move(record);
  } else if (key.starts_with(tag_keys)) {
    if (auto [repository, tag] = place(tag_keys, ':'); repository != nullptr) repository->tags[tag] = value;
  } else if (key.starts_with(blob_keys)) {
    if (auto [repository, digest] = place(blob_keys, '@'); repository != nullptr)
      repository->blobs[digest] = clock_.now();
  }
}

// --- looking -------------------------------------------------------------------------------------------

const Repository* Catalog::find(std::string_view repository) const {
  const auto found = repositories_.find(repository);
  return found == repositories_.end() ? nullptr : &found->second;
}

const ManifestRecord* Catalog::find_manifest(std::string_view repository, std::string_view digest) const {
  const Repository* in = find(repository);
  if (in == nullptr) return nullptr;
  const auto found = in->manifests.find(digest);
  return found == in->manifests.end() ? nullptr : &found->second;
}

std::optional<std::string> Catalog::find_tag(std::string_view repository, std::string_view tag) const {
  const Repository* in = find(repository);
  if (in == nullptr) return std::nullopt;
  const auto found = in->tags.find(tag);
  return found == in->tags.end() ? std::nullopt : std::optional(found->second);
}

bool Catalog::has_blob(std::string_view repository, std::string_view digest) const {
  const Repository* in = find(repository);
  return in != nullptr && in->blobs.contains(digest);
}

std::optional<std::string> Catalog::find_owner(std::string_view digest,
                                               const std::function<bool(const std::string&)>& allowed) const {
  for (const auto& [name, repository] : repositories_)
    if (repository.blobs.contains(digest) && allowed(name)) return name;
  return std::nullopt;
}

void Catalog::touch_blob(std::string_view repository, std::string_view digest) {
  const auto in = repositories_.find(repository);
  if (in == repositories_.end()) return;
  const auto blob = in->second.blobs.find(digest);
  if (blob != in->second.blobs.end()) blob->second = clock_.now();
}

void Catalog::touch_manifest(std::string_view repository, std::string_view digest) {
  const auto in = repositories_.find(repository);
  if (in == repositories_.end()) return;
  const auto manifest = in->second.manifests.find(digest);
  if (manifest != in->second.manifests.end()) manifest->second.touched = clock_.now();
}

// --- changing ------------------------------------------------------------------------------------------

Task<void> Catalog::wait_for_turn(const std::string& repository) {
  while (changing_.contains(repository)) co_await changed_.wait();
}

Task<void> Catalog::add_blobs(std::string repository, std::vector<std::string> digests) {
  for (;;) {  // having waited, somebody else may have been faster
    co_await wait_for_turn(repository);
    if (!changing_.contains(repository)) break;
  }
  const Turn turn(*this, repository);
  store::Transaction transaction;
  for (const std::string& digest : digests)
    if (!has_blob(repository, digest))
      transaction.then.push_back(store::put(key_of(blob_keys, repository, '@', digest), "{}"));
  if (!transaction.then.empty()) co_await store_.commit(std::move(transaction));
  Repository& to = repositories_[repository];
  to.touched = clock_.now();
  for (std::string& digest : digests) to.blobs[std::move(digest)] = to.touched;
}

Task<void> Catalog::put_manifest(std::string repository, std::string digest, ManifestRecord record,
                                 std::string tag) {
  for (;;) {
    co_await wait_for_turn(repository);
    if (!changing_.contains(repository)) break;
  }
  const Turn turn(*this, repository);
  store::Transaction transaction;
  for (const std::string& blob : record.blobs)
    if (!has_blob(repository, blob))
      transaction.then.push_back(store::put(key_of(blob_keys, repository, '@', blob), "{}"));
  transaction.then.push_back(store::put(key_of(manifest_keys, repository, '@', digest), encode(record)));
  if (!tag.empty()) transaction.then.push_back(store::put(key_of(tag_keys, repository, ':', tag), digest));
  co_await store_.commit(std::move(transaction));
  Repository& to = repositories_[repository];
  to.touched = record.touched = clock_.now();
  for (const std::string& blob : record.blobs) to.blobs[blob] = to.touched;
  if (!record.subject.empty()) to.referrers.emplace(record.subject, digest);
  if (!tag.empty()) to.tags[tag] = digest;
  to.manifests[digest] = std::move(record);
}

Task<bool> Catalog::remove_tag(std::string repository, std::string tag) {
  const Sweep gone = co_await sweep(repository, [&tag](const Repository& in) {
    return in.tags.contains(tag) ? Sweep{.tags = {tag}} : Sweep{};
  });
  co_return !gone.empty();
}

Task<bool> Catalog::remove_manifest(std::string repository, std::string digest) {
  const Sweep gone = co_await sweep(repository, [&digest](const Repository& in) {
    Sweep sweep;
    if (!in.manifests.contains(digest)) return sweep;
    sweep.manifests.push_back(digest);
    for (const auto& [tag, to] : in.tags)
      if (to == digest) sweep.tags.push_back(tag);
    return sweep;
  });
  co_return !gone.empty();
}

Task<bool> Catalog::remove_blob(std::string repository, std::string digest) {
  const Sweep gone = co_await sweep(repository, [&digest](const Repository& in) {
    return in.blobs.contains(digest) ? Sweep{.blobs = {digest}} : Sweep{};
  });
  co_return !gone.empty();
}

void Catalog::forget_manifest(Repository& of, const std::string& digest) {
  const auto manifest = of.manifests.find(digest);
  if (manifest == of.manifests.end()) return;
  of.referrers.erase({manifest->second.subject, digest});
  of.manifests.erase(manifest);
}

Task<Catalog::Sweep> Catalog::sweep(std::string repository, Plan plan) {
  for (;;) {
    co_await wait_for_turn(repository);
    if (!changing_.contains(repository)) break;
  }
  const Turn turn(*this, repository);
  const auto at = repositories_.find(repository);
  if (at == repositories_.end()) co_return Sweep{};
  Repository& in = at->second;
  Sweep gone = plan(in);
  std::vector<store::Operation> erased;
  for (const auto& digest : gone.manifests)
    erased.push_back(erase_key(key_of(manifest_keys, repository, '@', digest)));
  for (const auto& tag : gone.tags) erased.push_back(erase_key(key_of(tag_keys, repository, ':', tag)));
  for (const auto& digest : gone.blobs)
    erased.push_back(erase_key(key_of(blob_keys, repository, '@', digest)));
  // What is removed is out of sight before it is out of the store: nobody may build on it any more.
  for (const auto& tag : gone.tags) in.tags.erase(tag);
  for (const auto& digest : gone.manifests) forget_manifest(in, digest);
  for (const auto& digest : gone.blobs) in.blobs.erase(digest);
  for (std::size_t i = 0; i < erased.size(); i += operations_max) {
    store::Transaction part;
    for (std::size_t k = i; k < std::min(erased.size(), i + operations_max); ++k)
      part.then.push_back(erased[k]);
    co_await store_.commit(std::move(part));
  }
  co_return gone;
}

void Catalog::forget_empty(Duration held) {
  std::erase_if(repositories_, [&](const auto& named) {
    const Repository& repository = named.second;
    return repository.manifests.empty() && repository.tags.empty() && repository.blobs.empty() &&
           !changing_.contains(named.first) && repository.touched + held < clock_.now();
  });
}

}  // namespace podo::registry
