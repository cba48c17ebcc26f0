#include "cluster/api_request/list_options.h"

#include <charconv>

#include "base/format/json_writer.h"

namespace podo::apiserver {
namespace {

using kube::FieldPath;

std::string quoted(std::string_view value) {
  std::string out;
  json::append_quoted(out, value);
  return out;
}

// Empty counts as not there.
Result<std::optional<std::int64_t>> read_integer(Request& request, std::string_view name) {
  const std::string_view value = request.query().get(name);
  if (value.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return number;
  const std::string_view why =
      error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  return request.refuse(kube::bad_request(text("strconv.ParseInt: parsing {}: {}", quoted(value), why)));
}

Result<> read_selectors(Request& request, ListOptions& options) {
  auto labels = kube::LabelSelector::parse(request.query().get("labelSelector"));
  if (!labels) return request.refuse(kube::bad_request(labels.error().message()));
  options.labels = *std::move(labels);
  auto fields = kube::FieldSelector::parse(request.query().get("fieldSelector"));
  if (!fields) return request.refuse(kube::bad_request(fields.error().message()));
  options.fields = *std::move(fields);
  if (const auto known = options.fields.check(*request.resource); !known)
    return request.refuse(kube::bad_request(known.error().message()));
  return {};
}

// A name in the path: the same as asking for it by a field selector.
Result<> read_name(Request& request, ListOptions& options) {
  const std::string& name = request.info.name;
  if (name.empty()) return {};
  const std::string* selected = options.fields.exact("metadata.name");
  if (selected != nullptr && *selected == name) return {};
  if (!options.fields.empty())
    return request.refuse(kube::bad_request("fieldSelector metadata.name doesn't match requested name"));
  options.fields = TRY(kube::FieldSelector::parse("metadata.name=" + name));
  return {};
}

constexpr std::string_view exact = "Exact", not_older = "NotOlderThan";

void check_list(const ListOptions& options, kube::Errors& errors) {
  const FieldPath match("resourceVersionMatch");
  if (options.send_initial_events)
    errors.forbidden(FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list");
  if (options.match.empty()) return;
  if (options.resource_version.empty())
    errors.forbidden(match, "resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (!options.continue_token.empty())
    errors.forbidden(match, "resourceVersionMatch is forbidden when continue is provided");
  constexpr std::string_view known[] = {exact, not_older, ""};
  if (options.match != exact && options.match != not_older) errors.not_supported(match, options.match, known);
  if (options.match == exact && options.resource_version == "0")
    errors.forbidden(match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

void check_watch(const ListOptions& options, kube::Errors& errors) {
  const FieldPath match("resourceVersionMatch");
  if (options.send_initial_events && options.match != not_older)
    errors.forbidden(match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  if (options.match.empty()) return;
  if (!options.send_initial_events)
    errors.forbidden(match,
                     "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  constexpr std::string_view known[] = {not_older};
  if (options.match != not_older) errors.not_supported(match, options.match, known);
  if (!options.continue_token.empty())
    errors.forbidden(match, "resourceVersionMatch is forbidden when continue is provided");
}

}  // namespace

bool ListOptions::selects(const json::Item& object) const {
  return labels.matches(object.find("metadata", "labels")) && fields.matches(object);
}

Result<ListOptions> read_list_options(Request& request) {
  const http::Query& query = request.query();
  ListOptions options;
  TRY(read_selectors(request, options));
  TRY(read_name(request, options));
  options.resource_version = query.get("resourceVersion");
  options.match = query.get("resourceVersionMatch");
  options.continue_token = query.get("continue");
  const std::int64_t limit = TRY(read_integer(request, "limit")).value_or(0);
  options.limit = limit > 0 ? static_cast<std::size_t>(limit) : 0;
  options.timeout_s = TRY(read_integer(request, "timeoutSeconds"));
  options.watch = request.info.verb == "watch";
  options.allow_bookmarks = request.flag("allowWatchBookmarks");
  if (query.find("sendInitialEvents")) options.send_initial_events = request.flag("sendInitialEvents");

  kube::Errors errors;
  if (options.watch) check_watch(options, errors);
  else check_list(options, errors);
  if (!errors.empty()) return request.refuse(kube::invalid("ListOptions", "meta.k8s.io", "", errors));
  return options;
}

Result<objects::Revision> read_revision(Request& request, std::string_view resource_version) {
  objects::Revision revision = 0;
  const char* const end = resource_version.data() + resource_version.size();
  if (resource_version.empty()) return revision;
  const auto [at, error] = std::from_chars(resource_version.data(), end, revision);
  if (error == std::errc() && at == end) return revision;
  const std::string_view why =
      error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  return request.refuse(kube::bad_request(
      text("invalid resource version: resourceVersion: Invalid value: {}: strconv.ParseUint: parsing {}: {}",
           quoted(resource_version), quoted(resource_version), why)));
}

kube::Status too_large_revision(objects::Revision asked, objects::Revision newest) {
  kube::Status status{.code = 504,
                      .reason = "Timeout",
                      .message = text("Timeout: Too large resource version: {}, current: {}", asked, newest),
                      .group = {},
                      .kind = {},
                      .name = {}};
  status.causes = {{"ResourceVersionTooLarge", "Too large resource version", ""}};
  status.retry_after_s = 1;
  return status;
}

}  // namespace podo::apiserver
