// GET /images/{name}/json and /images/{name}/history.
#include "base/core/timestamp.h"
#include "container/docker/container_json.h"
#include "container/docker/handlers.h"
#include "container/docker/image_list.h"
#include "container/docker/names.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

Config config_of(const oci::ImageConfig& from) {
  Config to;
  to.user = from.user;
  to.exposed_ports = from.exposed_ports;
  to.env = from.env;
  if (!from.cmd.empty()) to.cmd = from.cmd;
  if (!from.entrypoint.empty()) to.entrypoint = from.entrypoint;
  to.volumes = from.volumes;
  to.working_dir = from.working_dir;
  to.on_build = from.on_build;
  to.labels = from.labels;
  to.stop_signal = from.stop_signal;
  to.shell = from.shell;
  to.args_escaped = from.args_escaped;
  if (const auto& check = from.healthcheck) {
    to.healthcheck = {check->test,
                      check->interval_ns,
                      check->timeout_ns,
                      check->start_period_ns,
                      check->start_interval_ns,
                      check->retries};
  }
  return to;
}

// From API 1.50 on an image has only what images have; before, the whole Config of a container.
void write_config(json::Writer& out, const Call& call, const oci::ImageConfig& from) {
  const Config config = config_of(from);
  if (call.version < 50) return encode(out, config);
  json::Writer whole;
  encode(whole, config);
  const json::Document document = *json::parse(whole.take());
  out.object();
  for (const auto [key, value] : document.root().members()) {
    const bool empty = value.is(json::Kind::null) ||
                       (value.is(json::Kind::string) && value.string().empty()) ||
                       (value.is(json::Kind::boolean) && !value.boolean()) ||
                       ((value.is(json::Kind::array) || value.is(json::Kind::object)) && value.size() == 0);
    if (!empty) out.key(key).value(value);
  }
  out.end();
}

void write_names(json::Writer& out, std::string_view key, const std::vector<std::string>& names) {
  out.key(key).array();
  for (const auto& name : names) out.string(familiar(name));
  out.end();
}

std::string last_comment(const oci::ImageConfig& config) {
  return config.history.empty() ? "" : config.history.back().comment;
}

std::string image_json(const Call& call, const image::Image& image, const std::string& manifests) {
  const oci::ImageConfig& config = image.config;
  json::Writer out;
  out.object();
  member(out, "Id", image.id);
  write_names(out, "RepoTags", image.tags);
  write_names(out, "RepoDigests", image.digests);
  member(out, "Parent", image.parent_id);
  member(out, "Comment", last_comment(config));
  member_if(out, "Created", config.created);
  if (call.version < 45) {
    out.key("Container").string("").key("ContainerConfig");
    encode(out, Config());
  }
  out.key("DockerVersion").string("");
  member(out, "Author", config.author);
  out.key("Config");
  write_config(out, call, config);
  member(out, "Architecture", config.architecture);
  member_if(out, "Variant", config.variant);
  member(out, "Os", config.os);
  member_if(out, "OsVersion", config.os_version);
  member(out, "Size", image.size_bytes);
  if (call.version < 44) member(out, "VirtualSize", image.size_bytes);
  out.key("GraphDriver").object().key("Data").null();
  out.key("Name").string(call.images().storage_driver()).end();
  out.key("RootFS").object().key("Type").string("layers");
  member_if(out, "Layers", config.diff_ids);
  out.end().key("Metadata").object();
  member(out, "LastTagTime", go_time(image.last_tagged));
  out.end();
  if (!manifests.empty()) out.key("Manifests").raw(manifests);
  return out.end().take();
}

void write_step(json::Writer& out, const oci::HistoryEntry& entry, std::uint64_t size, const std::string& id,
                const std::vector<std::string>& tags) {
  const auto created = parse_rfc3339(entry.created);
  out.object();
  member(out, "Comment", entry.comment);
  out.key("Created").number(created ? created->ns / 1'000'000'000 : 0);
  member(out, "CreatedBy", entry.created_by);
  member(out, "Id", id);
  member(out, "Size", size);
  if (tags.empty()) out.key("Tags").null();
  else write_names(out, "Tags", tags);
  out.end();
}

}  // namespace

Task<void> inspect_image(Call& call) {
  const auto image = co_await call.images().get(call.name);
  if (const std::string platform = call.query("platform"); !platform.empty() && platform[0] != '{') {
    const auto wanted = co_await oci::Platform::parse(platform);
    if (wanted.os != image->config.os || wanted.architecture != image->config.architecture) {
      co_await not_found("image with reference {} was found but does not provide the specified platform ({})",
                         call.name, platform);
    }
  }
  std::string manifests;
  if (call.version >= 48 && call.flag("manifests")) manifests = co_await manifests_json(call, image);
  co_await call.answer(200, image_json(call, *image, manifests));
}

// From the newest step to the oldest. Only the newest has an id: Docker knows the others of no image
// that was pulled.
Task<void> show_history(Call& call) {
  const auto image = co_await call.images().get(call.name);
  auto history = image->config.history;
  std::size_t steps_with_layer = 0;
  for (const auto& entry : history) steps_with_layer += entry.empty_layer ? 0 : 1;
  for (; steps_with_layer < image->layer_sizes.size(); ++steps_with_layer) history.emplace_back();
  json::Writer out;
  out.array();
  std::size_t layer = steps_with_layer;
  for (std::size_t i = history.size(); i-- > 0;) {
    std::uint64_t size = 0;
    if (!history[i].empty_layer && --layer < image->layer_sizes.size()) size = image->layer_sizes[layer];
    const bool newest = i + 1 == history.size();
    write_step(out, history[i], size, newest ? image->id : "<missing>",
               newest ? image->tags : std::vector<std::string>());
  }
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
