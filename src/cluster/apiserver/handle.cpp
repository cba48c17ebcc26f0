// The path of a request through the server.
#include "cluster/apiserver/metrics.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/audit/audit.h"
#include "cluster/flow_control/flow_control.h"

namespace podo::apiserver {
namespace {

using Verb = Task<void> (*)(Request& request);

struct Asked {
  std::string_view group, plural;
  Verb verb;
};
// Resources that only answer questions: nothing of them is stored.
constexpr Asked asked_resources[] = {
    {"authorization.k8s.io", "subjectaccessreviews", review_access},
    {"authorization.k8s.io", "localsubjectaccessreviews", review_access},
    {"authorization.k8s.io", "selfsubjectaccessreviews", review_access},
    {"authorization.k8s.io", "selfsubjectrulesreviews", review_access},
    {"authentication.k8s.io", "tokenreviews", review_token},
    {"authentication.k8s.io", "selfsubjectreviews", review_self},
    {"", "bindings", bind_pod},
    {"", "componentstatuses", get_component},
};

// Whether the schema lists the verb for what is asked.
bool is_served(const Request& request) {
  const std::uint32_t verb = schema::verb_named(request.info.verb);
  const std::uint32_t verbs =
      request.subresource != nullptr ? request.subresource->verbs : request.resource->verbs;
  return (verbs & verb) != 0;
}

Verb verb_of_subresource(const Request& request) {
  const std::string_view part = request.info.subresource, verb = request.info.verb;
  if (part == "binding") return bind_pod;
  if (part == "eviction") return evict_pod;
  if (part == "token") return create_token;
  for (const std::string_view name : {"log", "exec", "attach", "portforward", "proxy"})
    if (part == name) return reach_node;
  if (verb == "get") return part == "scale" ? get_scale : get_object;
  return verb == "patch" ? patch_object : update_object;
}

Verb verb_of(const Request& request) {
  for (const Asked& asked : asked_resources)
    if (asked.plural == request.resource->plural && asked.group == request.resource->group_version->group)
      return asked.verb;
  if (request.subresource != nullptr) return verb_of_subresource(request);
  constexpr std::pair<std::string_view, Verb> verbs[] = {
      {"get", get_object},       {"list", list_objects},
      {"watch", watch_objects},  {"create", create_object},
      {"update", update_object}, {"patch", patch_object},
      {"delete", delete_object}, {"deletecollection", delete_objects}};
  for (const auto& [name, verb] : verbs)
    if (name == request.info.verb) return verb;
  return nullptr;
}

// Which resource is meant. One that is namespaced needs a namespace, but for lists and watches of all.
Result<> find_resource(Request& request) {
  const RequestInfo& info = request.info;
  request.resource = request.parts.schema.find_resource(info.group, info.version, info.plural);
  if (request.resource == nullptr || !request.resource->group_version->served)
    return request.refuse(kube::generic(404));
  request.storage = &objects::storage_of(request.parts.schema, *request.resource);
  if (!info.subresource.empty()) {
    request.subresource = request.resource->find(info.subresource);
    if (request.subresource == nullptr) return request.refuse(kube::generic(404));
  }
  const bool is_namespace = info.plural == "namespaces" && info.group.empty();
  const bool in_namespace = !info.name_space.empty();
  if (!is_namespace && in_namespace && !request.resource->namespaced)
    return request.refuse(kube::generic(404));
  const bool of_all = info.verb == "list" || info.verb == "watch";
  if (request.resource->namespaced && !in_namespace && !of_all)
    return request.refuse(kube::generic(info.name.empty() ? 405 : 404));
  const bool of_one = info.verb == "update" || info.verb == "patch";  // of none, or of all: there is no such
  const bool of_none = info.verb == "create" && info.subresource.empty();
  if ((of_one && info.name.empty()) || (of_none && !info.name.empty()) || !is_served(request))
    return request.refuse(kube::generic(405));
  return {};
}

Result<> authorize(Request& request) {
  const access::Attributes wanted = request.info.attributes();
  const access::Verdict verdict = request.parts.ground.access.authorize(request.user, wanted);
  if (request.trail) request.trail->authorized(verdict.decision == access::Decision::allow, verdict.reason);
  if (verdict.decision == access::Decision::allow) return {};
  const std::string why = access::forbidden_message(request.user, wanted, verdict.reason);
  kube::Status status{.code = 403, .reason = "Forbidden", .message = "", .group = "", .kind = "", .name = ""};
  status.shows_details = true;
  if (request.info.is_resource) {
    status.group = request.info.group;
    status.kind = request.info.plural;
    status.name = request.info.name;
    const std::string what = status.group.empty() ? status.kind : text("{}.{}", status.kind, status.group);
    status.message = status.name.empty() ? text("{} is forbidden: {}", what, why)
                                         : text("{} \"{}\" is forbidden: {}", what, status.name, why);
  } else {
    status.message = text("forbidden: {}", why);
  }
  return request.refuse(std::move(status));
}

Task<void> authenticate(Request& request) {
  const http::Exchange& exchange = request.exchange;
  auto user = co_await request.parts.ground.access.authenticate(exchange.peer(), exchange.headers()).result();
  if (!user && user.error().kind() == ErrorKind::unauthenticated)
    co_await request.refuse(kube::unauthorized());
  request.user = co_await std::move(user);
}

Task<void> dispatch(Request& request) {
  if (!request.info.is_resource) co_return co_await serve_path(request);
  co_await find_resource(request);
  const Verb verb = verb_of(request);
  if (verb == nullptr) co_await request.refuse(kube::generic(405));
  auto media = negotiate(request.exchange.headers(), request.query());
  if (!media && verb == reach_node) co_return co_await verb(request);  // others will answer
  if (!media) co_await request.refuse(kube::not_acceptable(media.error().message()));
  request.media = *media;
  co_await verb(request);
}

// From here on what the request is, and what comes of it, is written down.
Task<void> begin_trail(Request& request) {
  Audit* audit = request.parts.audit.get();
  if (audit == nullptr) co_return;
  co_await audit->room();
  const http::Exchange& exchange = request.exchange;
  const std::string query = request.query().to_text();
  const std::string& address = exchange.peer().address;
  request.trail = std::make_shared<AuditTrail>(
      audit, request.user,
      AuditedRequest{.asked = request.info.attributes(),
                     .uri = text("{}{}{}", exchange.path(), query.empty() ? "" : "?", query),
                     .source = address.substr(0, address.rfind(':')),
                     .user_agent = std::string(exchange.headers().get("User-Agent"))});
  if (!request.trail->id().empty()) request.extra.set("Audit-Id", request.trail->id());
}

// Requests that last as long as their client likes.
bool is_long_running(const RequestInfo& info) {
  if (info.verb == "watch") return true;
  for (const std::string_view part : {"log", "exec", "attach", "portforward", "proxy"})
    if (info.subresource == part) return true;
  return false;
}

Task<FlowControl::Seat> take_seat(Request& request) {
  auto seat = co_await request.parts.flow_control->take(request.user, request.info.attributes()).result();
  if (!seat && seat.error().kind() == ErrorKind::exhausted)
    co_await request.refuse(kube::too_many_requests(seat.error().message(), 1));
  FlowControl::Seat taken = co_await std::move(seat);
  if (!taken.schema_uid.empty()) {
    request.extra.set("X-Kubernetes-PF-FlowSchema-UID", taken.schema_uid);
    request.extra.set("X-Kubernetes-PF-PriorityLevel-UID", taken.level_uid);
  }
  co_return taken;
}

Task<void> serve(Request& request) {
  co_await authenticate(request);
  co_await begin_trail(request);
  FlowControl::Seat seat = co_await take_seat(request);  // before authorize: that is work, too
  co_await authorize(request);
  if (is_long_running(request.info)) seat.free();
  co_await dispatch(request);
}

// Errors nobody made a Status of are somebody's to look into.
void log_failure(Request& request, const kube::Status& status, const Error& error) {
  if (status.code < 500 || error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::unsupported)
    return;
  request.parts.ground.log.warn("{} {}: {}", request.exchange.method(), request.exchange.path(),
                                error.message());
}

Task<void> answer_failure(Request& request, const Error& error) {
  const kube::Status status = request.refuse.take(error);
  if (request.exchange.head_sent()) {
    if (error.system_errno() == 0) log_failure(request, status, error);
    co_await Failure(error);
  }
  log_failure(request, status, error);
  if (request.trail) request.trail->answered(status.http_code(), status.reason, status.message);
  co_await answer_status(request, status);
}

}  // namespace

Task<void> ApiServer::handle(http::Exchange& exchange) {
  Request request(*parts_, exchange);
  request.began = parts_->ground.loop.clock().now();
  request.deadline = request.began + parts_->options.request_within;
  request.info = parse_request(exchange.method(), exchange.path(), exchange.query());
  const InFlight in_flight(*parts_->metrics, request);
  const Result<> served = co_await serve(request).result();
  if (!served) co_return co_await answer_failure(request, served.error());
  if (request.trail) request.trail->answered(request.status);
}

}  // namespace podo::apiserver
