// Images from and to tar archives: `docker save`, `load` and `import`.
#include "base/core/timestamp.h"
#include "container/docker/handlers.h"
#include "container/docker/names.h"
#include "container/docker/progress.h"
#include "container/engine/commit_config.h"

namespace podo::docker {
namespace {

Task<void> write_archive(Call& call, std::string_view bytes) {
  if (!call.exchange.head_sent()) co_await call.begin(200, "application/x-tar");
  co_await call.exchange.write(bytes);
}

Task<void> save(Call& call, std::vector<std::string> names) {
  if (names.empty()) co_await invalid("at least one image name is required");
  std::vector<std::string> ids;
  for (const auto& name : names) ids.push_back((co_await call.images().get(name))->id);
  co_await call.images().save(names, [&call](std::string_view bytes) { return write_archive(call, bytes); });
  for (const auto& id : ids) tell_image(call, "save", id, id);
  co_await call.exchange.end();
}

Task<void> load(Call& call, ProgressAnswer& answer, bool quiet) {
  const auto sink = quiet ? [](const image::Progress&) {} : answer.sink();
  for (const auto& loaded : co_await call.images().load(call.exchange.body(), sink)) {
    const bool is_id = loaded.starts_with("sha256:");
    answer.tell_stream(is_id ? text("Loaded image ID: {}\n", loaded)
                             : text("Loaded image: {}\n", familiar(loaded)));
    if (const auto image = call.images().get(loaded)) tell_image(call, "load", (*image)->id, (*image)->id);
  }
}

// The config of an image that has nothing but what `changes`, instructions of a Dockerfile, give it.
Result<std::string> imported_config(const Call& call, const std::vector<std::string>& changes) {
  Config config;
  for (const auto& change : changes) TRY(engine::apply_change(config, change));
  oci::ImageConfig base;
  const oci::Platform own = oci::Platform::own();
  base.os = own.os;
  base.architecture = own.architecture;
  base.variant = own.variant;
  base.created = rfc3339_nano(call.now());
  return oci::encode_image_config(engine::image_config(std::move(base), config));
}

Task<void> import(Call& call, ProgressAnswer& answer, std::string reference, std::string config) {
  std::string message = call.query("message");
  if (message.empty()) message = "Imported from -";
  const auto image = co_await call.images().import(call.exchange.body(), std::move(reference),
                                                   std::move(config), std::move(message));
  tell_image(call, "import", image->id, image->id);
  answer.tell_status(image->id);
}

}  // namespace

Task<void> save_image(Call& call) { co_await save(call, {call.name}); }

Task<void> save_images(Call& call) {
  std::vector<std::string> names;
  for (const std::string_view name : call.exchange.query().all("names")) names.emplace_back(name);
  co_await save(call, std::move(names));
}

Task<void> load_images(Call& call) {
  ProgressAnswer answer(call);
  co_await answer.run(blame_client(load(call, answer, call.flag("quiet", true))), true);
}

Task<void> import_image(Call& call) {
  if (call.query("fromSrc") != "-") {
    co_await unsupported("Unsupported: importing from a URL; fetch it and import from standard input");
  }
  std::string reference;
  if (!call.query("repo").empty())
    reference = (co_await tagged(call.query("repo"), call.query("tag"))).to_text();
  std::vector<std::string> changes;
  for (const std::string_view change : call.exchange.query().all("changes")) changes.emplace_back(change);
  std::string config = co_await imported_config(call, changes);
  ProgressAnswer answer(call);
  co_await answer.run(blame_client(import(call, answer, std::move(reference), std::move(config))), true);
}

}  // namespace podo::docker
