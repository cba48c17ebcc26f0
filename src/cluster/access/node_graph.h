// NodeGraph: which objects a node has to do with, through the pods that are bound to it: their secrets,
// config maps, claims, accounts, and the volumes behind the claims. Told of objects as they change; a
// question is a look-up. Lives on the loop.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/format/json_tree.h"

namespace podo::access {

enum class Related : std::uint8_t { pod, secret, config_map, claim, account, resource_claim };

class NodeGraph {
 public:
  void put_pod(const json::Item& pod);
  void remove_pod(std::string_view name_space, std::string_view name);
  void put_volume(const json::Item& volume);  // PersistentVolume
  void remove_volume(std::string_view name);
  void put_attachment(const json::Item& attachment);  // VolumeAttachment
  void remove_attachment(std::string_view name);

  // Does a pod of the node name the object, or a volume that a pod of the node claims?
  bool reaches(std::string_view node, Related kind, std::string_view name_space, std::string_view name) const;
  bool reaches_volume(std::string_view node, std::string_view volume) const;
  bool reaches_attachment(std::string_view node, std::string_view attachment) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
  struct Pod {
    std::string node;
    std::vector<std::string> related;  // keys, each once
  };
  struct Volume {
    std::string claim;                 // key
    std::vector<std::string> secrets;  // keys
  };
  void count(const Pod& pod, bool more);
  bool names(std::string_view node, std::string_view key) const;

  ByName<Pod> pods_;                     // "NAMESPACE/NAME"
  ByName<ByName<std::uint32_t>> nodes_;  // key -> so many pods of the node name it
  ByName<Volume> volumes_;
  ByName<std::vector<std::string>> secret_volumes_;  // key of a secret -> volumes that need it
  ByName<std::string> attachments_;                  // -> node
};

}  // namespace podo::access
