#include "cluster/apiserver/pod_options.h"

#include <charconv>

#include "base/core/timestamp.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

constexpr std::string_view lists[] = {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"};

std::string names_in(const Item& pod, std::string_view list) {
  std::string names = "[";
  for (const Item& container : kube::children_at(pod, list)) {
    if (names.size() > 1) names += ' ';
    names += kube::text_at(container, "name");
  }
  return names += ']';
}

bool has_container(const Item& pod, std::string_view name) {
  for (const std::string_view list : lists)
    for (const Item& container : kube::children_at(pod, list))
      if (kube::text_at(container, "name") == name) return true;
  return false;
}

// Go's strconv.ParseInt, in whose words clients are told.
Result<std::optional<std::int64_t>> number(Request& request, std::string_view name) {
  const auto value = request.query().find(name);
  if (!value) return std::nullopt;
  std::int64_t parsed = 0;
  const auto [end, problem] = std::from_chars(value->data(), value->data() + value->size(), parsed);
  if (problem == std::errc() && end == value->data() + value->size()) return parsed;
  const bool large = problem == std::errc::result_out_of_range;
  return request.refuse(kube::bad_request(
      text("strconv.ParseInt: parsing \"{}\": {}", *value, large ? "value out of range" : "invalid syntax")));
}

void check_least(kube::Errors& errors, std::string_view name, std::optional<std::int64_t> value,
                 std::int64_t least) {
  if (value && *value < least)
    errors.invalid(FieldPath(name), *value,
                   least == 0 ? "must be greater than or equal to 0" : "must be greater than 0");
}

struct LogNumbers {
  std::optional<std::int64_t> tail, bytes, seconds;
};

kube::Errors check_log(const Request& request, const LogNumbers& numbers) {
  constexpr std::string_view streams[] = {"All", "Stderr", "Stdout"};
  kube::Errors errors;
  check_least(errors, "tailLines", numbers.tail, 0);
  check_least(errors, "limitBytes", numbers.bytes, 1);
  if (numbers.seconds && request.query().find("sinceTime"))
    errors.forbidden(FieldPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified");
  else check_least(errors, "sinceSeconds", numbers.seconds, 1);
  const auto stream = request.query().find("stream");
  if (stream && std::ranges::find(streams, *stream) == std::end(streams))
    errors.not_supported(FieldPath("stream"), *stream, streams);
  else if (stream && *stream != "All" && numbers.tail)
    errors.forbidden(FieldPath(""), "`tailLines` and specific `stream` are mutually exclusive for now");
  return errors;
}

}  // namespace

Result<std::string> choose_container(Request& request, const Item& pod) {
  const std::string& pod_name = request.info.name;
  const std::string_view wanted = request.query().get("container");
  if (!wanted.empty()) {
    if (has_container(pod, wanted)) return std::string(wanted);
    return request.refuse(kube::bad_request(text("container {} is not valid for pod {}", wanted, pod_name)));
  }
  const std::size_t count = kube::size_at(pod, lists[0]);
  if (count == 1) return std::string(kube::text_at(pod, "spec.containers[0].name"));
  std::string why = text("a container name must be specified for pod {}", pod_name);
  if (count > 0) why += text(", choose one of: {}", names_in(pod, lists[0]));
  if (count > 0 && kube::size_at(pod, lists[1]) > 0)
    why += text(" or one of the init containers: {}", names_in(pod, lists[1]));
  return request.refuse(kube::bad_request(std::move(why)));
}

Result<http::Query> node_log_query(Request& request) {
  const LogNumbers numbers{.tail = TRY(number(request, "tailLines")),
                           .bytes = TRY(number(request, "limitBytes")),
                           .seconds = TRY(number(request, "sinceSeconds"))};
  const auto since = request.query().find("sinceTime");
  if (since && !since->empty() && !parse_rfc3339(*since))
    return request.refuse(kube::bad_request(
        text("parsing time \"{}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{}\"", *since, *since)));
  if (const kube::Errors errors = check_log(request, numbers); !errors.empty())
    return request.refuse(kube::invalid("PodLogOptions", "", request.info.name, errors));
  http::Query query;
  for (const std::string_view flag : {"follow", "previous", "timestamps"})
    if (request.flag(flag)) query.add(std::string(flag), "true");
  for (const std::string_view name : {"sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream"})
    if (const auto value = request.query().find(name); value && !value->empty())
      query.add(std::string(name), std::string(*value));
  return query;
}

http::Query node_command_query(const Request& request) {
  constexpr std::pair<std::string_view, std::string_view> flags[] = {
      {"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}};
  http::Query query;
  for (const auto& [name, node_name] : flags)
    if (request.flag(name)) query.add(std::string(node_name), "1");
  for (const std::string_view word : request.query().all("command")) query.add("command", std::string(word));
  return query;
}

Result<http::Query> node_port_query(Request& request) {
  std::string ports;
  for (const std::string_view list : request.query().all("ports")) {
    for (std::string_view rest = list; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      std::int32_t parsed = 0;
      const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), parsed);
      if (problem != std::errc() || end != word.data() + word.size())
        return request.refuse(kube::bad_request(text("unable to parse \"{}\" as a port", word)));
      ports += text("{}{}", ports.empty() ? "" : ",", parsed);
    }
  }
  http::Query query;
  if (!ports.empty()) query.add("port", std::move(ports));
  return query;
}

}  // namespace podo::apiserver
