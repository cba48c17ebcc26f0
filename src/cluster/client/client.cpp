#include "cluster/client/client.h"

#include "base/core/ensure.h"
#include "cluster/client/remote_source.h"

namespace podo::client {
namespace {

constexpr std::size_t status_bytes_max = 1 << 20;

// The reason decides; who sends none (a proxy in between) is known by its code.
ErrorKind kind_of(int code, std::string_view reason) {
  if (reason == "AlreadyExists") return ErrorKind::already_exists;
  if (reason == "Expired" || code == 410) return ErrorKind::unavailable;
  switch (code) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422: return ErrorKind::invalid;
    case 401: return ErrorKind::unauthenticated;
    case 403: return ErrorKind::denied;
    case 404: return ErrorKind::not_found;
    case 409: return ErrorKind::conflict;
    case 501: return ErrorKind::unsupported;
    default: return code >= 500 || code == 429 ? ErrorKind::unavailable : ErrorKind::internal;
  }
}

Task<void> fail_as(http::Response& response) {
  const std::string body = co_await http::read_all(*response.body, status_bytes_max);
  const auto status = json::Tree::parse(body);
  const json::Item* reason = status ? status->root().find("reason") : nullptr;
  const json::Item* message = status ? status->root().find("message") : nullptr;
  const std::string_view said = message != nullptr ? message->string_or("") : std::string_view(body);
  co_await fail(kind_of(response.status, reason != nullptr ? reason->string_or("") : ""),
                said.empty() ? text("the API server answered {}", response.status) : std::string(said));
}

http::Request writing(std::string method, const Where& where, const json::Item& object) {
  http::Request request{.method = std::move(method), .url = where.target()};
  request.headers.set("Content-Type", "application/json");
  json::append_text(request.body, object);
  return request;
}

Where collection_of(Where where) {
  where.name.clear();
  return where;
}

std::string_view media_type_of(Patch type) {
  switch (type) {
    case Patch::json: return "application/json-patch+json";
    case Patch::merge: return "application/merge-patch+json";
    case Patch::strategic: return "application/strategic-merge-patch+json";
  }
  return {};
}

}  // namespace

std::string Where::target() const {
  const schema::GroupVersion& group_version = *resource->group_version;
  std::string target =
      text("{}/{}", group_version.group.empty() ? "/api" : "/apis", group_version.api_version);
  if (!name_space.empty()) target += "/namespaces/" + http::percent_encode(name_space);
  target.append("/").append(resource->plural);
  if (!name.empty()) target += "/" + http::percent_encode(name);
  if (!subresource.empty()) target += "/" + subresource;
  return target;
}

const schema::Resource* Client::resource(std::string_view group, std::string_view plural) const {
  for (const schema::GroupVersion& group_version : schema_.group_versions()) {
    if (group_version.group != group || !group_version.served) continue;
    for (const schema::Resource& resource : group_version.resources)
      if (resource.plural == plural) return &objects::storage_of(schema_, resource);
  }
  ENSURE(false);
  return nullptr;
}

Task<http::Response> Client::send(http::Request request) {
  http::Response response = co_await transport_.send(std::move(request));
  if (response.status / 100 != 2) co_await fail_as(response);
  co_return response;
}

Task<json::Tree> Client::ask(http::Request request) {
  http::Response response = co_await send(std::move(request));
  co_return json::Tree::parse(co_await http::read_all(*response.body, answer_bytes_max));
}

Task<json::Tree> Client::get(Where where) { return ask({.url = where.target()}); }

Task<std::optional<json::Tree>> Client::find(Where where) {
  Result<json::Tree> found = co_await get(std::move(where)).result();
  if (!found && found.error().kind() == ErrorKind::not_found) co_return std::nullopt;
  co_return co_await std::move(found);
}

Task<json::Tree> Client::list(Where where, Selection selection) {
  if (!selection.name_space.empty()) where.name_space = std::move(selection.name_space);
  http::Query query;
  if (!selection.labels.empty()) query.add("labelSelector", std::move(selection.labels));
  if (!selection.fields.empty()) query.add("fieldSelector", std::move(selection.fields));
  const std::string words = query.to_text();
  return ask({.url = collection_of(std::move(where)).target() + (words.empty() ? "" : "?" + words)});
}

Task<json::Tree> Client::create(Where where, const json::Item& object) {
  if (where.subresource.empty()) where = collection_of(std::move(where));
  return ask(writing("POST", where, object));
}

Task<json::Tree> Client::update(Where where, const json::Item& object) {
  return ask(writing("PUT", where, object));
}

Task<json::Tree> Client::patch(Where where, Patch type, std::string patch) {
  http::Request request{.method = "PATCH", .url = where.target()};
  request.headers.set("Content-Type", std::string(media_type_of(type)));
  request.body = std::move(patch);
  return ask(std::move(request));
}

Task<json::Tree> Client::apply(Where where, const json::Item& object, ApplyWish wish) {
  http::Request request = writing("PATCH", where, object);
  request.headers.set("Content-Type", "application/apply-patch+yaml");
  http::Query query;
  query.add("fieldManager", std::move(wish.manager));
  if (wish.force) query.add("force", "true");
  request.url += "?" + query.to_text();
  return ask(std::move(request));
}

Task<void> Client::remove(Where where, Removal removal) {
  json::Tree options;
  options.root().member("kind").set_string("DeleteOptions");
  options.root().member("apiVersion").set_string("v1");
  if (!removal.uid.empty()) options.root().member("preconditions").member("uid").set_string(removal.uid);
  if (!removal.resource_version.empty())
    options.root().member("preconditions").member("resourceVersion").set_string(removal.resource_version);
  if (removal.grace_s) options.root().member("gracePeriodSeconds").set_number(*removal.grace_s);
  if (!removal.propagation.empty())
    options.root().member("propagationPolicy").set_string(removal.propagation);
  http::Response response = co_await send(writing("DELETE", where, options.root()));
  co_await http::discard(*response.body);
}

Task<std::unique_ptr<objects::Mirror>> Client::mirror(const schema::Resource& resource, Selection selection,
                                                      objects::Mirror::Changed changed) {
  const bool stored = local_ != nullptr && &objects::storage_of(schema_, resource) == &resource;
  if (stored && selection.all()) return objects::Mirror::start(*local_, resource, std::move(changed));
  return objects::Mirror::start(std::make_unique<RemoteSource>(*this, resource, std::move(selection)),
                                std::move(changed));
}

}  // namespace podo::client
