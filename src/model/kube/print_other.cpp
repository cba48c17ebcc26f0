// Configuration, storage, access, certificates and the rest.
#include <algorithm>

#include "model/kube/print_cells.h"

namespace podo::kube::cells {
namespace {

std::string modes_of(const Item* list) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {{"ReadWriteOnce", "RWO"},
                                                                     {"ReadOnlyMany", "ROX"},
                                                                     {"ReadWriteMany", "RWX"},
                                                                     {"ReadWriteOncePod", "RWOP"}};
  std::string all;
  for (const auto& [name, shortened] : names) {
    for (const Item& mode : children(list)) {
      if (mode.string_or("") != name) continue;
      all.append(all.empty() ? "" : ",").append(shortened);
      break;
    }
  }
  return all;
}

}  // namespace

PODO_CELL(config_data) {
  static_cast<void>(path);
  put(out, static_cast<std::int64_t>(size_at(row.object, "data") + size_at(row.object, "binaryData")));
}

PODO_CELL(access_modes) { put(out, modes_of(find_at(row.object, path))); }

PODO_CELL(claim_modes) {
  const bool bound = !text_at(row.object, "spec.volumeName").empty();
  put(out, bound ? modes_of(find_at(row.object, path)) : "");
}

PODO_CELL(claim_capacity) {
  const bool bound = !text_at(row.object, "spec.volumeName").empty();
  put(out, bound ? text_at(row.object, path) : std::string_view());
}

PODO_CELL(volume_claim) {
  const Item* claim = find_at(row.object, path);
  if (claim == nullptr) return put(out, "");
  put(out, podo::text("{}/{}", text_at(*claim, "namespace"), text_at(*claim, "name")));
}

PODO_CELL(storage_class_of) {
  const Item* annotations = find_at(row.object, "metadata.annotations");
  const Item* old = annotations ? annotations->find("volume.beta.kubernetes.io/storage-class") : nullptr;
  put(out, old ? old->string_or("") : text_at(row.object, path));
}

PODO_CELL(storage_class_name) {
  static_cast<void>(path);
  std::string name(text_at(row.object, "metadata.name"));
  const Item* annotations = find_at(row.object, "metadata.annotations");
  for (const std::string_view key :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    const Item* value = annotations ? annotations->find(key) : nullptr;
    if (value == nullptr || value->string_or("") != "true") continue;
    name += " (default)";
    break;
  }
  put(out, name);
}

PODO_CELL(text_or_path) {
  const std::size_t bar = path.find('|');
  const Item* found = find_at(row.object, path.substr(0, bar));
  put(out, found ? found->string_or("") : path.substr(bar + 1));
}

PODO_CELL(subjects) {
  std::string all;
  for (const Item& subject : children_at(row.object, "subjects")) {
    if (text_at(subject, "kind") != path) continue;
    if (!all.empty()) all += ", ";
    if (path == "ServiceAccount") all += podo::text("{}/", text_at(subject, "namespace"));
    all += text_at(subject, "name");
  }
  put(out, all);
}

PODO_CELL(certificate_duration) {
  const Item* seconds = find_at(row.object, path);
  put(out, seconds ? human_duration(seconds->as_int64().value_or(0)) : "<none>");
}

PODO_CELL(certificate_condition) {
  static_cast<void>(path);
  std::string told = condition(row.object, "Denied")     ? "Denied"
                     : condition(row.object, "Approved") ? "Approved"
                                                         : "";
  if (told.empty()) told = "Pending";
  if (condition(row.object, "Failed")) told += ",Failed";
  if (!text_at(row.object, "status.certificate").empty()) told += ",Issued";
  put(out, told);
}

PODO_CELL(quota_usage) {
  const Item* hard = find_at(row.object, "status.hard");
  const Item* used = find_at(row.object, "status.used");
  std::vector<const Item*> limits;
  for (const Item& limit : children(hard)) {
    if (limit.key().starts_with("limits.") == !path.empty()) limits.push_back(&limit);
  }
  std::ranges::sort(limits, {}, &Item::key);
  std::string all;
  for (const Item* limit : limits) {
    const Item* use = used ? used->find(limit->key()) : nullptr;
    if (!all.empty()) all += ", ";
    all += podo::text("{}: {}/{}", limit->key(), use ? use->string_or("0") : "0", limit->string_or("0"));
  }
  put(out, all);
}

PODO_CELL(token_audiences) {
  const Item* requests = find_at(row.object, path);
  put(out, requests ? join(requests, "audience", ",") : "<unset>");
}

PODO_CELL(parameter_kind) {
  const Item* kind = find_at(row.object, path);
  if (kind == nullptr) return put(out, "<unset>");
  put(out, podo::text("{}/{}", text_at(*kind, "apiVersion"), text_at(*kind, "kind")));
}

// A selector instead of a name is printed as what selects.
PODO_CELL(parameter_reference) {
  const Item* reference = find_at(row.object, path);
  if (reference == nullptr) return put(out, "<unset>");
  const std::string_view space = text_at(*reference, "namespace"), name = text_at(*reference, "name");
  if (name.empty() && reference->find("selector")) {
    std::string selector;
    append_text(selector, *reference->find("selector"));
    return put(out, podo::text("{}/{}", space.empty() ? "*" : space, selector));
  }
  put(out, podo::text("{}/{}", space.empty() ? "*" : space, name));
}

PODO_CELL(dangling) {
  static_cast<void>(path);
  const Item* found = condition(row.object, "Dangling");
  put(out, found ? text_at(*found, "status") : "?");
}

PODO_CELL(claim_state) {
  static_cast<void>(path);
  const bool deleted = find_at(row.object, "metadata.deletionTimestamp") != nullptr;
  const bool allocated = find_at(row.object, "status.allocation") != nullptr;
  std::string told = deleted ? "deleted" : "";
  const auto add = [&](std::string_view word) { told.append(told.empty() ? "" : ",").append(word); };
  if (!allocated && !deleted) add("pending");
  if (allocated) add("allocated");
  if (allocated && size_at(row.object, "status.reservedFor") > 0) add("reserved");
  put(out, told);
}

PODO_CELL(api_service) {
  const Item* service = find_at(row.object, path);
  if (service == nullptr) return put(out, "Local");
  put(out, podo::text("{}/{}", text_at(*service, "namespace"), text_at(*service, "name")));
}

PODO_CELL(api_available) {
  static_cast<void>(path);
  const Item* available = condition(row.object, "Available");
  if (available == nullptr) return put(out, "Unknown");
  const std::string_view status = text_at(*available, "status"), reason = text_at(*available, "reason");
  if (status == "True" || reason.empty()) return put(out, status);
  put(out, podo::text("{} ({})", status, reason));
}

}  // namespace podo::kube::cells
