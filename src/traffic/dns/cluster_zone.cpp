#include "traffic/dns/cluster_zone.h"

#include <algorithm>

#include "base/dns/records.h"

namespace podo::cluster_dns {

using dns::Code;
using dns::Question;
using dns::Record;
using dns::Type;

struct ClusterZone::Place {
  std::string_view name_space, name;
  const Service& service;
  std::string domain;
  std::string full_name() const { return text("{}.{}.svc.{}", name, name_space, domain); }
};

namespace {

Finding nothing() { return {}; }
Finding no_such_name() { return {.code = Code::no_such_name}; }
bool asks_for(Type type, const IpAddress& address) {
  return type == (address.is_v4() ? Type::a : Type::aaaa);
}

// Labels of a name in lower case. What is escaped is no name of the cluster: one odd label stands for it.
std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  if (name.empty()) return labels;
  if (name.find('\\') != name.npos) return {name};
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    labels.push_back(name.substr(at, dot - at));
    at = dot + 1;
  }
  return labels;
}

// As sets of records are: each once.
void append_addresses(std::vector<Record>& records, const std::string& name, Type type,
                      std::vector<IpAddress> addresses) {
  std::ranges::sort(addresses);
  const auto repeated = std::ranges::unique(addresses);
  addresses.erase(repeated.begin(), repeated.end());
  for (const IpAddress& address : addresses)
    if (asks_for(type, address)) records.push_back(dns::address_record(name, address, record_ttl_s));
}
void append_both_families(std::vector<Record>& records, const std::string& name,
                          const std::vector<IpAddress>& addresses) {
  append_addresses(records, name, Type::a, addresses);
  append_addresses(records, name, Type::aaaa, addresses);
}

template <class F>
void each_endpoint(const Service& service, F see) {
  for (const auto& [name, slice] : service.slices)
    for (const Endpoint& endpoint : slice.endpoints)
      if (service.shows(endpoint)) see(slice, endpoint);
}

std::vector<IpAddress> addresses_of(const Service& service) {
  if (service.kind != Service::Kind::headless) return service.addresses;
  std::vector<IpAddress> addresses;
  each_endpoint(service, [&](const Slice&, const Endpoint& e) { addresses.push_back(e.address); });
  return addresses;
}

// SRV records and the addresses they lead to, each once: a pod of two families stands in two slices.
class ServiceRecords {
 public:
  ServiceRecords(Finding& finding, std::string name) : finding_(finding), name_(std::move(name)) {}
  void add(const std::string& target, std::uint16_t port, const IpAddress& address) {
    if (places_.emplace(target, port).second)
      finding_.answers.push_back(
          dns::service_record(name_, {.weight = 100, .port = port, .target = target}, record_ttl_s));
    if (addresses_.emplace(target, address).second)
      finding_.additional.push_back(dns::address_record(target, address, record_ttl_s));
  }

 private:
  Finding& finding_;
  std::string name_;
  std::set<std::pair<std::string, std::uint16_t>> places_;
  std::set<std::pair<std::string, IpAddress>> addresses_;
};

// SRV of those ports, and of those endpoints of a headless Service, that `wanted` and `is_meant` say.
template <class Wanted, class IsMeant>
Finding service_records(const Question& question, const Service& service, const std::string& full_name,
                        Wanted wanted, IsMeant is_meant) {
  Finding finding;
  ServiceRecords records(finding, question.name);
  if (service.kind == Service::Kind::addressed && is_meant(nullptr)) {
    for (const Port& port : service.ports)
      for (const IpAddress& address : service.addresses)
        if (wanted(port)) records.add(full_name, port.number, address);
    return finding;
  }
  each_endpoint(service, [&](const Slice& slice, const Endpoint& endpoint) {
    if (!is_meant(&endpoint)) return;
    const std::string target = text("{}.{}", endpoint.label(), full_name);
    for (const Port& port : slice.ports)
      if (wanted(port)) records.add(target, port.number, endpoint.address);
  });
  return finding;
}

constexpr auto every_port = [](const Port&) { return true; };
constexpr auto whole_service = [](const Endpoint*) { return true; };

// "10-244-0-5", "fd00--5".
std::optional<IpAddress> undashed(std::string_view label) {
  std::string v4(label), v6(label);
  std::ranges::replace(v4, '-', '.');
  std::ranges::replace(v6, '-', ':');
  for (const std::string& words : {v4, v6})
    if (const auto address = IpAddress::parse(words)) return *address;
  return {};
}

}  // namespace

Record ClusterZone::authority(std::uint32_t serial) const {
  return dns::authority_record(domain_,
                               {.server = "ns.dns." + domain_,
                                .mailbox = "hostmaster." + domain_,
                                .serial = serial,
                                .minimum = negative_ttl_s},
                               negative_ttl_s);
}

Finding ClusterZone::find(const Question& question) const {
  const std::string lowered = dns::lower(question.name);
  std::string_view name = lowered;
  name.remove_suffix(std::min(name.size(), domain_.size() + 1));
  const std::vector<std::string_view> labels = labels_of(name);
  if (labels.empty()) return at_domain(question);
  const Labels rest(labels.data(), labels.size() - 1);
  const std::string_view kind = labels.back();
  if (kind == "svc") return in_services(question, rest);
  if (kind == "pod") return in_pods(question, rest);
  if (kind == "dns" && rest.empty()) return nothing();
  if (kind == "dns" && rest.size() == 1 && rest[0] == "ns") return at_own_address(question);
  if (kind != "dns-version" || !rest.empty()) return no_such_name();
  Finding version;
  if (question.type == Type::txt)
    version.answers.push_back(dns::text_record(question.name, "1.1.0", record_ttl_s));
  return version;
}

Finding ClusterZone::at_domain(const Question& question) const {
  Finding finding;
  if (question.type == Type::soa) finding.answers.push_back(authority(1));
  if (question.type != Type::ns) return finding;
  finding.answers.push_back(dns::server_record(question.name, "ns.dns." + domain_, record_ttl_s));
  append_both_families(finding.additional, "ns.dns." + domain_, own_);
  return finding;
}

Finding ClusterZone::at_own_address(const Question& question) const {
  Finding finding;
  append_addresses(finding.answers, question.name, question.type, own_);
  return finding;
}

Finding ClusterZone::in_services(const Question& question, Labels labels) const {
  if (labels.empty()) return nothing();
  const std::string_view name_space = labels.back();
  const std::size_t more = labels.size() - 1;
  if (more == 0) return names_.has_namespace(name_space) ? nothing() : no_such_name();
  const std::string_view name = labels[more - 1];
  const Service* const service = names_.find(name_space, name);
  if (service == nullptr) return no_such_name();
  const Place place{name_space, name, *service, domain_};
  if (more == 1) return at_service(question, place);
  if (service->kind == Service::Kind::external) return no_such_name();
  if (more == 2) return at_endpoint(question, place, labels[0]);
  return more == 3 ? at_port(question, place, labels[0], labels[1]) : no_such_name();
}

Finding ClusterZone::at_service(const Question& question, const Place& place) const {
  const Service& service = place.service;
  if (service.kind == Service::Kind::external) {
    Finding alias;
    alias.answers.push_back(dns::alias_record(question.name, service.external_name, record_ttl_s));
    if (question.type != Type::cname) alias.alias_of = service.external_name;
    return alias;
  }
  if (question.type == Type::srv)
    return service_records(question, service, place.full_name(), every_port, whole_service);
  Finding finding;
  if (question.type == Type::a || question.type == Type::aaaa)
    append_addresses(finding.answers, question.name, question.type, addresses_of(service));
  return finding;
}

Finding ClusterZone::at_endpoint(const Question& question, const Place& place, std::string_view label) const {
  const Service& service = place.service;
  const auto is_it = [&](const Endpoint* endpoint) { return endpoint && endpoint->label() == label; };
  std::vector<IpAddress> addresses;
  each_endpoint(service, [&](const Slice&, const Endpoint& endpoint) {
    if (is_it(&endpoint)) addresses.push_back(endpoint.address);
  });
  const auto has_protocol = [&](const std::vector<Port>& ports) {
    return std::ranges::any_of(
        ports, [&](const Port& port) { return !port.name.empty() && label.substr(1) == port.protocol; });
  };
  if (addresses.empty()) {  // above the names of ports there is "_tcp"
    bool is_above = label.starts_with('_') && has_protocol(service.ports);
    for (const auto& [name, slice] : service.slices)
      is_above = is_above || (label.starts_with('_') && has_protocol(slice.ports));
    return is_above ? nothing() : no_such_name();
  }
  if (question.type == Type::srv)
    return service_records(question, service, place.full_name(), every_port, is_it);
  Finding finding;
  append_addresses(finding.answers, question.name, question.type, std::move(addresses));
  return finding;
}

Finding ClusterZone::at_port(const Question& question, const Place& place, std::string_view port,
                             std::string_view protocol) const {
  if (!port.starts_with('_') || !protocol.starts_with('_')) return no_such_name();
  const auto is_it = [&](const Port& p) {
    return !p.name.empty() && p.name == port.substr(1) && p.protocol == protocol.substr(1);
  };
  Finding finding = service_records(question, place.service, place.full_name(), is_it, whole_service);
  if (finding.answers.empty() && std::ranges::none_of(place.service.ports, is_it)) return no_such_name();
  return question.type == Type::srv ? finding : nothing();
}

Finding ClusterZone::in_pods(const Question& question, Labels labels) const {
  if (labels.empty()) return nothing();
  if (!names_.has_namespace(labels.back()) || labels.size() > 2) return no_such_name();
  if (labels.size() == 1) return nothing();
  const auto address = undashed(labels[0]);
  if (!address) return no_such_name();
  Finding finding;
  append_addresses(finding.answers, question.name, question.type, {*address});
  return finding;
}

std::vector<Record> ClusterZone::find_names(const Question& question, const IpAddress& address) const {
  std::set<std::string> found;
  for (const ClusterNames::Owner& owner : names_.owners(address)) {
    const auto& [name_space, name] = *owner.service;
    const Service* const service = names_.find(name_space, name);
    const std::string full_name = text("{}.{}.svc.{}", name, name_space, domain_);
    if (service != nullptr && owner.slice == nullptr) found.insert(full_name);
    if (service == nullptr || owner.slice == nullptr) continue;
    for (const Endpoint& endpoint : owner.slice->endpoints)
      if (endpoint.address == address && service->shows(endpoint))
        found.insert(text("{}.{}", endpoint.label(), full_name));
  }
  std::vector<Record> records;
  for (const std::string& name : found)
    records.push_back(dns::pointer_record(question.name, name, record_ttl_s));
  return records;
}

}  // namespace podo::cluster_dns
