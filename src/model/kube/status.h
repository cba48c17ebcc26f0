// Status: how the API server says that something went wrong, or well (API conventions, "Response Status
// Kind"). The words are those that clients look for.
//
//   Refusal refusal;                                            // one a request
//   if (!found) co_await refusal(not_found(resource, name));  // ends the coroutines; the edge sends it
//
// Values; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "model/kube/field_errors.h"
#include "model/schema/schema.h"

namespace podo::kube {

struct StatusCause {
  std::string reason, message, field;  // "FieldValueRequired", "Required value", "spec.replicas"
};

struct Status {
  int code = 500;                           // 0: left out, as where a deletion succeeded (and sent with 200)
  std::string reason, message;              // reason: "NotFound"; "" is left out
  std::string group, kind, name, uid = {};  // details; kind is the plural resource but for Invalid
  std::vector<StatusCause> causes = {};
  int retry_after_s = 0;
  std::string continue_token = {};  // of a list that came too late for the rest: how it goes on all the same
  bool shows_details = false;  // also when there are none: "details":{}
  bool success() const { return code < 300; }
  int http_code() const { return code == 0 ? 200 : code; }
  std::string to_json() const;  // without a newline
};

// What a resource is called in messages: "deployments.apps", "pods".
std::string qualified(const schema::Resource& resource);

Status not_found(const schema::Resource& resource, std::string_view name);
Status already_exists(const schema::Resource& resource, std::string_view name);
// "Operation cannot be fulfilled on pods \"x\": " + why
Status conflict(const schema::Resource& resource, std::string_view name, std::string_view why);
Status modified(const schema::Resource& resource,
                std::string_view name);  // "the object has been modified; ..."
Status invalid(const schema::Resource& resource, std::string_view name, const Errors& errors);
// As invalid(), of a kind that is no resource ("PatchOptions" of "meta.k8s.io").
Status invalid(std::string_view kind, std::string_view group, std::string_view name, const Errors& errors);
// `pods "x" is forbidden: WHY`; without a name `pods is forbidden: WHY`.
Status forbidden(const schema::Resource& resource, std::string_view name, std::string_view why);
Status bad_request(std::string message);
Status unauthorized();
// Of a path or method that no resource answers to: "the server could not find the requested resource".
Status generic(int code);
Status not_acceptable(std::string message);          // 406
Status unsupported_media_type(std::string message);  // 415
Status too_large(std::size_t bytes_max);             // 413
Status timed_out();                                  // 504
Status expired(std::string message);
Status too_many_requests(std::string message, int retry_after_s);
Status internal_error(std::string_view what);
// What a deletion is answered with; `uid` of what is gone now.
Status deleted(const schema::Resource& resource, std::string_view name, std::string_view uid);
// Of an Error nobody made a Status of: its kind decides.
Status status_of(const Error& error);

// Carries a Status past coroutines that can only fail with an Error: it keeps the Status, and gives a Failure
// with its message. The edge asks for the Status when the request has failed.
class Refusal {
 public:
  Failure operator()(Status status);
  Status take(const Error& error);  // the Status that was refused with, or what the Error itself says

 private:
  std::optional<Status> status_;
};

}  // namespace podo::kube
