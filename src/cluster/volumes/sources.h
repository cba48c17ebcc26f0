// Sources: the ConfigMaps and Secrets that pods of this node use. Each that is in use is kept current: by a
// watch of that one object, since a node may read no more than what its pods name (the Node authorizer); in
// the process of the API server by a mirror of all of them, which shares its bytes.
//
// Life: hold() when a pod needs them -> get() -> release() when the pod is gone. Lives on the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/format/json_tree.h"
#include "cluster/client/client.h"

namespace podo::volumes {

using io::Task;

enum class SourceKind : std::uint8_t { config_map, secret };
std::string_view name_of(SourceKind kind);  // "configmap", "secret": as in `configmap "x" not found`

class Sources {
 public:
  // `changed(namespace, kind, name)` is called after each change of one that is held, also when it goes. It
  // must not block, and not use these Sources.
  using Changed = std::function<void(std::string_view name_space, SourceKind kind, std::string_view name)>;
  static std::unique_ptr<Sources> make(io::Loop& loop, client::Client& client, Changed changed);
  virtual ~Sources() = default;

  // Fine if that pod holds it already.
  virtual void hold(std::string_view pod_uid, std::string_view name_space, SourceKind kind,
                    std::string_view name) = 0;
  virtual void release(std::string_view pod_uid) = 0;  // all of that pod's
  // The object as it is now; absent when there is none. What nobody holds is asked for each time. Of a server
  // in this process: no older than `at_least`, the resourceVersion of the pod that names it.
  virtual Task<std::optional<json::Tree>> get(std::string name_space, SourceKind kind, std::string name,
                                              objects::Revision at_least = 0) = 0;
};

}  // namespace podo::volumes
