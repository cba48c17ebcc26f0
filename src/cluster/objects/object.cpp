// A stored value and what is shown of it.
#include <algorithm>
#include <charconv>

#include "base/core/ensure.h"
#include "base/store/wire.h"
#include "cluster/objects/objects.h"
#include "cluster/objects/scan.h"

namespace podo::objects {
namespace {

constexpr char value_version = 1;
constexpr std::size_t value_head = 5;

// In the order of ObjectMeta's fields, resourceVersion comes behind these.
bool comes_before_resource_version(std::string_view key) {
  return key == "name" || key == "generateName" || key == "namespace" || key == "selfLink" || key == "uid";
}

}  // namespace

// `json` with `version` between its two halves is what is shown.
struct Object::Parts {
  std::string_view json;
  std::size_t splice = 0;
  char version_bytes[48] = {};
  std::size_t version_size = 0;
  std::string_view version() const { return {version_bytes, version_size}; }  // `,"resourceVersion":"7"`

  void put(std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), version_bytes + version_size);
    version_size += bytes.size();
  }
};

Object::Parts Object::parts() const {
  const std::string_view value = entry_.value();
  ENSURE(value.size() > value_head && value[0] == value_version);
  Parts parts;
  parts.json = value.substr(value_head);
  store::WireReader head(value.substr(1));
  parts.splice = head.le32();
  ENSURE(parts.splice > 0 && parts.splice < parts.json.size());
  const bool is_first = parts.json[parts.splice - 1] == '{', is_last = parts.json[parts.splice] == '}';
  if (!is_first) parts.put(",");
  parts.put("\"resourceVersion\":\"");
  char digits[20];
  parts.put({digits, std::to_chars(digits, digits + sizeof digits, revision()).ptr});
  parts.put(is_first && !is_last ? "\"," : "\"");
  return parts;
}

Result<std::string> Object::encode(std::string_view canonical_json) {
  const std::string_view metadata = find_member(canonical_json, "metadata");
  if (!metadata.starts_with('{')) return invalid("an object without metadata");
  const auto base = static_cast<std::size_t>(metadata.data() - canonical_json.data());
  std::size_t splice = base + 1, rest = splice;
  for (MemberScan scan(metadata); scan.next();) {
    if (comes_before_resource_version(scan.key())) {
      splice = rest = base + scan.end();
      continue;
    }
    if (scan.key() == "resourceVersion") {
      rest = base + scan.end();
      if (splice == base + 1 && canonical_json[rest] == ',') ++rest;
    }
    break;
  }
  std::string value(1, value_version);
  value.reserve(value_head + canonical_json.size());
  store::put_le32(value, static_cast<std::uint32_t>(splice));
  value += canonical_json.substr(0, splice);
  value += canonical_json.substr(rest);
  return value;
}

std::string_view Object::name() const {
  const std::string_view key = entry_.key();
  return key.substr(key.rfind('/') + 1);
}

std::string_view Object::name_space() const {
  const std::string_view key = entry_.key();
  if (std::count(key.begin(), key.end(), '/') < 4) return {};
  const std::size_t end = key.rfind('/'), begin = key.rfind('/', end - 1) + 1;
  return key.substr(begin, end - begin);
}

std::size_t Object::json_size() const {
  const Parts shown = parts();
  return shown.json.size() + shown.version_size;
}

void Object::append_json(std::string& out) const {
  const Parts shown = parts();
  out += shown.json.substr(0, shown.splice);
  out += shown.version();
  out += shown.json.substr(shown.splice);
}

std::string Object::json() const {
  std::string out;
  const Parts shown = parts();
  out.reserve(shown.json.size() + shown.version_size + 1);  // and a newline
  append_json(out);
  return out;
}

void Object::append_item(std::string& out) const {
  const Parts shown = parts();
  std::size_t begin = 1;
  for (MemberScan scan(shown.json); scan.next() && (scan.key() == "kind" || scan.key() == "apiVersion");)
    begin = scan.end() + 1;  // behind the comma: metadata follows
  out += '{';
  out += shown.json.substr(begin, shown.splice - begin);
  out += shown.version();
  out += shown.json.substr(shown.splice);
}

void Object::append_metadata(std::string& out) const {
  const Parts shown = parts();
  const std::string_view metadata = find_member(shown.json, "metadata");
  const std::size_t splice = shown.splice - static_cast<std::size_t>(metadata.data() - shown.json.data());
  out += metadata.substr(0, splice);
  out += shown.version();
  out += metadata.substr(splice);
}

std::string_view Object::labels() const {
  for (MemberScan members(entry_.value().substr(value_head)); members.next();)
    if (members.key() == "metadata") return find_member(members.value(), "labels");
  return {};
}

Result<json::Tree> Object::tree() const { return json::Tree::parse(json()); }
Result<json::Document> Object::document() const { return json::parse(json()); }

}  // namespace podo::objects
