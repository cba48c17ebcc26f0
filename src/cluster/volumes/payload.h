// Payload: the files of a volume that is made of objects: configMap, secret, downwardAPI, and projected,
// which puts several together. Pure; errors are the kubelet's words.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/format/json_tree.h"
#include "cluster/pod/downward.h"
#include "cluster/volumes/sources.h"

namespace podo::volumes {

struct File {
  std::string bytes;
  mode_t mode = 0644;
  std::optional<uid_t> owner = {};  // root's otherwise
  bool operator==(const File&) const = default;
};
using Payload = std::map<std::string, File, std::less<>>;  // by path in the volume: "a", "deep/er"

// What a source says of its files: {items: [{key, path, mode}], optional}, or all of the object's keys.
struct Projection {
  const json::Item* items = nullptr;
  mode_t default_mode = 0644;
  bool optional = false;
};

// The name of the ConfigMap or Secret is not in the words: `configmap references non-existent config key: k`.
Result<> add_object(Payload& to, SourceKind kind, const json::Item& object, const Projection& projection);
// `items`: [{path, fieldRef | resourceFieldRef, mode}].
Result<> add_downward(Payload& to, const json::Item& pod, const Projection& projection,
                      const pod::DownwardFacts& facts);

// Of each: relative, without "..", nor beginning with it, names of at most 255 bytes.
Result<> check_paths(const Payload& payload);
std::string digest_of(const Payload& payload);

}  // namespace podo::volumes
