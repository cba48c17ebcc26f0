#include "container/registry_client/problem.h"

#include "base/core/number.h"
#include "base/format/json.h"
#include "container/registry_client/challenge.h"

namespace podo::image {
namespace {

constexpr std::size_t body_bytes_max = 64 << 10;

ErrorKind kind_of(int status) {
  switch (status) {
    case 401: return ErrorKind::unauthenticated;
    case 403: return ErrorKind::denied;
    case 404: return ErrorKind::not_found;
    case 429: return ErrorKind::exhausted;
    default: return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
  }
}

struct Known {
  std::string_view code, message;
};
// What is meant where only the code came.
constexpr Known known[] = {
    {"UNAUTHORIZED", "authentication required"},
    {"DENIED", "requested access to the resource is denied"},
    {"MANIFEST_UNKNOWN", "manifest unknown"},
    {"NAME_UNKNOWN", "repository name not known to registry"},
    {"BLOB_UNKNOWN", "blob unknown to registry"},
    {"TOOMANYREQUESTS", "too many requests"},
    {"UNSUPPORTED", "The operation is unsupported."},
};

std::string_view code_of(int status) {
  if (status == 401) return "UNAUTHORIZED";
  if (status == 403) return "DENIED";
  return status == 429 ? "TOOMANYREQUESTS" : "UNKNOWN";
}

// {"errors":[{"code":..,"message":..}]} of registries, {"details":..} of Docker's token service.
void read_body(std::string body, RegistryProblem& problem) {
  const auto document = json::parse(std::move(body));
  if (!document) return;
  const json::Field root(*document);
  if (!root.value().is(json::Kind::object)) return;
  if (const auto details = root["details"].string(); details && !details->empty()) {
    problem.code = code_of(problem.status);
    problem.message = *details;
    return;
  }
  const json::Value first = root["errors"].value().is(json::Kind::array) && root["errors"].size() > 0
                                ? root["errors"].value().at(0)
                                : json::Value();
  if (!first.is(json::Kind::object)) return;
  if (const auto code = first.find("code"); code.is(json::Kind::string)) problem.code = code.string();
  if (const auto message = first.find("message"); message.is(json::Kind::string))
    problem.message = message.string();
}

// RFC 6750 3.1: the challenge tells a wrong token from one that is not enough.
void read_challenges(const http::Headers& headers, RegistryProblem& problem) {
  for (const auto& challenge : challenges_of(headers)) {
    if (challenge.scheme != "bearer") continue;
    const std::string_view error = challenge.get("error");
    if (error != "invalid_token" && error != "insufficient_scope") continue;
    problem.code = error == "invalid_token" ? "UNAUTHORIZED" : "DENIED";
    problem.message = challenge.get("error_description");
  }
}

}  // namespace

Task<RegistryProblem> read_problem(http::Response& response, std::string asked) {
  RegistryProblem problem{.status = response.status, .code = {}, .message = {}};
  if (response.body) {
    Result<std::string> body = co_await http::read_all(*response.body, body_bytes_max).result();
    if (!body && body.error().kind() == ErrorKind::cancelled) co_await Failure(std::move(body).error());
    if (body) read_body(*std::move(body), problem);
  }
  if (response.status == 401) read_challenges(response.headers, problem);
  if (response.status == 401 && problem.code.empty()) problem.code = code_of(401);
  for (const auto& [code, message] : known)
    if (problem.message.empty() && problem.code == code) problem.message = message;
  if (problem.message.empty())
    problem.message =
        text("unexpected status from {}: {} {}", asked, response.status, http::reason_of(response.status));
  co_return problem;
}

std::string RegistryProblem::to_text() const {
  if (code.empty()) return message;
  std::string words = code;
  for (char& c : words) c = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return words + ": " + message;
}

Error RegistryProblem::to_error() const { return {kind_of(status), to_text()}; }

Error RegistryProblem::to_pull_error(const oci::Reference& reference) const {
  if (code == "DENIED")
    return {ErrorKind::not_found,
            text("pull access denied for {}, repository does not exist or may require 'docker login': {}",
                 reference.familiar_name(), to_text())};
  if (code == "MANIFEST_UNKNOWN" || (code.empty() && status == 404))
    return {ErrorKind::not_found, text("manifest for {} not found: {}", reference.familiar(), to_text())};
  if (code == "NAME_UNKNOWN")
    return {ErrorKind::not_found, text("repository {} not found: {}", reference.familiar_name(), to_text())};
  return to_error();
}

bool may_pass(int status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

bool may_pass(const Error& error) {
  return error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::corrupt;
}

Duration retry_after(const http::Headers& headers) {
  const auto count = whole_number<std::int64_t>(headers.get("Retry-After"));
  if (!count || *count < 0 || *count > 1'000'000'000) return {};
  return seconds(*count);
}

}  // namespace podo::image
