// The path of a request through the server.
#include "cluster/apiserver/metrics.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/audit/audit.h"
#include "cluster/flow_control/flow_control.h"

namespace podo::apiserver {
namespace {

using Verb = Task<void> (*)(Call& call);

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
  request.resource = request.ground.schema.find_resource(info.group, info.version, info.plural);
  if (request.resource == nullptr || !request.resource->group_version->served)
    return request.refuse(kube::generic(404));
  request.storage = &objects::storage_of(request.ground.schema, *request.resource);
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

Result<> authorize(Call& call) {
  const access::Attributes wanted = call.info.attributes();
  const access::Verdict verdict = call.parts.ground.access.authorize(call.user, wanted);
  if (call.trail) call.trail->authorized(verdict.decision == access::Decision::allow, verdict.reason);
  if (verdict.decision == access::Decision::allow) return {};
  const std::string why = access::forbidden_message(call.user, wanted, verdict.reason);
  kube::Status status{.code = 403, .reason = "Forbidden", .message = "", .group = "", .kind = "", .name = ""};
  status.shows_details = true;
  if (call.info.is_resource) {
    status.group = call.info.group;
    status.kind = call.info.plural;
    status.name = call.info.name;
    const std::string what = status.group.empty() ? status.kind : text("{}.{}", status.kind, status.group);
    status.message = status.name.empty() ? text("{} is forbidden: {}", what, why)
                                         : text("{} \"{}\" is forbidden: {}", what, status.name, why);
  } else {
    status.message = text("forbidden: {}", why);
  }
  return call.refuse(std::move(status));
}

Task<void> authenticate(Call& call) {
  const http::Exchange& exchange = call.exchange;
  auto user = co_await call.parts.ground.access.authenticate(exchange.peer(), exchange.headers()).result();
  if (!user && user.error().kind() == ErrorKind::unauthenticated) co_await call.refuse(kube::unauthorized());
  call.user = co_await std::move(user);
}

Task<void> dispatch(Call& call) {
  if (!call.info.is_resource) co_return co_await serve_path(call);
  co_await find_resource(call);
  const Verb verb = verb_of(call);
  if (verb == nullptr) co_await call.refuse(kube::generic(405));
  auto media = negotiate(call.exchange.headers(), call.query());
  if (!media && verb == reach_node) co_return co_await verb(call);  // others will answer
  if (!media) co_await call.refuse(kube::not_acceptable(media.error().message()));
  call.media = *media;
  co_await verb(call);
}

// From here on what the request is, and what comes of it, is written down.
Task<void> begin_trail(Call& call) {
  Audit* audit = call.parts.audit.get();
  if (audit == nullptr) co_return;
  co_await audit->room();
  const http::Exchange& exchange = call.exchange;
  const std::string query = call.query().to_text();
  const std::string& address = exchange.peer().address;
  call.trail = std::make_shared<AuditTrail>(
      audit, call.user,
      AuditedRequest{.asked = call.info.attributes(),
                     .uri = text("{}{}{}", exchange.path(), query.empty() ? "" : "?", query),
                     .source = address.substr(0, address.rfind(':')),
                     .user_agent = std::string(exchange.headers().get("User-Agent"))});
  if (!call.trail->id().empty()) call.extra.set("Audit-Id", call.trail->id());
}

// Requests that last as long as their client likes.
bool is_long_running(const RequestInfo& info) {
  if (info.verb == "watch") return true;
  for (const std::string_view part : {"log", "exec", "attach", "portforward", "proxy"})
    if (info.subresource == part) return true;
  return false;
}

Task<FlowControl::Seat> take_seat(Call& call) {
  auto seat = co_await call.parts.flow_control->take(call.user, call.info.attributes()).result();
  if (!seat && seat.error().kind() == ErrorKind::exhausted)
    co_await call.refuse(kube::too_many_requests(seat.error().message(), 1));
  FlowControl::Seat taken = co_await std::move(seat);
  if (!taken.schema_uid.empty()) {
    call.extra.set("X-Kubernetes-PF-FlowSchema-UID", taken.schema_uid);
    call.extra.set("X-Kubernetes-PF-PriorityLevel-UID", taken.level_uid);
  }
  co_return taken;
}

Task<void> serve(Call& call) {
  co_await authenticate(call);
  co_await begin_trail(call);
  FlowControl::Seat seat = co_await take_seat(call);  // before authorize: that is work, too
  co_await authorize(call);
  if (is_long_running(call.info)) seat.free();
  co_await dispatch(call);
}

// Errors nobody made a Status of are somebody's to look into.
void log_failure(Call& call, const kube::Status& status, const Error& error) {
  if (status.code < 500 || error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::unsupported)
    return;
  call.parts.ground.log.warn("{} {}: {}", call.exchange.method(), call.exchange.path(), error.message());
}

Task<void> answer_failure(Call& call, const Error& error) {
  const kube::Status status = call.refuse.take(error);
  if (call.exchange.head_sent()) {
    if (error.system_errno() == 0) log_failure(call, status, error);
    co_await Failure(error);
  }
  log_failure(call, status, error);
  if (call.trail) call.trail->answered(status.http_code(), status.reason, status.message);
  co_await answer_status(call, status);
}

}  // namespace

Task<void> ApiServer::handle(http::Exchange& exchange) {
  Call call(*parts_, exchange);
  call.began = parts_->ground.loop.clock().now();
  call.deadline = call.began + parts_->options.request_within;
  call.info = parse_request(exchange.method(), exchange.path(), exchange.query());
  const InFlight in_flight(*parts_->metrics, call);
  const Result<> served = co_await serve(call).result();
  if (!served) co_return co_await answer_failure(call, served.error());
  if (call.trail) call.trail->answered(call.status);
}

}  // namespace podo::apiserver
