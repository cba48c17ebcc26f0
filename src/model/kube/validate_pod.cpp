#include <algorithm>
#include <unordered_set>

#include "model/kube/validate_rules.h"
#include "model/schema/quantity.h"

namespace podo::kube::rules {
namespace {

using Names = std::unordered_set<std::string_view>;

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> values) {
  return std::ranges::find(values, value) != values.end();
}

std::size_t members_of(const Item& item, std::initializer_list<std::string_view> names) {
  return static_cast<std::size_t>(
      std::ranges::count_if(names, [&](std::string_view name) { return item.find(name) != nullptr; }));
}

void check_int_or_name_port(Errors& errors, const FieldPath& path, const Item* port) {
  if (port == nullptr) return check_port(errors, path, 0);
  if (port->is(json::Kind::number)) return check_port(errors, path, port->as_int64().value_or(0));
  errors.invalid_each(path, port->string_or(""), check_port_name(port->string_or("")));
}

void check_handler(Errors& errors, const FieldPath& path, const Item& handler) {
  std::size_t handlers = 0;
  const auto count = [&](std::string_view name) {
    const Item* found = handler.find(name);
    if (found == nullptr) return found;
    if (++handlers > 1) {
      errors.forbidden(path / name, "may not specify more than 1 handler type");
      found = nullptr;
    }
    return found;
  };
  if (const Item* exec = count("exec"); exec && size_at(*exec, "command") == 0) {
    errors.required(path / "exec" / "command");
  }
  if (const Item* get = count("httpGet")) {
    if (text_at(*get, "path").empty()) errors.required(path / "httpGet" / "path");
    check_int_or_name_port(errors, path / "httpGet" / "port", get->find("port"));
  }
  if (const Item* socket = count("tcpSocket")) {
    check_int_or_name_port(errors, path / "tcpSocket" / "port", socket->find("port"));
  }
  if (const Item* grpc = count("grpc")) check_port(errors, path / "grpc" / "port", number_at(*grpc, "port"));
  count("sleep");
  if (handlers == 0) errors.required(path, "must specify a handler type");
}

void check_probe(Errors& errors, const FieldPath& path, const Item* probe, bool one_success) {
  if (probe == nullptr) return;
  check_handler(errors, path, *probe);
  for (const std::string_view field :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"}) {
    check_at_least(errors, path / field, probe->find(field), 0);
  }
  const Item* grace = probe->find("terminationGracePeriodSeconds");
  if (grace && grace->as_int64().value_or(0) <= 0) {
    errors.invalid(path / "terminationGracePeriodSeconds", grace->as_int64().value_or(0),
                   "must be greater than 0");
  }
  if (one_success && number_at(*probe, "successThreshold") != 1) {
    errors.invalid(path / "successThreshold", number_at(*probe, "successThreshold"), "must be 1");
  }
}

void check_value_from(Errors& errors, const FieldPath& path, const Item& variable) {
  const Item& source = *variable.find("valueFrom");
  const std::size_t sources =
      members_of(source, {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"});
  if (sources == 0) {
    errors.invalid(path, "",
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` "
                   "or `fileKeyRef`");
  } else if (!text_at(variable, "value").empty()) {
    errors.invalid(path, "", "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    errors.invalid(path, "", "may not have more than one field specified at a time");
  }
  for (const std::string_view reference : {"configMapKeyRef", "secretKeyRef"}) {
    const Item* found = source.find(reference);
    if (found == nullptr) continue;
    const std::string_view key = text_at(*found, "key");
    if (text_at(*found, "name").empty()) errors.required(path / reference / "name");
    if (key.empty()) errors.required(path / reference / "key");
    else errors.invalid_each(path / reference / "key", key, check_config_key(key));
  }
  if (const Item* field = source.find("fieldRef"); field && text_at(*field, "fieldPath").empty()) {
    errors.required(path / "fieldRef" / "fieldPath");
  }
  if (const Item* field = source.find("resourceFieldRef"); field && text_at(*field, "resource").empty()) {
    errors.required(path / "resourceFieldRef" / "resource");
  }
}

void check_environment(Errors& errors, const FieldPath& path, const Item* variables) {
  std::size_t index = 0;
  for (const Item& variable : children(variables)) {
    const FieldPath here = path[index++];
    const std::string_view name = text_at(variable, "name");
    if (name.empty()) errors.required(here / "name");
    else if (!std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '='; })) {
      errors.invalid(
          here / "name", name,
          "a valid environment variable name must consist only of printable ASCII characters other than '='");
    }
    if (variable.find("valueFrom")) check_value_from(errors, here / "valueFrom", variable);
  }
}

void check_ports(Errors& errors, const FieldPath& path, const Item* ports, bool host_network) {
  Names names;
  std::size_t index = 0;
  for (const Item& port : children(ports)) {
    const FieldPath here = path[index++];
    const std::string_view name = text_at(port, "name");
    if (!name.empty()) {
      const Messages wrong = check_port_name(name);
      errors.invalid_each(here / "name", name, wrong);
      if (wrong.empty() && !names.insert(name).second) errors.duplicate(here / "name", name);
    }
    const std::int64_t inside = number_at(port, "containerPort"), host = number_at(port, "hostPort");
    if (inside == 0) errors.required(here / "containerPort");
    else check_port(errors, here / "containerPort", inside);
    if (host != 0) check_port(errors, here / "hostPort", host);
    if (host_network && host != inside) {
      errors.invalid(here / "hostPort", host, "must match `containerPort` when `hostNetwork` is true");
    }
    if (text_at(port, "protocol").empty()) errors.required(here / "protocol");
  }
}

void check_mounts(Errors& errors, const FieldPath& path, const Item& container, const Names& volumes) {
  Names paths;
  std::size_t index = 0;
  for (const Item& mount : children(container.find("volumeMounts"))) {
    const FieldPath here = path[index++];
    const std::string_view name = text_at(mount, "name"), where = text_at(mount, "mountPath");
    if (name.empty()) errors.required(here / "name");
    else if (!volumes.contains(name)) errors.not_found(here / "name", name);
    if (where.empty()) errors.required(here / "mountPath");
    if (!paths.insert(where).second) errors.invalid(here / "mountPath", where, "must be unique");
    const std::string_view sub = text_at(mount, "subPath");
    if (sub.starts_with('/')) errors.invalid(here / "subPath", sub, "must be a relative path");
    else if (sub == ".." || sub.starts_with("../") || sub.contains("/../") || sub.ends_with("/..")) {
      errors.invalid(here / "subPath", sub, "must not contain '..'");
    }
    if (!sub.empty() && !text_at(mount, "subPathExpr").empty()) {
      errors.invalid(here / "subPathExpr", text_at(mount, "subPathExpr"),
                     "subPathExpr and subPath are mutually exclusive");
    }
  }
}

bool is_standard_resource(std::string_view name) {
  return is_one_of(name, {"cpu", "memory", "ephemeral-storage", "storage"}) || name.starts_with("hugepages-");
}
bool is_native(std::string_view name) { return !name.contains('/') || name.contains("kubernetes.io/"); }
bool overcommits(std::string_view name) { return is_native(name) && !name.starts_with("hugepages-"); }

// Amounts of one list; each is a known name and not negative.
void check_amounts(Errors& errors, const FieldPath& path, const Item* amounts) {
  for (const Item& amount : children(amounts)) {
    const FieldPath here = path.key(amount.key());
    errors.invalid_each(path, amount.key(), check_qualified_name(amount.key()));
    if (!amount.key().contains('/') && !is_standard_resource(amount.key())) {
      errors.invalid(here, amount.key(), "must be a standard resource for containers");
    }
    const auto quantity = schema::Quantity::parse(amount.string_or("0"));
    if (quantity && quantity->sign() < 0) {
      errors.invalid(here, amount.string_or(""), "must be greater than or equal to 0");
    }
  }
}

void check_resources(Errors& errors, const FieldPath& path, const Item* resources) {
  if (resources == nullptr) return;
  const Item* limits = resources->find("limits");
  const Item* requests = resources->find("requests");
  check_amounts(errors, path / "limits", limits);
  check_amounts(errors, path / "requests", requests);
  bool huge = false, plain = false;
  for (const Item* list : {limits, requests}) {
    for (const Item& amount : children(list)) {
      huge = huge || amount.key().starts_with("hugepages-");
      plain = plain || amount.key() == "cpu" || amount.key() == "memory";
    }
  }
  for (const Item& request : children(requests)) {
    const FieldPath here = path / "requests";
    const std::string_view name = request.key();
    const Item* limit = limits ? limits->find(name) : nullptr;
    if (limit == nullptr) {
      if (!overcommits(name))
        errors.required(path / "limits", "Limit must be set for non overcommitable resources");
      continue;
    }
    const auto wanted = schema::Quantity::parse(request.string_or("0")).value_or(schema::Quantity());
    const auto most = schema::Quantity::parse(limit->string_or("0")).value_or(schema::Quantity());
    if (!overcommits(name) && wanted != most) {
      errors.invalid(here, request.string_or(""),
                     text("must be equal to {} limit of {}", name, limit->string_or("")));
    } else if (wanted > most) {
      errors.invalid(here, request.string_or(""),
                     text("must be less than or equal to {} limit of {}", name, limit->string_or("")));
    }
  }
  if (huge && !plain) errors.forbidden(path, "HugePages require cpu or memory");
}

struct Context {
  const Names& volumes;
  bool host_network;
};

void check_container(Errors& errors, const FieldPath& path, const Item& container, const Context& context) {
  const std::string_view image = text_at(container, "image");
  if (image.empty()) errors.required(path / "image");
  else if (image.front() == ' ' || image.back() == ' ' || image.back() == '\n' || image.front() == '\t') {
    errors.invalid(path / "image", image, "must not have leading or trailing whitespace");
  }
  check_ports(errors, path / "ports", container.find("ports"), context.host_network);
  check_environment(errors, path / "env", container.find("env"));
  check_mounts(errors, path / "volumeMounts", container, context.volumes);
  check_resources(errors, path / "resources", container.find("resources"));
  const Item* lifecycle = container.find("lifecycle");
  for (const std::string_view hook : {"postStart", "preStop"}) {
    const Item* handler = lifecycle ? lifecycle->find(hook) : nullptr;
    if (handler) check_handler(errors, path / "lifecycle" / hook, *handler);
  }
  check_probe(errors, path / "livenessProbe", container.find("livenessProbe"), true);
  check_probe(errors, path / "readinessProbe", container.find("readinessProbe"), false);
  check_probe(errors, path / "startupProbe", container.find("startupProbe"), true);
}

void check_plain_init(Errors& errors, const FieldPath& path, const Item& container) {
  if (text_at(container, "restartPolicy") == "Always") return;
  for (const std::string_view field : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
    if (container.find(field)) {
      errors.forbidden(path / field, "may not be set for init containers without restartPolicy=Always");
    }
  }
}

void check_containers(Errors& errors, const FieldPath& path, const Item& spec, const Context& context) {
  Names names;
  for (const std::string_view list : {"containers", "initContainers"}) {
    std::size_t index = 0;
    for (const Item& container : children(spec.find(list))) {
      const FieldPath here = (path / list)[index++];
      const std::string_view name = text_at(container, "name");
      check_name(errors, here / "name", name, check_dns_label);
      if (!name.empty() && !names.insert(name).second) errors.duplicate(here / "name", name);
      check_container(errors, here, container, context);
      if (list == "initContainers") check_plain_init(errors, here, container);
    }
  }
}

Names check_volumes(Errors& errors, const FieldPath& path, const Item* volumes) {
  Names names;
  std::size_t index = 0;
  for (const Item& volume : children(volumes)) {
    const FieldPath here = path[index++];
    const std::string_view name = text_at(volume, "name");
    check_name(errors, here / "name", name, check_dns_label);
    if (!name.empty() && !names.insert(name).second) errors.duplicate(here / "name", name);
    std::size_t sources = 0;
    for (const Item& source : children(&volume)) {
      if (source.key() == "name") continue;
      if (++sources > 1) errors.forbidden(here / source.key(), "may not specify more than 1 volume type");
    }
    if (sources == 0) errors.required(here, "must specify a volume type");
    if (volume.find("hostPath") && text_at(volume, "hostPath.path").empty())
      errors.required(here / "hostPath" / "path");
    if (volume.find("secret") && text_at(volume, "secret.secretName").empty()) {
      errors.required(here / "secret" / "secretName");
    }
    if (volume.find("configMap") && text_at(volume, "configMap.name").empty()) {
      errors.required(here / "configMap" / "name");
    }
    if (volume.find("persistentVolumeClaim") && text_at(volume, "persistentVolumeClaim.claimName").empty()) {
      errors.required(here / "persistentVolumeClaim" / "claimName");
    }
  }
  return names;
}

void check_dns(Errors& errors, const FieldPath& path, const Item& spec) {
  constexpr std::size_t servers_max = 3, searches_max = 32;
  const Item* config = spec.find("dnsConfig");
  if (text_at(spec, "dnsPolicy") == "None") {
    if (config == nullptr) {
      return errors.required(path / "dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    }
    if (size_at(*config, "nameservers") == 0) {
      errors.required(path / "dnsConfig" / "nameservers",
                      "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  if (config == nullptr) return;
  if (size_at(*config, "nameservers") > servers_max) {
    errors.invalid(path / "dnsConfig" / "nameservers", config->find("nameservers"),
                   text("must not have more than {} nameservers", servers_max));
  }
  if (size_at(*config, "searches") > searches_max) {
    errors.invalid(path / "dnsConfig" / "searches", config->find("searches"),
                   text("must not have more than {} search paths", searches_max));
  }
}

void check_tolerations(Errors& errors, const FieldPath& path, const Item* tolerations) {
  std::size_t index = 0;
  for (const Item& toleration : children(tolerations)) {
    const FieldPath here = path[index++];
    const std::string_view key = text_at(toleration, "key"), op = text_at(toleration, "operator");
    if (!key.empty()) errors.invalid_each(here / "key", key, check_qualified_name(key));
    if (key.empty() && op != "Exists") {
      errors.invalid(
          here / "operator", op,
          "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    }
    if (op == "Exists" && !text_at(toleration, "value").empty()) {
      errors.invalid(here / "operator", &toleration, "value must be empty when `operator` is 'Exists'");
    }
    if (toleration.find("tolerationSeconds") && text_at(toleration, "effect") != "NoExecute") {
      errors.invalid(here / "effect", text_at(toleration, "effect"),
                     "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
  }
}

void check_terms(Errors& errors, const FieldPath& path, const Item* terms, bool weighted) {
  std::size_t index = 0;
  for (const Item& each : children(terms)) {
    FieldPath here = path[index++];
    const Item* term = &each;
    if (weighted) {
      const std::int64_t weight = number_at(each, "weight");
      if (weight < 1 || weight > 100) errors.invalid(here / "weight", weight, "must be in the range 1-100");
      here = here / "podAffinityTerm";
      term = each.find("podAffinityTerm");
    }
    if (term == nullptr || text_at(*term, "topologyKey").empty()) {
      errors.required(here / "topologyKey", "can not be empty");
    }
    if (term) check_label_selector(errors, here / "labelSelector", term->find("labelSelector"));
  }
}

void check_affinity(Errors& errors, const FieldPath& path, const Item* affinity) {
  if (affinity == nullptr) return;
  constexpr std::string_view required = "requiredDuringSchedulingIgnoredDuringExecution";
  constexpr std::string_view preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  if (const Item* node = affinity->find("nodeAffinity")) {
    const Item* selector = node->find(required);
    if (selector && size_at(*selector, "nodeSelectorTerms") == 0) {
      errors.required(path / "nodeAffinity" / required / "nodeSelectorTerms",
                      "must have at least one node selector term");
    }
    std::size_t index = 0;
    for (const Item& term : children(node->find(preferred))) {
      const FieldPath here = (path / "nodeAffinity" / preferred)[index++];
      const std::int64_t weight = number_at(term, "weight");
      if (weight < 1 || weight > 100) errors.invalid(here / "weight", weight, "must be in the range 1-100");
    }
  }
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    const Item* pods = affinity->find(kind);
    if (pods == nullptr) continue;
    check_terms(errors, path / kind / required, pods->find(required), false);
    check_terms(errors, path / kind / preferred, pods->find(preferred), true);
  }
}

}  // namespace

void check_pod_spec(Errors& errors, const FieldPath& path, const Item& spec, bool) {
  const Names volumes = check_volumes(errors, path / "volumes", spec.find("volumes"));
  if (size_at(spec, "containers") == 0) errors.required(path / "containers");
  check_containers(errors, path, spec, {volumes, is_true_at(spec, "hostNetwork")});
  check_dns(errors, path, spec);
  check_labels(errors, path / "nodeSelector", spec.find("nodeSelector"));
  check_at_least(errors, path / "terminationGracePeriodSeconds", spec.find("terminationGracePeriodSeconds"),
                 0);
  if (const Item* deadline = spec.find("activeDeadlineSeconds")) {
    const std::int64_t seconds = deadline->as_int64().value_or(0);
    if (seconds < 1 || seconds > INT32_MAX) {
      errors.invalid(path / "activeDeadlineSeconds", seconds, "must be between 1 and 2147483647, inclusive");
    }
  }
  for (const std::string_view field : {"hostname", "subdomain"}) {
    const std::string_view name = text_at(spec, field);
    if (!name.empty()) errors.invalid_each(path / field, name, check_dns_label(name));
  }
  for (const std::string_view field :
       {"serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"}) {
    const std::string_view name = text_at(spec, field);
    if (!name.empty()) errors.invalid_each(path / field, name, check_dns_subdomain(name));
  }
  check_tolerations(errors, path / "tolerations", spec.find("tolerations"));
  check_affinity(errors, path / "affinity", spec.find("affinity"));
  check_pod_security(errors, path, spec);
}

void pod(Errors& errors, const Item& object, const Item*) {
  const Item* spec = object.find("spec");
  if (spec == nullptr) return;
  check_pod_spec(errors, FieldPath("spec"), *spec, false);
  if (size_at(*spec, "ephemeralContainers") > 0) {
    errors.forbidden(FieldPath("spec") / "ephemeralContainers", "cannot be set on create");
  }
}

}  // namespace podo::kube::rules
