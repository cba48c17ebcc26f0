#include "model/kube/status.h"

#include <cerrno>

#include "base/format/json_writer.h"

namespace podo::kube {
namespace {

void member(json::Writer& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out.key(key).string(value);
}

void write_causes(json::Writer& out, const std::vector<StatusCause>& causes) {
  out.key("causes").array();
  for (const StatusCause& cause : causes) {
    out.object();
    member(out, "reason", cause.reason);
    member(out, "message", cause.message);
    member(out, "field", cause.field);
    out.end();
  }
  out.end();
}

bool has_details(const Status& status) {
  return status.shows_details || !status.group.empty() || !status.kind.empty() || !status.name.empty() ||
         !status.uid.empty() || !status.causes.empty() || status.retry_after_s != 0;
}

Status of_resource(int code, std::string_view reason, std::string message, const schema::Resource& resource,
                   std::string_view name) {
  return {.code = code,
          .reason = std::string(reason),
          .message = std::move(message),
          .group = std::string(resource.group_version->group),
          .kind = std::string(resource.plural),
          .name = std::string(name)};
}

Status plain(int code, std::string_view reason, std::string message) {
  return {.code = code,
          .reason = std::string(reason),
          .message = std::move(message),
          .group = {},
          .kind = {},
          .name = {}};
}

std::string quoted(std::string_view value) {
  std::string out;
  json::append_quoted(out, value);
  return out;
}

ErrorKind kind_of(const Status& status) {
  switch (status.code) {
    case 401: return ErrorKind::unauthenticated;
    case 403: return ErrorKind::denied;
    case 404:
    case 410: return ErrorKind::not_found;
    case 405:
    case 415:
    case 501: return ErrorKind::unsupported;
    case 409: return status.reason == "AlreadyExists" ? ErrorKind::already_exists : ErrorKind::conflict;
    case 413:
    case 429:
    case 507: return ErrorKind::exhausted;
    case 503:
    case 504: return ErrorKind::unavailable;
    default: return status.code >= 500 ? ErrorKind::internal : ErrorKind::invalid;
  }
}

}  // namespace

std::string Status::to_json() const {
  json::Writer out;
  out.object().key("kind").string("Status").key("apiVersion").string("v1");
  out.key("metadata").object();
  member(out, "continue", continue_token);
  out.end();
  out.key("status").string(success() ? "Success" : "Failure");
  member(out, "message", message);
  member(out, "reason", reason);
  if (has_details(*this)) {
    out.key("details").object();
    member(out, "name", name);
    member(out, "group", group);
    member(out, "kind", kind);
    member(out, "uid", uid);
    if (!causes.empty()) write_causes(out, causes);
    if (retry_after_s != 0) out.key("retryAfterSeconds").number(retry_after_s);
    out.end();
  }
  if (code != 0) out.key("code").number(code);
  return out.end().take();
}

std::string qualified(const schema::Resource& resource) {
  if (resource.group_version->group.empty()) return std::string(resource.plural);
  return text("{}.{}", resource.plural, resource.group_version->group);
}

Status not_found(const schema::Resource& resource, std::string_view name) {
  return of_resource(404, "NotFound", text("{} {} not found", qualified(resource), quoted(name)), resource,
                     name);
}

Status already_exists(const schema::Resource& resource, std::string_view name) {
  return of_resource(409, "AlreadyExists", text("{} {} already exists", qualified(resource), quoted(name)),
                     resource, name);
}

Status conflict(const schema::Resource& resource, std::string_view name, std::string_view why) {
  return of_resource(
      409, "Conflict",
      text("Operation cannot be fulfilled on {} {}: {}", qualified(resource), quoted(name), why), resource,
      name);
}

Status modified(const schema::Resource& resource, std::string_view name) {
  return conflict(
      resource, name,
      "the object has been modified; please apply your changes to the latest version and try again");
}

Status invalid(const schema::Resource& resource, std::string_view name, const Errors& errors) {
  return invalid(resource.kind, resource.group_version->group, name, errors);
}

Status invalid(std::string_view kind, std::string_view group, std::string_view name, const Errors& errors) {
  Status status = plain(422, "Invalid", errors.message(kind, group, name));
  status.group = group;
  status.kind = kind;
  status.name = name;
  for (const FieldError& error : errors.list())
    status.causes.push_back({std::string(name_of(error.reason)), error.body, error.field});
  return status;
}

Status forbidden(const schema::Resource& resource, std::string_view name, std::string_view why) {
  const std::string what =
      name.empty() ? qualified(resource) : text("{} {}", qualified(resource), quoted(name));
  return of_resource(403, "Forbidden", text("{} is forbidden: {}", what, why), resource, name);
}

Status bad_request(std::string message) { return plain(400, "BadRequest", std::move(message)); }

Status unauthorized() { return plain(401, "Unauthorized", "Unauthorized"); }

Status generic(int code) {
  Status status = code == 405 ? plain(405, "MethodNotAllowed",
                                      "the server does not allow this method on the requested resource")
                              : plain(404, "NotFound", "the server could not find the requested resource");
  status.shows_details = true;
  return status;
}

Status not_acceptable(std::string message) { return plain(406, "NotAcceptable", std::move(message)); }

Status unsupported_media_type(std::string message) {
  return plain(415, "UnsupportedMediaType", std::move(message));
}

Status too_large(std::size_t bytes_max) {
  return plain(413, "RequestEntityTooLarge", text("Request entity too large: limit is {}", bytes_max));
}

Status timed_out() {
  Status status = plain(504, "Timeout", "Timeout: request did not complete within the allotted timeout");
  status.shows_details = true;
  return status;
}

Status expired(std::string message) { return plain(410, "Expired", std::move(message)); }

Status too_many_requests(std::string message, int retry_after_s) {
  Status status = plain(429, "TooManyRequests", std::move(message));
  status.retry_after_s = retry_after_s;
  return status;
}

Status internal_error(std::string_view what) {
  Status status = plain(500, "InternalError", text("Internal error occurred: {}", what));
  status.causes.push_back({"", std::string(what), ""});
  return status;
}

Status deleted(const schema::Resource& resource, std::string_view name, std::string_view uid) {
  Status status = of_resource(0, "", "", resource, name);
  status.uid = uid;
  return status;
}

Status status_of(const Error& error) {
  if (error.system_errno() == ETIMEDOUT) return timed_out();
  switch (error.kind()) {
    case ErrorKind::not_found: return plain(404, "NotFound", error.message());
    case ErrorKind::already_exists: return plain(409, "AlreadyExists", error.message());
    case ErrorKind::conflict: return plain(409, "Conflict", error.message());
    case ErrorKind::invalid: return bad_request(error.message());
    case ErrorKind::denied: return plain(403, "Forbidden", error.message());
    case ErrorKind::unauthenticated: return unauthorized();
    case ErrorKind::exhausted: return plain(507, "InsufficientStorage", error.message());
    case ErrorKind::unavailable:
    case ErrorKind::cancelled: return plain(503, "ServiceUnavailable", error.message());
    case ErrorKind::unsupported: return plain(501, "NotImplemented", error.message());
    case ErrorKind::corrupt:
    case ErrorKind::internal: break;
  }
  return internal_error(error.message());
}

Failure Refusal::operator()(Status status) {
  Failure failure = fail(kind_of(status), status.message);
  status_ = std::move(status);
  return failure;
}

Status Refusal::take(const Error& error) {
  if (!status_ || status_->message != error.message()) return status_of(error);
  return *std::move(status_);
}

}  // namespace podo::kube
