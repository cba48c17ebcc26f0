#include "cluster/pod/downward.h"

#include <algorithm>
#include <optional>

#include "model/kube/path.h"

namespace podo::pod {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all.append(all.empty() ? "" : ",").append(part);
  return all;
}

std::string lines_of(const json::Item* map) {
  std::vector<const json::Item*> members;
  for (const json::Item& member : kube::children(map)) members.push_back(&member);
  std::ranges::sort(members, {}, [](const json::Item* member) { return member->key(); });
  std::string lines;
  for (const json::Item* member : members) {
    if (!lines.empty()) lines += '\n';
    lines.append(member->key()).append("=").append(quoted(member->string_or("")));
  }
  return lines;
}

// "metadata.labels['KEY']" -> the map's path and KEY.
struct Subscript {
  std::string_view path, key;
};
std::optional<Subscript> subscript_of(std::string_view field) {
  const std::size_t open = field.find("['");
  if (open == std::string_view::npos || !field.ends_with("']")) return std::nullopt;
  return Subscript{field.substr(0, open), field.substr(open + 2, field.size() - open - 4)};
}

const json::Item* find_container(const json::Item& pod, std::string_view name) {
  for (const std::string_view list : {"spec.containers", "spec.initContainers"}) {
    for (const json::Item& container : kube::children_at(pod, list)) {
      if (kube::text_at(container, "name") == name) return &container;
    }
  }
  return nullptr;
}

// Of a container without a limit: the pod's, else all that the node gives. Huge pages have no such default.
schema::Quantity default_limit(const json::Item& pod, std::string_view resource, const DownwardFacts& facts) {
  if (resource.starts_with("hugepages-")) return {};
  const auto of_pod = strategy::amounts_of(kube::find_at(pod, "spec.resources.limits"));
  if (const auto found = of_pod.find(resource); found != of_pod.end() && found->second.sign() != 0)
    return found->second;
  const auto found = facts.allocatable.find(resource);
  return found == facts.allocatable.end() ? schema::Quantity() : found->second;
}

bool is_known(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage" ||
         resource.starts_with("hugepages-");
}

}  // namespace

std::string quoted(std::string_view value) {
  constexpr std::string_view escapes = "abtnvfr";  // \a is 7, and so on
  std::string out = "\"";
  for (const char c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (code >= 7 && code < 7 + escapes.size()) {
      out.append(1, '\\').append(1, escapes[code - 7u]);
    } else if (code < 0x20 || code == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      out.append("\\x").append(1, digits[code >> 4]).append(1, digits[code & 15]);
    } else {
      out += c;
    }
  }
  return out += '"';
}

Result<std::string> field_value(const json::Item& pod, std::string_view field, const DownwardFacts& facts) {
  if (const auto subscript = subscript_of(field)) {
    if (subscript->path != "metadata.labels" && subscript->path != "metadata.annotations")
      return invalid("fieldPath \"{}\" does not support subscript", field);
    const json::Item* value = kube::part_at(pod, subscript->path).find(subscript->key);
    return std::string(value ? value->string_or("") : "");
  }
  if (field == "metadata.labels" || field == "metadata.annotations")
    return lines_of(kube::find_at(pod, field));
  if (field == "status.podIP") return facts.pod_ips.empty() ? "" : facts.pod_ips.front();
  if (field == "status.podIPs") return joined(facts.pod_ips);
  if (field == "status.hostIP") return facts.host_ips.empty() ? "" : facts.host_ips.front();
  if (field == "status.hostIPs") return joined(facts.host_ips);
  for (const std::string_view known :
       {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"}) {
    if (field == known) return std::string(kube::text_at(pod, field));
  }
  return invalid("unsupported fieldPath: {}", field);
}

Result<std::string> resource_value(const json::Item& pod, const json::Item& selector, const json::Item* own,
                                   const DownwardFacts& facts) {
  const std::string_view name = kube::text_at(selector, "containerName");
  const json::Item* container = name.empty() ? own : find_container(pod, name);
  if (container == nullptr) return invalid("container {} not found", name);
  const std::string_view wanted = kube::text_at(selector, "resource");
  const std::string_view which = wanted.substr(0, wanted.find('.'));
  const std::string_view resource = wanted.substr(std::min(which.size() + 1, wanted.size()));
  if ((which != "limits" && which != "requests") || !is_known(resource))
    return invalid("unsupported container resource : {}", wanted);

  schema::Quantity amount;
  const auto amounts = strategy::amounts_of(kube::part_at(*container, "resources").find(which));
  if (const auto found = amounts.find(resource); found != amounts.end()) amount = found->second;
  if (which == "limits" && amount.sign() == 0) amount = default_limit(pod, resource, facts);

  schema::Quantity divisor;
  if (const std::string_view text = kube::text_at(selector, "divisor"); !text.empty())
    divisor = TRY(schema::Quantity::parse(text));
  if (divisor.sign() == 0) divisor = schema::Quantity::of(1);
  const bool cpu = resource == "cpu";
  const std::int64_t units = cpu ? amount.milli() : amount.rounded_up();
  const std::int64_t per = cpu ? divisor.milli() : divisor.rounded_up();
  return text("{}", units / per + (units % per != 0 ? 1 : 0));
}

}  // namespace podo::pod
