// libyaml's events become a Tree: anchors, aliases, keys, merges. Private to base/format.
#pragma once

#include <yaml.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/format/yaml_tree.h"

namespace podo::yaml {

// One document. Lives from its start event to its end event.
class Builder {
 public:
  explicit Builder(const json::Limits& limits) : tree_(limits), limits_(limits) {}

  Result<> take(const yaml_event_t& event);
  std::optional<std::string> to_json() const;  // nothing for a document with nothing in it

 private:
  struct Open {
    bool mapping;
    std::string anchor;
    yaml_mark_t mark;
    std::vector<NodeId> children;
    std::vector<yaml_mark_t> key_marks;
    std::vector<NodeId> merged;      // mappings, the first wins
    bool key_is_merge = false;
    bool value_next = false;         // of a mapping: a key stands, its value comes
  };

  Result<> open(bool mapping, const yaml_char_t* anchor, yaml_mark_t mark);
  Result<> close();
  Result<> scalar(const yaml_event_t& event);
  Result<> alias(const yaml_event_t& event);
  Result<> place(NodeId node, bool is_merge_mark, yaml_mark_t mark);
  Result<> place_key(Open& mapping, NodeId key, yaml_mark_t mark);
  Result<> place_merge(Open& mapping, NodeId source, yaml_mark_t mark);
  Result<> merge_and_check(Open& mapping);

  Tree tree_;
  json::Limits limits_;
  std::vector<Open> open_;
  std::map<std::string, NodeId, std::less<>> anchors_;
  std::optional<NodeId> root_;
  bool empty_ = true;
  std::size_t merged_members_ = 0;  // looked at, kept or not: merging must not cost more than writing
};

Failure problem_at(yaml_mark_t mark, std::string_view problem);

}  // namespace podo::yaml
