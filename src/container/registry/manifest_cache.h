// The bytes of manifests that were asked for lately, so that asking again reads no file. A megabyte at most.
// Lives on the server's loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace podo::registry {

class ManifestCache {
 public:
  const std::string* find(std::string_view digest) {
    const auto found = kept_.find(digest);
    if (found == kept_.end()) return nullptr;
    found->second.used = ++uses_;
    return &found->second.bytes;
  }
  void keep(const std::string& digest, std::string bytes) {
    if (bytes.size() > bytes_max / 4 || kept_.contains(digest)) return;
    held_ += bytes.size() + digest.size();
    kept_[digest] = {std::move(bytes), ++uses_};
    while (held_ > bytes_max) drop_oldest();
  }
  void forget(std::string_view digest) {
    if (const auto found = kept_.find(digest); found != kept_.end()) drop(found);
  }

 private:
  static constexpr std::size_t bytes_max = 1 << 20;
  struct Kept {
    std::string bytes;
    std::uint64_t used = 0;
  };
  using Map = std::map<std::string, Kept, std::less<>>;
  void drop(Map::iterator at) {
    held_ -= at->second.bytes.size() + at->first.size();
    kept_.erase(at);
  }
  void drop_oldest() {
    auto oldest = kept_.begin();
    for (auto at = kept_.begin(); at != kept_.end(); ++at)
      if (at->second.used < oldest->second.used) oldest = at;
    drop(oldest);
  }

  Map kept_;
  std::size_t held_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace podo::registry
