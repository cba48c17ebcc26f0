#include "cluster/api_request/request.h"

#include <algorithm>

#include "model/kube/selectors.h"

namespace podo::apiserver {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Segments are decoded one by one: "%2F" in a name is no border.
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash != 0) parts.push_back(http::percent_decode(path.substr(0, slash)));
    path.remove_prefix(std::min(path.size(), slash + 1));
  }
  return parts;
}

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

bool is_true(std::optional<std::string_view> value) {
  return value && *value != "0" && lower(*value) != "false";
}

// What stands behind "namespaces/NS/": another resource, or a part of the namespace itself.
bool is_part_of_namespace(std::string_view word) { return word == "status" || word == "finalize"; }

void name_by_selector(RequestInfo& info, const http::Query& query) {
  info.field_selector = query.get("fieldSelector");
  const auto selector = kube::FieldSelector::parse(info.field_selector);
  const std::string* name = selector ? selector->exact("metadata.name") : nullptr;
  if (name != nullptr && name->find_first_of("/%") == std::string::npos) info.name = *name;
}

void read_resource(RequestInfo& info, std::vector<std::string>& rest, const http::Query& query) {
  auto at = rest.begin();
  if (*at == "watch" && rest.size() > 1) {
    info.verb = "watch";
    ++at;
  }
  if (*at == "namespaces" && at + 1 != rest.end()) {
    info.name_space = at[1];
    if (at + 2 != rest.end() && !is_part_of_namespace(at[2])) at += 2;
  }
  info.plural = *at;
  if (++at != rest.end()) info.name = *at++;
  if (at != rest.end()) info.subresource = *at++;
  for (; at != rest.end(); ++at) info.rest += "/" + *at;
  if (info.name.empty() && info.verb == "get") info.verb = is_true(query.find("watch")) ? "watch" : "list";
  if (info.name.empty() && info.verb == "delete") info.verb = "deletecollection";
  if (info.verb == "get" && info.subresource.empty() && is_true(query.find("watch"))) info.verb = "watch";
  if (info.name.empty() && (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection"))
    name_by_selector(info, query);
}

}  // namespace

access::Attributes RequestInfo::attributes() const {
  return {.verb = verb,
          .group = group,
          .version = version,
          .resource = plural,
          .subresource = subresource,
          .name_space = name_space,
          .name = name,
          .path = path,
          .is_resource = is_resource,
          .field_selector = field_selector};
}

RequestInfo parse_request(std::string_view method, std::string_view path, const http::Query& query) {
  RequestInfo info;
  info.verb = lower(method);
  info.path = http::percent_decode(path);
  std::vector<std::string> parts = segments_of(path);
  if (parts.empty()) return info;
  const bool core = parts[0] == "api";
  const std::size_t before = core ? 2 : 3;  // "api/v1", "apis/apps/v1"
  if ((!core && parts[0] != "apis") || parts.size() <= before) return info;
  const std::string verb = verb_of(method);
  if (verb.empty()) return info;
  info.is_resource = true;
  info.verb = verb;
  if (!core) info.group = parts[1];
  info.version = parts[before - 1];
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(before));
  read_resource(info, parts, query);
  return info;
}

bool Request::flag(std::string_view name) const { return is_true(query().find(name)); }

}  // namespace podo::apiserver
