// Sources: the ConfigMaps and Secrets that pods of this node use, as a node may read them: one by one, by
// name (the Node authorizer allows no more). Each that is in use is kept current by a watch of that one
// object; in the process of the API server that costs a share of its bytes.
//
// Life: hold() when a pod needs them -> get() -> release() when the pod is gone. Lives on the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/format/json_tree.h"
#include "cluster/client/client.h"

namespace podo::volumes {

using io::Task;

enum class SourceKind : std::uint8_t { config_map, secret };

class Sources {
 public:
  // `changed(namespace, kind, name)` is called after each change of one that is held. Must not block.
  using Changed = std::function<void(std::string_view name_space, SourceKind kind, std::string_view name)>;
  static std::unique_ptr<Sources> make(io::Loop& loop, client::Client& client, Changed changed);
  virtual ~Sources() = default;

  virtual void hold(std::string_view pod_uid, std::string_view name_space, SourceKind kind,
                    std::string_view name) = 0;
  virtual void release(std::string_view pod_uid) = 0;  // all of that pod's
  // The object as it is now; absent when there is none. What nobody holds is asked for each time.
  virtual Task<std::optional<json::Tree>> get(std::string name_space, SourceKind kind, std::string name) = 0;
};

}  // namespace podo::volumes
