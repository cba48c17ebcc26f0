#include "cluster/node/service_environment.h"

#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::text_at;

// "my-svc" -> "MY_SVC"
std::string variable_part(std::string_view name) {
  std::string part(name);
  for (char& c : part) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return part;
}

std::string in_lower_case(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

void add_link(Variables& to, const std::string& name, std::string_view address, const json::Item& port,
              bool first) {
  const std::int64_t number = kube::number_at(port, "port");
  const std::string_view given = text_at(port, "protocol");
  const std::string protocol(given.empty() ? "TCP" : given), lower = in_lower_case(protocol);
  const bool v6 = address.contains(':');
  const std::string url = text("{}://{}{}{}:{}", lower, v6 ? "[" : "", address, v6 ? "]" : "", number);
  if (first) to.push_back({name + "_PORT", url});
  const std::string prefix = text("{}_PORT_{}_{}", name, number, protocol);
  to.push_back({prefix, url});
  to.push_back({prefix + "_PROTO", lower});
  to.push_back({prefix + "_PORT", text("{}", number)});
  to.push_back({prefix + "_ADDR", std::string(address)});
}

}  // namespace

Variables variables_of_service(const json::Item& service) {
  Variables variables;
  const std::string_view address = text_at(service, "spec.clusterIP");
  const json::Item* first = kube::part_at(service, "spec.ports").first();
  if (address.empty() || address == "None" || first == nullptr) return variables;
  const std::string name = variable_part(text_at(service, "metadata.name"));
  variables.push_back({name + "_SERVICE_HOST", std::string(address)});
  variables.push_back({name + "_SERVICE_PORT", text("{}", kube::number_at(*first, "port"))});
  for (const json::Item& port : kube::children_at(service, "spec.ports")) {
    const std::string_view port_name = text_at(port, "name");
    if (!port_name.empty())
      variables.push_back({text("{}_SERVICE_PORT_{}", name, variable_part(port_name)),
                           text("{}", kube::number_at(port, "port"))});
  }
  for (const json::Item& port : kube::children_at(service, "spec.ports"))
    add_link(variables, name, address, port, &port == first);
  return variables;
}

void ServiceVariables::changed(const objects::Object& before, const objects::Object& now) {
  const objects::Object& either = now ? now : before;
  const auto service = now ? now.tree() : Result<json::Tree>(json::Tree());
  set(either.name_space(), either.name(), service ? variables_of_service(service->root()) : Variables());
}

void ServiceVariables::set(std::string_view name_space, std::string_view name, Variables variables) {
  auto& there = services_[std::string(name_space)];
  if (variables.empty()) there.erase(std::string(name));
  else there.insert_or_assign(std::string(name), std::move(variables));
  if (there.empty()) services_.erase(std::string(name_space));
}

pod::Environment ServiceVariables::of(std::string_view name_space, bool with_links) const {
  pod::Environment environment;
  const auto add = [&](const Variables& variables) {
    for (const auto& [name, value] : variables) environment.set(name, value);
  };
  if (const auto there = services_.find("default"); there != services_.end())
    if (const auto master = there->second.find("kubernetes"); master != there->second.end())
      add(master->second);
  if (!with_links) return environment;
  if (const auto there = services_.find(name_space); there != services_.end())
    for (const auto& [name, variables] : there->second) add(variables);
  return environment;
}

}  // namespace podo::node
