#include "base/format/yaml_builder.h"

#include <algorithm>
#include <set>

namespace podo::yaml {
namespace {

std::string_view view_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

template <class T>
Result<T> placed(yaml_mark_t mark, Result<T> result) {
  if (!result) return problem_at(mark, result.error().message());
  return result;
}

}  // namespace

Failure problem_at(yaml_mark_t mark, std::string_view problem) {
  return invalid("line {}, column {}: {}", mark.line + 1, mark.column + 1, problem);
}

Result<> Builder::take(const yaml_event_t& event) {
  switch (event.type) {
    case YAML_SCALAR_EVENT: return scalar(event);
    case YAML_ALIAS_EVENT: return alias(event);
    case YAML_SEQUENCE_START_EVENT: return open(false, event.data.sequence_start.anchor, event.start_mark);
    case YAML_MAPPING_START_EVENT: return open(true, event.data.mapping_start.anchor, event.start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close();
    default: return {};
  }
}

std::optional<std::string> Builder::to_json() const {
  if (!root_ || empty_) return std::nullopt;
  return tree_.to_json(*root_);
}

Result<> Builder::open(bool mapping, const yaml_char_t* anchor, yaml_mark_t mark) {
  empty_ = false;
  if (open_.size() >= limits_.depth_max) {
    return problem_at(mark, text("lists and maps lie more than {} deep", limits_.depth_max));
  }
  Open opened{};
  opened.mapping = mapping;
  opened.anchor = view_of(anchor);
  opened.mark = mark;
  open_.push_back(std::move(opened));
  return {};
}

Result<> Builder::close() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  if (closed.mapping) TRY(merge_and_check(closed));
  const NodeId node = TRY(placed(closed.mark, closed.mapping ? tree_.add_mapping(closed.children)
                                                             : tree_.add_sequence(closed.children)));
  if (!closed.anchor.empty()) anchors_.insert_or_assign(std::move(closed.anchor), node);
  return place(node, false, closed.mark);
}

Result<> Builder::scalar(const yaml_event_t& event) {
  const auto& data = event.data.scalar;
  const std::string_view value(reinterpret_cast<const char*>(data.value), data.length),
      tag = view_of(data.tag);
  const bool plain = data.style == YAML_PLAIN_SCALAR_STYLE;
  empty_ = empty_ && plain && value.empty() && tag.empty() && data.anchor == nullptr;

  const Scalar resolved = TRY(placed(event.start_mark, resolve_scalar(value, tag, plain)));
  const NodeId node = TRY(placed(event.start_mark, tree_.add_scalar(resolved)));
  if (data.anchor != nullptr) anchors_.insert_or_assign(std::string(view_of(data.anchor)), node);
  return place(node, plain && tag.empty() && value == "<<", event.start_mark);
}

Result<> Builder::alias(const yaml_event_t& event) {
  const std::string_view name = view_of(event.data.alias.anchor);
  if (std::ranges::any_of(open_, [&](const Open& open) { return open.anchor == name; })) {
    return problem_at(event.start_mark, text("the alias *{} stands inside its own anchor", name));
  }
  const auto found = anchors_.find(name);
  if (found == anchors_.end())
    return problem_at(event.start_mark, text("no anchor &{} before this alias", name));
  return place(found->second, false, event.start_mark);
}

// A complete node goes where it belongs: it is the document, an item, a key or a member's value.
Result<> Builder::place(NodeId node, bool is_merge_mark, yaml_mark_t mark) {
  if (open_.empty()) {
    root_ = node;
    return {};
  }
  Open& parent = open_.back();
  if (!parent.mapping) {
    parent.children.push_back(node);
    return {};
  }
  parent.value_next = !parent.value_next;
  if (parent.value_next) {
    parent.key_is_merge = is_merge_mark;
    return is_merge_mark ? Result<>() : place_key(parent, node, mark);
  }
  if (parent.key_is_merge) return place_merge(parent, node, mark);
  parent.children.push_back(node);
  return {};
}

Result<> Builder::place_key(Open& mapping, NodeId key, yaml_mark_t mark) {
  const Tree::Kind kind = tree_.kind(key);
  if (kind == Tree::Kind::null) return problem_at(mark, "null cannot be a key");
  if (kind >= Tree::Kind::sequence) return problem_at(mark, "a list or a map cannot be a key");
  mapping.children.push_back(key);
  mapping.key_marks.push_back(mark);
  return {};
}

Result<> Builder::place_merge(Open& mapping, NodeId source, yaml_mark_t mark) {
  if (tree_.kind(source) == Tree::Kind::mapping) {
    mapping.merged.push_back(source);
    return {};
  }
  bool maps = tree_.kind(source) == Tree::Kind::sequence;
  if (maps) {
    const auto sources = tree_.children(source);
    maps = std::ranges::all_of(sources, [&](NodeId id) { return tree_.kind(id) == Tree::Kind::mapping; });
    mapping.merged.insert(mapping.merged.end(), sources.begin(), sources.end());
  }
  if (!maps) return problem_at(mark, "<< merges a map or a list of maps");
  return {};
}

Result<> Builder::merge_and_check(Open& mapping) {
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < mapping.key_marks.size(); ++i) {
    const std::string_view key = tree_.text(mapping.children[2 * i]);
    if (!keys.insert(key).second) {
      return problem_at(mapping.key_marks[i],
                        text("the key \"{}\" stands twice in one map", key.substr(0, 60)));
    }
  }
  for (const NodeId source : mapping.merged) {
    const auto members = tree_.children(source);
    merged_members_ += 1 + members.size() / 2;
    if (merged_members_ > limits_.values_max) {
      return problem_at(mapping.mark, text("merges look at more than {} members", limits_.values_max));
    }
    for (std::size_t i = 0; i < members.size(); i += 2) {
      if (keys.insert(tree_.text(members[i])).second) {
        mapping.children.insert(mapping.children.end(), {members[i], members[i + 1]});
      }
    }
  }
  return {};
}

}  // namespace podo::yaml
