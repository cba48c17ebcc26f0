// Tags, and images that are no longer wanted.
#include <algorithm>

#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/image_list.h"
#include "container/docker/names.h"
#include "container/docker/prune.h"

namespace podo::docker {
namespace {

// Who uses an image, as Images::remove() wants to know it: one that runs before one that does not.
std::string user_of(const engine::Engine& engine, const std::string& id) {
  std::string user;
  for (const auto& container : engine.list()) {
    if (container->image == nullptr || container->image->id != id) continue;
    const bool running = container->state.status == engine::Status::running ||
                         container->state.status == engine::Status::paused;
    if (running || user.empty())
      user = text("container {} ({})", container->id.substr(0, 12), running ? "running" : "stopped");
    if (running) break;
  }
  return user;
}

image::Images::RemoveOptions remove_options(Call& call, bool force, bool prune_parents) {
  const engine::Engine* engine = &call.engine();
  return {.force = force, .prune_parents = prune_parents, .in_use = [engine](const std::string& id) {
            return user_of(*engine, id);
          }};
}

void tell_removed(const Call& call, const std::string& id, const image::Removed& removed) {
  for (std::size_t i = 0; i < removed.untagged.size(); ++i) {
    call.tell({.type = "image", .action = "untag", .actor_id = id, .attributes = {{"name", id}}});
  }
  for (const auto& gone : removed.deleted) {
    call.tell({.type = "image", .action = "delete", .actor_id = gone, .attributes = {{"name", gone}}});
  }
}

void write_removed(json::Writer& out, const image::Removed& removed) {
  for (const auto& name : removed.untagged) out.object().key("Untagged").string(familiar(name)).end();
  for (const auto& id : removed.deleted) out.object().key("Deleted").string(id).end();
}

}  // namespace

Task<void> tag_image(Call& call) {
  const auto image = co_await call.images().get(call.name);
  const auto reference = co_await tagged(call.query("repo"), call.query("tag"));
  if (!reference.digest.empty()) co_await invalid("refusing to create a tag with a digest reference");
  co_await call.images().tag(image->id, reference.to_text());
  tell_image(call, "tag", image->id, reference.familiar());
  co_await call.nothing(201);
}

Task<void> remove_image(Call& call) {
  const auto image = co_await call.images().get(call.name);
  const auto options = remove_options(call, call.flag("force"), !call.flag("noprune"));
  const image::Removed removed = co_await call.images().remove(call.name, options);
  tell_removed(call, image->id, removed);
  json::Writer out;
  out.array();
  write_removed(out, removed);
  co_await call.answer(200, out.end());
}

Task<void> prune_images(Call& call) {
  const Filters filters = co_await Filters::parse(call.query("filters"));
  co_await filters.allow({"dangling", "label", "label!", "until"});
  const bool only_dangling = co_await filters.truth("dangling", true);
  const Wall until = co_await prune_until(filters, call.now());
  image::Removed all;
  for (const auto& image : call.images().list()) {
    if (only_dangling && !is_dangling(*image)) continue;
    if (created_at(*image) > until || !filters.labels(image->config.labels)) continue;
    if (!user_of(call.engine(), image->id).empty()) continue;
    // By id an image of several names goes only when forced; nobody uses it, and all its names are to
    // go.
    const auto removed = co_await call.images().remove(image->id, remove_options(call, true, true)).result();
    if (!removed) continue;  // a child of it is still wanted
    tell_removed(call, image->id, *removed);
    all.untagged.insert(all.untagged.end(), removed->untagged.begin(), removed->untagged.end());
    all.deleted.insert(all.deleted.end(), removed->deleted.begin(), removed->deleted.end());
    all.freed_bytes += removed->freed_bytes;
  }
  tell_pruned(call, "image", all.freed_bytes);
  json::Writer out;
  out.object().key("ImagesDeleted");
  if (all.untagged.empty() && all.deleted.empty()) {
    out.null();
  } else {
    out.array();
    write_removed(out, all);
    out.end();
  }
  out.key("SpaceReclaimed").number(all.freed_bytes).end();
  co_await call.answer(200, out);
}

}  // namespace podo::docker
