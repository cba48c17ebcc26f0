// The API server of controllers_testing.h.
#include <algorithm>
#include <charconv>
#include <set>

#include "cluster/controllers/controllers_testing.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/validate.h"
#include "model/patch/patch.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::text_at;

constexpr std::string_view name_letters = "bcdfghjklmnpqrstvwxz2456789";

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end != 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return parts;
}

// True: there is another finalizer now.
bool set_propagation(json::Item& object, std::string_view propagation) {
  const std::string_view wanted = propagation == "Orphan"       ? "orphan"
                                  : propagation == "Foreground" ? "foregroundDeletion"
                                                                : "";
  if (wanted.empty()) return false;
  for (const json::Item& finalizer : kube::children_at(object, "metadata.finalizers"))
    if (finalizer.string_or("") == wanted) return false;
  object.member("metadata").member("finalizers").append().set_string(wanted);
  return true;
}

std::string key_of(const json::Item& object, std::string_view plural) {
  return text("{}/{}/{}", plural, text_at(object, "metadata.namespace"), text_at(object, "metadata.name"));
}

}  // namespace

std::string FakeApi::Place::key() const { return text("{}/{}/{}", resource->plural, name_space, name); }

std::optional<FakeApi::Place> FakeApi::place_of(std::string_view path) const {
  const std::vector<std::string_view> parts = split(path);
  const bool core = parts.front() == "api";
  std::size_t at = core ? 2 : 3;
  const std::string_view group = core ? "" : parts[1], version = core ? parts[1] : parts[2];
  Place place;
  if (parts.size() > at + 2 && parts[at] == "namespaces") {
    place.name_space = parts[at + 1];
    at += 2;
  }
  if (at >= parts.size()) return std::nullopt;
  place.resource = schema_.find_resource(group, version, parts[at]);
  if (at + 1 < parts.size()) place.name = parts[at + 1];
  if (at + 2 < parts.size()) place.subresource = parts[at + 2];
  return place.resource != nullptr ? std::optional(place) : std::nullopt;
}

FakeApi::Answer FakeApi::refuse(int code, std::string_view reason, std::string_view message) {
  json::Tree status;
  status.root().member("kind").set_string("Status");
  status.root().member("reason").set_string(reason);
  status.root().member("message").set_string(message);
  status.root().member("code").set_number(code);
  return {code, status.to_text()};
}

json::Tree* FakeApi::find(std::string_view key) {
  const auto found = there_.find(key);
  return found != there_.end() ? &found->second : nullptr;
}

std::vector<json::Tree*> FakeApi::all(std::string_view plural) {
  std::vector<json::Tree*> all;
  const std::string prefix = std::string(plural) + "/";
  for (auto it = there_.lower_bound(prefix); it != there_.end() && it->first.starts_with(prefix); ++it)
    all.push_back(&it->second);
  return all;
}

void FakeApi::stamp(json::Tree& object) {
  object.root().member("metadata").member("resourceVersion").set_string(text("{}", ++version_));
}

void FakeApi::tell(std::string_view type, const std::string& key, const json::Tree& object) {
  writes += !key.starts_with("leases/");  // a heart that beats is rest
  History& history = histories_[key.substr(0, key.find('/'))];
  history.events.push_back({text("{{\"type\":\"{}\",\"object\":{}}}\n", type, object.to_text()), version_});
  history.told.notify_all();
  observe();
}

void FakeApi::changed(const std::string& key) {
  json::Tree& object = *find(key);
  stamp(object);
  tell("MODIFIED", key, object);
}

void FakeApi::erase(const std::string& key) {
  auto node = there_.extract(key);
  stamp(node.mapped());
  tell("DELETED", key, node.mapped());
}

void FakeApi::remove(const std::string& key, std::string_view propagation) {
  const json::Item& object = find(key)->root();
  const schema::Resource* resource =
      schema_.find_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
  remove({resource,
          std::string(text_at(object, "metadata.namespace")),
          std::string(text_at(object, "metadata.name")),
          {}},
         text(R"({{"propagationPolicy":"{}"}})", propagation));
}

std::string FakeApi::make(std::string_view json) {
  json::Tree tree = *json::Tree::parse(std::string(json));
  const schema::Resource* resource =
      schema_.find_kind(text_at(tree.root(), "apiVersion"), text_at(tree.root(), "kind"));
  ENSURE(resource != nullptr);
  const std::string_view said = text_at(tree.root(), "metadata.namespace");
  const std::string_view name_space = !resource->namespaced ? "" : said.empty() ? "default" : said;
  const Place place{resource, std::string(name_space), {}, {}};
  const Answer answer = create(place, tree.to_text());
  CHECK_MESSAGE(answer.code == 201, answer.body);
  return key_of(json::Tree::parse(answer.body)->root(), resource->plural);
}

FakeApi::Answer FakeApi::create(const Place& place, std::string_view body) {
  auto parsed = json::Tree::parse(std::string(body));
  if (!parsed) return refuse(400, "BadRequest", parsed.error().message());
  json::Item& object = parsed->root();
  const Wall now = loop_.clock().wall();
  json::Item& metadata = object.member("metadata");
  if (text_at(object, "metadata.name").empty()) {
    std::string name(text_at(object, "metadata.generateName"));
    for (int i = 0; i < 5; ++i) name += name_letters[loop_.random().below(name_letters.size())];
    metadata.member("name").set_string(name);
  }
  if (place.resource->namespaced) metadata.member("namespace").set_string(place.name_space);
  metadata.member("uid").set_string(text("uid-{}", ++uids_));
  metadata.member("creationTimestamp").set_string(time_text(now.ns / 1'000'000'000));
  if (const auto shaped = schema::shape(object, *place.resource->type); !shaped)
    return refuse(400, "BadRequest", shaped.error().message());
  strategy::prepare_create(object, *place.resource, now);
  kube::apply_defaults(object, *place.resource->type, now);
  strategy::prepare_create(object, *place.resource, now);
  if (const auto errors = kube::validate(object, *place.resource); !errors.empty())
    return refuse(422, "Invalid", errors.message(place.resource->kind, "", text_at(object, "metadata.name")));
  const std::string key = key_of(object, place.resource->plural);
  if (there_.contains(key)) return refuse(409, "AlreadyExists", key + " already exists");
  stamp(*parsed);
  const std::string text = schema::canonical(object, *place.resource->type);
  json::Tree& stored = there_.emplace(key, *json::Tree::parse(text)).first->second;
  tell("ADDED", key, stored);
  return {201, text};
}

FakeApi::Answer FakeApi::update(const Place& place, std::string_view body) {
  auto parsed = json::Tree::parse(std::string(body));
  return parsed ? store_update(place, *std::move(parsed))
                : refuse(400, "BadRequest", parsed.error().message());
}

FakeApi::Answer FakeApi::patch(const Place& place, std::string_view body, bool strategic) {
  json::Tree* old = find(place.key());
  if (old == nullptr) return refuse(404, "NotFound", place.key() + " not found");
  json::Tree now = json::Tree::copy_of(old->root());
  const auto parsed = json::Tree::parse(std::string(body));
  if (!parsed) return refuse(400, "BadRequest", "no JSON");
  if (!strategic) patch::merge_patch(now.root(), parsed->root());
  else if (const auto done = patch::strategic_patch(now, parsed->root(), *place.resource->type); !done)
    return refuse(422, "Invalid", done.error().message());
  return store_update(place, std::move(now));
}

FakeApi::Answer FakeApi::store_update(const Place& place, json::Tree now) {
  const std::string key = place.key();
  json::Tree* old = find(key);
  if (old == nullptr) return refuse(404, "NotFound", key + " not found");
  json::Item& object = now.root();
  for (const std::string_view which : {"metadata.uid", "metadata.resourceVersion"})
    if (const auto said = text_at(object, which); !said.empty() && said != text_at(old->root(), which))
      return refuse(409, "Conflict",
                    "the object has been modified; please apply your changes to the latest version");
  const Wall wall = loop_.clock().wall();
  if (const auto shaped = schema::shape(object, *place.resource->type); !shaped)
    return refuse(400, "BadRequest", shaped.error().message());
  strategy::prepare_update(object, old->root(), *place.resource, place.subresource, wall);
  kube::apply_defaults(object, *place.resource->type, wall);
  strategy::prepare_update(object, old->root(), *place.resource, place.subresource, wall);
  const auto errors = kube::validate_update(object, old->root(), *place.resource);
  CHECK_MESSAGE(errors.empty(), errors.message(place.resource->kind, place.subresource, place.name));
  if (!errors.empty()) return refuse(422, "Invalid", key + " is invalid");
  object.member("metadata").member("resourceVersion").copy(*find_at(old->root(), "metadata.resourceVersion"));
  std::string text = schema::canonical(object, *place.resource->type);
  if (text == schema::canonical(old->root(), *place.resource->type)) return {200, text};
  *old = *json::Tree::parse(text);
  changed(key);
  text = find(key)->to_text();
  const bool waits = kube::size_at(object, "metadata.finalizers") != 0 ||
                     find_at(object, "metadata.deletionTimestamp") == nullptr ||
                     (place.resource->plural == "pods" &&
                      kube::number_at(object, "metadata.deletionGracePeriodSeconds") > 0);
  if (!waits) erase(key);
  return {200, text};
}

// Pods that run get their grace: the kubelet takes them away.
FakeApi::Answer FakeApi::remove(const Place& place, std::string_view body) {
  const std::string key = place.key();
  json::Tree* object = find(key);
  if (object == nullptr) return refuse(404, "NotFound", key + " not found");
  const auto options = json::Tree::parse(std::string(body));
  if (const auto uid = text_at(options->root(), "preconditions.uid");
      !uid.empty() && uid != text_at(object->root(), "metadata.uid"))
    return refuse(409, "Conflict", "the UID in the precondition does not match");
  if (const auto version = text_at(options->root(), "preconditions.resourceVersion");
      !version.empty() && version != text_at(object->root(), "metadata.resourceVersion"))
    return refuse(409, "Conflict", "the ResourceVersion in the precondition does not match");
  if (place.resource->plural == "pods" && find_at(object->root(), "metadata.deletionTimestamp") == nullptr)
    removing(object->root());
  const std::string_view phase = text_at(object->root(), "status.phase");
  const bool runs = place.resource->plural == "pods" && !text_at(object->root(), "spec.nodeName").empty() &&
                    phase != "Succeeded" && phase != "Failed";
  const bool more = set_propagation(object->root(), text_at(options->root(), "propagationPolicy"));
  if (!runs && kube::size_at(object->root(), "metadata.finalizers") == 0) {
    erase(key);
    return {200, R"({"kind":"Status","status":"Success"})"};
  }
  json::Item& metadata = object->root().member("metadata");
  const bool first = metadata.find("deletionTimestamp") == nullptr;
  if (first) {
    metadata.member("deletionTimestamp").set_string(time_text(loop_.clock().wall().ns / 1'000'000'000));
    metadata.member("deletionGracePeriodSeconds").set_number(runs ? 30 : 0);
  }
  if (first || more) changed(key);
  return {200, find(key) != nullptr ? find(key)->to_text() : "{}"};
}

FakeApi::Answer FakeApi::list(const Place& place) {
  std::string items;
  for (const json::Tree* object : all(place.resource->plural)) {
    if (!place.name_space.empty() && text_at(object->root(), "metadata.namespace") != place.name_space)
      continue;
    items.append(items.empty() ? "" : ",").append(object->to_text());
  }
  return {200,
          text(R"({{"kind":"List","metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version_, items)};
}

FakeApi::Answer FakeApi::answer_to(std::string_view method, const Place& place, std::string_view body,
                                   bool strategic) {
  if (method == "POST") return create(place, body);
  if (method == "PUT") return update(place, body);
  if (method == "PATCH") return patch(place, body, strategic);
  if (method == "DELETE") return remove(place, body);
  if (place.name.empty()) return list(place);
  json::Tree* object = find(place.key());
  return object != nullptr ? Answer{200, object->to_text()}
                           : refuse(404, "NotFound", place.key() + " not found");
}

Task<void> FakeApi::handle(http::Exchange& exchange) {
  const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
  const std::optional<Place> place = place_of(exchange.path());
  if (!place) co_return co_await exchange.respond(404, {}, "{}");
  if (exchange.query().find("watch")) {
    std::int64_t from = 0;
    const std::string_view said = exchange.query().get("resourceVersion");
    std::from_chars(said.data(), said.data() + said.size(), from);
    co_return co_await watch(exchange, std::string(place->resource->plural), from);
  }
  co_await io::sleep(milliseconds(static_cast<std::int64_t>(loop_.random().below(30))));
  const std::string_view method = exchange.method();
  const bool writes_something = method != "GET";
  if (writes_something && strikes(faults.lost_requests))
    co_return co_await exchange.respond(503, {}, refuse(503, "ServiceUnavailable", "lost").body);
  if (method == "PUT" && strikes(faults.conflicts))
    co_return co_await exchange.respond(409, {}, refuse(409, "Conflict", "by chance").body);
  const auto type = exchange.headers().get("Content-Type");
  const Answer answer = answer_to(method, *place, body, type.contains("strategic"));
  if (strikes(faults.ended_watches)) end_watches();
  if (writes_something && strikes(faults.lost_answers))
    co_return co_await exchange.respond(503, {}, refuse(503, "ServiceUnavailable", "lost afterwards").body);
  co_await exchange.respond(answer.code, {}, answer.body);
}

void FakeApi::end_watches() {
  ++watches_ended_;
  for (auto& [plural, history] : histories_) history.told.notify_all();
}

Task<void> FakeApi::watch(http::Exchange& exchange, std::string plural, std::int64_t from) {
  const int life = watches_ended_;
  History& history = histories_[plural];
  std::size_t told = 0;
  co_await exchange.begin(200, {});
  while (life == watches_ended_) {
    for (; told < history.events.size(); ++told)
      if (history.events[told].version > from)
        co_await exchange.write(std::string(history.events[told].line));
    if (life == watches_ended_ && told == history.events.size()) co_await history.told.wait();
  }
  co_await exchange.end();
}

}  // namespace podo::controllers
