#include "container/registry_client/manifest_fetch.h"

#include <charconv>

#include "base/crypto/digest.h"
#include "container/registry_client/problem.h"

namespace podo::image {
namespace {

constexpr std::string_view accepted =
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

std::string target_of(const oci::Reference& reference, std::string_view which) {
  return text("/v2/{}/manifests/{}", reference.path, which);
}

// "application/json; charset=utf-8" -> "application/json"
std::string_view bare_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

bool is_document(std::string_view type) {
  return oci::media_type::is_index(type) || oci::media_type::is_manifest(type);
}

bool says_nothing(std::string_view type) {
  return type.empty() || type == "application/json" || type == "text/plain" ||
         type == "application/octet-stream";
}

Result<> check_digest_of(const FetchedManifest& fetched, const http::Headers& headers,
                         std::string_view which) {
  const std::string& digest = fetched.descriptor.digest;
  if (which.contains(':') && digest != which)
    return corrupt("the manifest {} has the digest {}", which, digest);
  const std::string_view said = headers.get("Docker-Content-Digest");
  if (said.starts_with("sha256:") && digest.starts_with("sha256:") && said != digest)
    return corrupt("the registry sent a manifest of the digest {} and said it was {}", digest, said);
  return {};
}

Result<oci::Descriptor> best_of(const oci::Index& index, const oci::Platform& wanted) {
  const oci::Descriptor* best = nullptr;
  int best_score = 0;
  for (const auto& manifest : index.manifests) {
    const int score = manifest.platform ? wanted.suits(*manifest.platform) : 0;
    if (score > best_score) best = &manifest, best_score = score;
  }
  if (best != nullptr) return *best;
  // An index of one image need not name its platform.
  if (index.manifests.size() == 1 && !index.manifests[0].platform) return index.manifests[0];
  return not_found("no matching manifest for {} in the manifest list entries", wanted.to_text());
}

}  // namespace

Result<std::string> manifest_type(std::string_view content_type, const json::Document& document) {
  const std::string_view said = bare_type(content_type);
  if (said == oci::media_type::docker_schema1 || said == oci::media_type::docker_schema1_signed)
    return unsupported(
        "Docker image manifest version 2, schema 1 is not supported: convert the image with a newer tool");
  if (!is_document(said) && !says_nothing(said))
    return corrupt("the registry answered {} where a manifest should be", said);
  const json::Field root(document);
  const std::string_view inside = TRY(root["mediaType"].string_or(""));
  if (inside.empty() && is_document(said)) return std::string(said);
  if (inside.empty())
    return std::string(root["manifests"] ? oci::media_type::index : oci::media_type::manifest);
  if (!is_document(inside)) return unsupported("unsupported manifest media type {}", inside);
  if (is_document(said) && said != inside)
    return corrupt("the manifest says it is {}, the registry that it is {}", inside, said);
  return std::string(inside);
}

Result<oci::Index> read_index(std::string bytes) {
  return oci::decode_index(TRY(json::parse(std::move(bytes))));
}
Result<oci::Manifest> read_manifest(std::string bytes) {
  return oci::decode_manifest(TRY(json::parse(std::move(bytes))));
}

Result<oci::Descriptor> choose_manifest(const oci::Index& index, const oci::Platform& wanted) {
  return best_of(index, wanted);
}

Task<FetchedManifest> fetch_manifest(Session& session, oci::Reference reference, std::string which) {
  Patience patience = session.patience(3);
  for (;;) {
    const Ask ask{.target = target_of(reference, which), .headers = {{"Accept", std::string(accepted)}}};
    http::Response response = co_await session.send(ask, patience);
    if (response.status != 200) {
      const RegistryProblem problem =
          co_await read_problem(response, text("GET request to {}", session.url_of(ask.target)));
      co_await Failure(problem.to_pull_error(reference));
    }
    Result<std::string> body = co_await http::read_all(*response.body, oci::manifest_bytes_max).result();
    if (!body) {
      if (!may_pass(body.error())) co_await Failure(std::move(body).error().within("the manifest"));
      co_await patience.rest(std::move(body).error().within(session.url_of(ask.target)));
      continue;
    }
    FetchedManifest fetched;
    fetched.bytes = *std::move(body);
    const auto algorithm = co_await crypto::algorithm_of(which.contains(':') ? which : "sha256:");
    fetched.descriptor.digest = crypto::digest_of(fetched.bytes, algorithm);
    fetched.descriptor.size = fetched.bytes.size();
    co_await check_digest_of(fetched, response.headers, which);
    Result<json::Document> document = json::parse(fetched.bytes);
    if (!document)
      co_await corrupt("the manifest of {}: {}", reference.familiar(), document.error().message());
    fetched.descriptor.media_type = co_await manifest_type(response.headers.get("Content-Type"), *document);
    co_return fetched;
  }
}

Task<std::optional<oci::Descriptor>> ask_for_manifest(Session& session, oci::Reference reference,
                                                      std::string which) {
  Patience patience = session.patience(3);
  Ask ask{.method = "HEAD",
          .target = target_of(reference, which),
          .headers = {{"Accept", std::string(accepted)}}};
  const http::Response response = co_await session.send(std::move(ask), patience);
  oci::Descriptor descriptor;
  descriptor.media_type = bare_type(response.headers.get("Content-Type"));
  descriptor.digest = response.headers.get("Docker-Content-Digest");
  const std::string_view length = response.headers.get("Content-Length");
  const auto read = std::from_chars(length.data(), length.data() + length.size(), descriptor.size);
  const bool complete = response.status == 200 && is_document(descriptor.media_type) &&
                        oci::check_digest(descriptor.digest) && read.ec == std::errc();
  co_return complete ? std::optional(std::move(descriptor)) : std::nullopt;
}

}  // namespace podo::image
