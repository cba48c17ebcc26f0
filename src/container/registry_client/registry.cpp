#include "container/registry_client/registry.h"

#include "base/crypto/digest.h"
#include "container/registry_client/manifest_fetch.h"
#include "container/registry_client/problem.h"
#include "container/registry_client/state.h"

namespace podo::image {
namespace {

constexpr std::size_t page_bytes_max = 4 << 20, tags_max = 100'000;

// Link: </v2/a/tags/list?n=100&last=x>; rel="next"
std::string_view next_page(const http::Headers& headers) {
  const std::string_view link = headers.get("Link");
  const std::size_t begin = link.find('<'), end = link.find('>');
  if (begin == link.npos || end == link.npos || end < begin) return "";
  if (link.substr(end).find("rel=\"next\"") == link.npos && link.substr(end).find("rel=next") == link.npos)
    return "";
  return link.substr(begin + 1, end - begin - 1);
}

Result<> read_tags(std::string body, std::vector<std::string>& to) {
  const json::Document document = TRY(json::parse(std::move(body)));
  const json::Field tags = json::Field(document)["tags"];
  for (std::size_t i = 0; i < tags.size(); ++i) to.emplace_back(TRY(tags[i].string()));
  if (to.size() > tags_max) return exhausted("the repository has more than {} tags", tags_max);
  return {};
}

// The platform of an image without an index stands in its config.
Task<oci::Platform> platform_of(Session& session, std::string repository, oci::Descriptor config) {
  Patience patience = session.patience(3);
  http::Response response =
      co_await session.send({.target = text("/v2/{}/blobs/{}", repository, config.digest)}, patience);
  if (response.status != 200)
    co_await Failure((co_await read_problem(response, "GET request for an image's config")).to_error());
  std::string bytes = co_await http::read_all(*response.body, oci::config_bytes_max);
  if (crypto::digest_of(bytes, co_await crypto::algorithm_of(config.digest)) != config.digest)
    co_await corrupt("the image's config {} has another digest", config.digest);
  const json::Document document = co_await json::parse(std::move(bytes));
  const oci::ImageConfig image = co_await oci::decode_image_config(document);
  co_return oci::Platform{.os = image.os,
                          .architecture = image.architecture,
                          .variant = image.variant,
                          .os_version = image.os_version};
}

}  // namespace

Registry::Registry(const RegistryGround& ground, RegistryRules rules)
    : state_(std::make_unique<State>(ground, std::move(rules))) {}
Registry::~Registry() = default;

Task<std::vector<std::string>> Registry::tags(oci::Reference repository, Credentials credentials) {
  Session session(state_->ground, state_->tokens, co_await own_endpoint(*state_, repository.domain),
                  credentials, {text("repository:{}:pull", repository.path)});
  Patience patience = session.patience(3);
  std::vector<std::string> out;
  std::string target = text("/v2/{}/tags/list?n=1000", repository.path);
  for (;;) {
    http::Response response = co_await session.send({.target = target}, patience);
    if (response.status != 200) {
      const RegistryProblem problem =
          co_await read_problem(response, text("GET request to {}", session.url_of(target)));
      co_await Failure(problem.to_pull_error(repository));
    }
    co_await read_tags(co_await http::read_all(*response.body, page_bytes_max), out);
    const std::string_view next = next_page(response.headers);
    if (next.empty()) co_return out;
    target = co_await session.located(target, next);
  }
}

Task<std::string> Registry::log_in(std::string domain, Credentials credentials) {
  Session session(state_->ground, state_->tokens, co_await own_endpoint(*state_, domain), credentials, {});
  session.want_identity();
  Patience patience = session.patience(2);
  Result<http::Response> answer = co_await session.send({.target = "/v2/"}, patience).result();
  const std::string url = session.url_of("/v2/");
  if (!answer) {
    Error error = std::move(answer).error();
    const bool refused = error.kind() == ErrorKind::unauthenticated || error.kind() == ErrorKind::denied;
    const std::string asked = quoted_request("GET", url);
    if (!refused || error.message().starts_with(asked)) co_await Failure(std::move(error));
    co_await fail(ErrorKind::unauthenticated, text("{}: {}", asked, error.message()));
  }
  if (answer->status != 200)
    co_await fail(answer->status == 401 ? ErrorKind::unauthenticated : ErrorKind::unavailable,
                  text("login attempt to {} failed with status: {} {}", url, answer->status,
                       http::reason_of(answer->status)));
  co_return session.identity_token();
}

Task<Registry::Remote> Registry::inspect(oci::Reference reference, Credentials credentials) {
  Session session(state_->ground, state_->tokens, co_await own_endpoint(*state_, reference.domain),
                  credentials, {text("repository:{}:pull", reference.path)});
  const std::string which = reference.digest.empty() ? reference.tag : reference.digest;
  FetchedManifest fetched = co_await fetch_manifest(session, reference, which);
  Remote remote{.descriptor = fetched.descriptor, .platforms = {}};
  if (oci::media_type::is_index(fetched.descriptor.media_type)) {
    const oci::Index index = co_await read_index(std::move(fetched.bytes));
    for (const auto& manifest : index.manifests)
      if (manifest.platform) remote.platforms.push_back(*manifest.platform);
  } else {
    const oci::Manifest manifest = co_await read_manifest(std::move(fetched.bytes));
    remote.platforms.push_back(co_await platform_of(session, reference.path, manifest.config));
  }
  co_return remote;
}

}  // namespace podo::image
