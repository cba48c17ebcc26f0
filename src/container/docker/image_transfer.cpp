// Images from and to registries.
#include "container/docker/filters.h"
#include "container/docker/handlers.h"
#include "container/docker/image_list.h"
#include "container/docker/names.h"
#include "container/docker/progress.h"

namespace podo::docker {
namespace {

// A header that cannot be read is no reason not to try without credentials.
image::Credentials credentials_of(const Call& call) {
  const std::string_view header = call.exchange.headers().get("X-Registry-Auth");
  if (header.empty()) return {};
  auto credentials = image::decode_registry_auth(header);
  return credentials ? *std::move(credentials) : image::Credentials();
}

Task<void> pull_all(Call& call, std::vector<oci::Reference> references, image::PullOptions options,
                    image::ProgressSink sink) {
  for (auto& reference : references) {
    const std::string name = reference.familiar();
    const auto image = co_await call.ground.registry.pull(std::move(reference), options, sink);
    tell_image(call, "pull", image->id, name);
  }
}

bool names_no_tag(std::string_view repository) {
  const auto slash = repository.rfind('/');
  const std::string_view last = repository.substr(slash == repository.npos ? 0 : slash + 1);
  return last.find(':') == last.npos && last.find('@') == last.npos;
}

Task<std::vector<oci::Reference>> references_to_pull(Call& call, const image::Credentials& credentials) {
  const std::string repository = call.query("fromImage"), tag = call.query("tag");
  const oci::Reference reference = co_await tagged(repository, tag);
  if (!tag.empty() || !names_no_tag(repository)) co_return std::vector{reference};
  std::vector<oci::Reference> all;  // `docker pull --all-tags`
  for (const auto& one : co_await call.ground.registry.tags(reference, credentials)) {
    all.push_back(co_await tagged(reference.name(), one));
  }
  co_return all;
}

Task<void> push_all(Call& call, std::vector<oci::Reference> references, image::PushOptions options,
                    image::ProgressSink sink) {
  for (auto& reference : references) {
    const auto image = co_await call.images().get(reference.to_text());
    const std::string name = reference.familiar();
    co_await call.ground.registry.push(std::move(reference), options, sink);
    tell_image(call, "push", image->id, name);
  }
}

// Without a tag: every tag of that repository that is here.
Result<std::vector<oci::Reference>> references_to_push(const Call& call) {
  const oci::Reference reference = TRY(tagged(call.name, call.query("tag")));
  if (!call.query("tag").empty() || !names_no_tag(call.name)) return std::vector{reference};
  std::vector<oci::Reference> all;
  for (const auto& image : call.images().list()) {
    for (const auto& tag : image->tags) {
      auto one = oci::Reference::parse(tag);
      if (one && one->name() == reference.name()) all.push_back(*std::move(one));
    }
  }
  if (all.empty()) {
    return not_found("An image does not exist locally with the tag: {}", reference.familiar_name());
  }
  return all;
}

}  // namespace

void write_platform(json::Writer& out, const oci::Platform& platform) {
  out.object().key("architecture").string(platform.architecture).key("os").string(platform.os);
  if (!platform.os_version.empty()) out.key("os.version").string(platform.os_version);
  if (!platform.variant.empty()) out.key("variant").string(platform.variant);
  out.end();
}

Task<void> create_image(Call& call) {
  if (!call.query("fromSrc").empty()) co_return co_await import_image(call);
  if (call.query("fromImage").empty()) co_await invalid("fromImage or fromSrc is required");
  image::PullOptions options{.platform = {}, .credentials = credentials_of(call)};
  if (const std::string platform = call.query("platform"); !platform.empty())
    options.platform = co_await oci::Platform::parse(platform);
  auto references = co_await references_to_pull(call, options.credentials);
  ProgressAnswer answer(call);
  co_await answer.run(pull_all(call, std::move(references), std::move(options), answer.sink()));
}

Task<void> push_image(Call& call) {
  auto references = co_await references_to_push(call);
  if (!call.images().get(references.front().to_text())) {
    co_await not_found("An image does not exist locally with the tag: {}",
                       references.front().familiar_name());
  }
  ProgressAnswer answer(call);
  co_await answer.run(
      push_all(call, std::move(references), {.credentials = credentials_of(call)}, answer.sink()));
}

Task<void> search_images(Call& call) {
  if (call.query("term").empty()) co_await invalid("term is required");
  co_await unsupported(
      "Unsupported: searching (registries have no search of their own, and podo asks no index)");
}

Task<void> inspect_distribution(Call& call) {
  const auto reference = co_await oci::Reference::parse(call.name);
  const auto remote = co_await call.ground.registry.inspect(reference, credentials_of(call));
  json::Writer out;
  out.object().key("Descriptor").object().key("mediaType").string(remote.descriptor.media_type);
  out.key("digest").string(remote.descriptor.digest).key("size").number(remote.descriptor.size).end();
  out.key("Platforms").array();
  for (const auto& platform : remote.platforms) write_platform(out, platform);
  co_await call.answer(200, out.end().end());
}

}  // namespace podo::docker
