// POST /commit: what a container changed becomes a layer over its image.
#include "base/io/combine.h"
#include "container/engine/commit_config.h"
#include "container/engine/local_engine.h"

namespace podo::engine {

Task<image::ImagePtr> LocalEngine::commit(CommitRequest request) {
  const SlotPtr slot = co_await find(request.reference);
  co_return co_await io::shielded(commit_whole(slot, std::move(request)));
}

Task<image::ImagePtr> LocalEngine::commit_whole(SlotPtr slot, CommitRequest request) {
  const Turn::Held held = co_await slot->turn.take();
  const ContainerPtr container = slot->container;
  co_await may(Verb::commit, slot->status(), slot->id(), container->name);
  docker::Config config = request.config.value_or(container->config);
  for (const std::string& instruction : request.changes) co_await apply_change(config, instruction);
  const oci::ImageConfig made = image_config(container->image->config, config);

  const bool pauses = request.pause && slot->status() == Status::running;
  if (pauses) co_await freeze_or_thaw(slot, Verb::pause);
  std::string command = container->path;
  for (const std::string& argument : container->args) command += " " + argument;
  auto committed = co_await ground_.images
                       .commit({.container_id = slot->id(),
                                .reference = request.repository_tag,
                                .parent_image_id = container->image->id,
                                .config_json = oci::encode_image_config(made),
                                .author = request.author,
                                .comment = request.comment,
                                .created_by = std::move(command)})
                       .result();
  if (pauses) co_await freeze_or_thaw(slot, Verb::unpause).result();
  if (!committed) co_return Failure(std::move(committed).error());
  tell(*slot, "commit",
       {{"comment", request.comment}, {"imageID", (*committed)->id}, {"imageRef", request.repository_tag}});
  co_return *std::move(committed);
}

}  // namespace podo::engine
