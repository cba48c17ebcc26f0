// What there is: tags, repositories, referrers.
#include "base/core/number.h"
#include "base/format/json_writer.h"
#include "container/registry/server_state.h"
#include "model/oci/image.h"

namespace podo::registry {
namespace {

constexpr std::size_t names_max = 10'000;         // of a page
constexpr std::size_t referrers_bytes = 3 << 20;  // of a page; clients take 4 MiB

struct Paging {
  std::size_t count = names_max;
  std::string last;  // names after this one
};

Answer<Paging> paging_of(const Call& call) {
  Paging paging{.last = std::string(call.query("last"))};
  const auto n = call.exchange.query().find("n");
  if (!n) return paging;
  const auto count = whole_number<std::size_t>(*n);
  if (!count) return Refusal(number_invalid(*n));
  paging.count = std::min(*count, names_max);
  return paging;
}

// A page of a sorted map's names; says whether there are more.
template <class Map>
bool take_page(const Map& names, const Paging& paging, std::vector<std::string_view>& page) {
  auto at = paging.last.empty() ? names.begin() : names.upper_bound(paging.last);
  for (; at != names.end() && page.size() < paging.count; ++at) page.push_back(at->first);
  return at != names.end() && paging.count > 0;
}

http::Headers page_headers(std::string_view path, const Paging& paging, bool more, std::string_view last) {
  http::Headers headers{{"Content-Type", "application/json"}};
  if (more)
    headers.add("Link",
                text("<{}?last={}&n={}>; rel=\"next\"", path, http::percent_encode(last), paging.count));
  return headers;
}

void write_names(json::Writer& out, const std::vector<std::string_view>& names) {
  out.array();
  for (const std::string_view name : names) out.string(name);
  out.end();
}

void write_descriptor(json::Writer& out, std::string_view digest, const ManifestRecord& record) {
  out.object().key("mediaType").string(record.type).key("digest").string(digest);
  out.key("size").number(record.size);
  if (!record.artifact_type.empty()) out.key("artifactType").string(record.artifact_type);
  if (!record.annotations.empty()) {
    out.key("annotations").object();
    for (const auto& [key, value] : record.annotations) out.key(key).string(value);
    out.end();
  }
  out.end();
}

}  // namespace

Task<void> Server::State::list_tags(Call& call) {
  const Answer<Paging> paging = paging_of(call);
  if (!paging) return refuse(call.exchange, paging.error());
  const Repository* repository = catalog.find(call.repository());
  if (repository == nullptr) return refuse(call.exchange, name_unknown(call.repository()));
  std::vector<std::string_view> page;
  const bool more = take_page(repository->tags, *paging, page);
  json::Writer out;
  out.object().key("name").string(call.repository()).key("tags");
  write_names(out, page);
  const std::string path = text("/v2/{}/tags/list", call.repository());
  return answer(call.exchange, 200, page_headers(path, *paging, more, page.empty() ? "" : page.back()),
                out.end().take());
}

Task<void> Server::State::list_repositories(Call& call) {
  const Answer<Paging> paging = paging_of(call);
  if (!paging) return refuse(call.exchange, paging.error());
  std::vector<std::string_view> page;
  const bool more = take_page(catalog.repositories(), *paging, page);
  json::Writer out;
  out.object().key("repositories");
  write_names(out, page);
  return answer(call.exchange, 200,
                page_headers("/v2/_catalog", *paging, more, page.empty() ? "" : page.back()),
                out.end().take());
}

// An index of the manifests whose subject is the digest; it need not be here itself, nor the repository.
Task<void> Server::State::list_referrers(Call& call) {
  const std::string& subject = call.reference();
  if (!is_digest(subject)) return refuse(call.exchange, digest_invalid("no digest of a known kind"));
  const auto wanted = call.exchange.query().find("artifactType");
  http::Headers headers{{"Content-Type", std::string(oci::media_type::index)}};
  if (wanted) headers.add("OCI-Filters-Applied", "artifactType");
  json::Writer out;
  out.object().key("schemaVersion").number(2).key("mediaType").string(oci::media_type::index);
  out.key("manifests").array();
  const Repository* repository = catalog.find(call.repository());
  if (repository != nullptr) {
    const std::string last(call.query("last"));
    auto at = last.empty() ? repository->referrers.lower_bound({subject, ""})
                           : repository->referrers.upper_bound({subject, last});
    std::string_view written;
    for (; at != repository->referrers.end() && at->first == subject; ++at) {
      const ManifestRecord& record = repository->manifests.at(at->second);
      if (wanted && record.artifact_type != *wanted) continue;
      if (out.text().size() > referrers_bytes) {
        headers.add("Link",
                    text("</v2/{}/referrers/{}?{}last={}>; rel=\"next\"", call.repository(), subject,
                         wanted ? "artifactType=" + http::percent_encode(*wanted) + "&" : "", written));
        break;
      }
      write_descriptor(out, at->second, record);
      written = at->second;
    }
  }
  return answer(call.exchange, 200, std::move(headers), out.end().end().take());
}

}  // namespace podo::registry
