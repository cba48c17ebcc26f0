// A volume's record in the store, and its name.
//
//
// {"name":..,"driver":"local","mountpoint":..,"options":{..},"labels":{..},"created_ns":..,"anonymous":true}
#include <algorithm>

#include "container/volumes/volumes.h"

namespace podo::engine {
namespace {

void write_map(json::Writer& out, std::string_view key, const docker::StringMap& map) {
  out.key(key).object();
  for (const auto& [name, value] : map) out.key(name).string(value);
  out.end();
}

Result<docker::StringMap> read_map(json::Field field) {
  docker::StringMap map;
  for (const auto& [name, value] : field.value().members()) {
    if (!value.is(json::Kind::string)) return field.wrong("must be strings");
    map.emplace(name, value.string());
  }
  return map;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Result<> check_volume_name(std::string_view name) {
  if (name.size() == 1) {
    return invalid(
        "create {}: volume name is too short, names should be at least two alphanumeric characters", name);
  }
  const bool good = name.size() <= 255 && !name.empty() && is_alphanumeric(name[0]) &&
                    std::ranges::all_of(
                        name, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
  if (good) return {};
  return invalid(
      "create {}: \"{}\" includes invalid characters for a local volume name, only "
      "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" "
      "are allowed. If you intended to pass a host directory, use absolute path",
      name, name);
}

std::string encode_volume(const Volume& volume) {
  json::Writer out;
  out.object().key("name").string(volume.name).key("driver").string(volume.driver);
  out.key("mountpoint").string(volume.mountpoint);
  write_map(out, "options", volume.options);
  write_map(out, "labels", volume.labels);
  out.key("created_ns").number(volume.created.ns).key("anonymous").boolean(volume.anonymous).end();
  return out.take();
}

Result<Volume> decode_volume(const json::Document& record) {
  const json::Field root(record);
  Volume volume;
  volume.name = TRY(root["name"].string());
  volume.driver = TRY(root["driver"].string());
  volume.mountpoint = TRY(root["mountpoint"].string());
  volume.options = TRY(read_map(root["options"]));
  volume.labels = TRY(read_map(root["labels"]));
  volume.created.ns = TRY(root["created_ns"].int64());
  volume.anonymous = TRY(root["anonymous"].boolean());
  return volume;
}

}  // namespace podo::engine
