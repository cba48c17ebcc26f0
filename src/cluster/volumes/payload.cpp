#include "cluster/volumes/payload.h"

#include "base/crypto/digest.h"
#include "base/format/base64.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

using json::Item;

constexpr std::size_t path_bytes_max = 4096, name_bytes_max = 255;

mode_t mode_of(const Item& item, mode_t otherwise) {
  const Item* mode = kube::find_at(item, "mode");
  return mode != nullptr ? static_cast<mode_t>(mode->as_int64().value_or(otherwise)) & 0777 : otherwise;
}

// Text of a ConfigMap is itself; all else is base64.
Result<std::string> decoded(const Item& value, bool plain) {
  if (plain) return std::string(value.string_or(""));
  return TRY_IN(value.key(), base64::decode(value.string_or("")));
}

struct Found {
  const Item* value = nullptr;
  bool plain = false;
};

Found find_key(SourceKind kind, const Item& object, std::string_view key) {
  const Item* data = kube::find_at(object, "data");
  const Item* value = data != nullptr ? data->find(key) : nullptr;
  if (value != nullptr || kind == SourceKind::secret) return {value, kind == SourceKind::config_map};
  const Item* binary = kube::find_at(object, "binaryData");
  return {binary != nullptr ? binary->find(key) : nullptr, false};
}

Failure no_such_key(SourceKind kind, std::string_view key) {
  if (kind == SourceKind::secret) return invalid("references non-existent secret key: {}", key);
  return invalid("configmap references non-existent config key: {}", key);
}

Result<> add_all(Payload& to, SourceKind kind, const Item& object, mode_t mode) {
  for (const std::string_view list : {"data", "binaryData"}) {
    const bool plain = kind == SourceKind::config_map && list == "data";
    if (kind == SourceKind::secret && list != "data") continue;
    for (const Item& value : kube::children_at(object, list))
      to[std::string(value.key())] = {.bytes = TRY(decoded(value, plain)), .mode = mode};
  }
  return {};
}

Result<> check_path(std::string_view path) {
  if (path.empty()) return invalid("invalid path: must not be empty: \"{}\"", path);
  if (path.starts_with('/')) return invalid("invalid path: must be relative path: {}", path);
  if (path.size() > path_bytes_max)
    return invalid("invalid path: must be less than or equal to {} characters", path_bytes_max);
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view name = rest.substr(0, end);
    if (name == "..") return invalid("invalid path: must not contain '..': {}", path);
    if (rest.data() == path.data() && name.starts_with(".."))
      return invalid("invalid path: must not start with '..': {}", path);
    if (name.size() > name_bytes_max)
      return invalid("invalid path: filenames must be less than or equal to {} characters", name_bytes_max);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace

Result<> add_object(Payload& to, SourceKind kind, const Item& object, const Projection& projection) {
  if (kube::children(projection.items).begin() == kube::children(projection.items).end())
    return add_all(to, kind, object, projection.default_mode);
  for (const Item& item : kube::children(projection.items)) {
    const std::string_view key = kube::text_at(item, "key");
    const Found found = find_key(kind, object, key);
    if (found.value == nullptr && projection.optional) continue;
    if (found.value == nullptr) return no_such_key(kind, key);
    to[std::string(kube::text_at(item, "path"))] = {.bytes = TRY(decoded(*found.value, found.plain)),
                                                    .mode = mode_of(item, projection.default_mode)};
  }
  return {};
}

Result<> add_downward(Payload& to, const Item& pod, const Projection& projection,
                      const pod::DownwardFacts& facts) {
  for (const Item& item : kube::children(projection.items)) {
    File file{.bytes = {}, .mode = mode_of(item, projection.default_mode)};
    if (const Item* field = kube::find_at(item, "fieldRef"))
      file.bytes = TRY(pod::field_value(pod, kube::text_at(*field, "fieldPath"), facts));
    else if (const Item* resource = kube::find_at(item, "resourceFieldRef"))
      file.bytes = TRY(pod::resource_value(pod, *resource, nullptr, facts));
    to[std::string(kube::text_at(item, "path"))] = std::move(file);
  }
  return {};
}

Result<> check_paths(const Payload& payload) {
  for (const auto& [path, file] : payload) TRY(check_path(path));
  return {};
}

std::string digest_of(const Payload& payload) {
  crypto::Digest digest;
  for (const auto& [path, file] : payload) {
    digest.add(text("{} {} {} {}\n", path.size(), file.bytes.size(), file.mode, file.owner.value_or(0)));
    digest.add(path);
    digest.add(file.bytes);
  }
  return digest.bytes();
}

}  // namespace podo::volumes
