#include "container/network/record_json.h"

#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::network {
namespace {

// One visitor writes, one reads; visit() names every field once.
class FieldWriter {
 public:
  void operator()(std::string_view key, std::string& value) {
    if (!value.empty()) out_.key(key).string(value);
  }
  void operator()(std::string_view key, bool& value, bool otherwise = false) {
    if (value != otherwise) out_.key(key).boolean(value);
  }
  template <std::integral T>
  void operator()(std::string_view key, T& value) {
    if (value != 0) out_.key(key).number(static_cast<std::int64_t>(value));
  }
  void operator()(std::string_view key, StringMap& map) {
    if (map.empty()) return;
    out_.key(key).object();
    for (auto& [name, value] : map) out_.key(name).string(value);
    out_.end();
  }
  void operator()(std::string_view key, std::vector<std::string>& list) {
    if (list.empty()) return;
    out_.key(key).array();
    for (auto& item : list) out_.string(item);
    out_.end();
  }
  template <class T>
  void operator()(std::string_view key, std::vector<T>& list) {
    out_.key(key).array();
    for (T& item : list) object(item);
    out_.end();
  }
  template <class T>
  void object(T& value) {
    out_.object();
    visit(*this, value);
    out_.end();
  }
  template <class T>
    requires std::is_class_v<T>
  void operator()(std::string_view key, T& value) {
    out_.key(key);
    object(value);
  }
  json::Writer& out() { return out_; }

 private:
  json::Writer out_;
};

class FieldReader {
 public:
  explicit FieldReader(json::Field field) : field_(field) {}
  void operator()(std::string_view key, std::string& value) {
    take(field_[key].string_or(""), [&](std::string_view found) { value = found; });
  }
  void operator()(std::string_view key, bool& value, bool otherwise = false) {
    take(field_[key].boolean_or(otherwise), [&](bool found) { value = found; });
  }
  template <std::integral T>
  void operator()(std::string_view key, T& value) {
    take(field_[key].int64_or(0), [&](std::int64_t found) { value = static_cast<T>(found); });
  }
  void operator()(std::string_view key, StringMap& map) {
    for (const auto [name, value] : field_[key].value().members())
      if (value.is(json::Kind::string)) map.emplace(name, value.string());
  }
  void operator()(std::string_view key, std::vector<std::string>& list) {
    for (const json::Value item : field_[key].value().items())
      if (item.is(json::Kind::string)) list.emplace_back(item.string());
  }
  template <class T>
  void operator()(std::string_view key, std::vector<T>& list) {
    for (std::size_t i = 0; i < field_[key].size(); ++i) read(field_[key][i], list.emplace_back());
  }
  template <class T>
    requires std::is_class_v<T>
  void operator()(std::string_view key, T& value) {
    read(field_[key], value);
  }
  template <class T>
  void read(json::Field field, T& value) {
    FieldReader inner(field);
    visit(inner, value);
    if (!inner.ok_) ok_ = std::move(inner.ok_);
  }
  Result<> take_outcome() { return std::move(ok_); }

 private:
  template <class T, class F>
  void take(Result<T> found, F use) {
    if (found) use(*found);
    else if (ok_) ok_ = Failure(std::move(found).error());
  }
  json::Field field_;
  Result<> ok_;
};

template <class V>
void visit(V& field, IpamPool& pool) {
  field("subnet", pool.subnet);
  field("ipRange", pool.ip_range);
  field("gateway", pool.gateway);
  field("auxiliary", pool.auxiliary_addresses);
}

template <class V>
void visit(V& field, NetworkRecord& record) {
  field("id", record.id);
  field("name", record.name);
  field("driver", record.driver);
  field("scope", record.scope);
  field("created", record.created);
  field("ipv4", record.enable_ipv4, true);
  field("ipv6", record.enable_ipv6);
  field("internal", record.internal);
  field("attachable", record.attachable);
  field("ingress", record.ingress);
  field("ipamDriver", record.ipam_driver);
  field("ipamOptions", record.ipam_options);
  field("pools", record.pools);
  field("poolsByUser", record.pools_by_user);
  field("options", record.options);
  field("labels", record.labels);
  field("bridge", record.bridge_name);
}

template <class V>
void visit(V& field, EndpointWish& wish) {
  field("container", wish.container_id);
  field("name", wish.container_name);
  field("aliases", wish.aliases);
  field("ipv4", wish.ipv4);
  field("ipv6", wish.ipv6);
  field("mac", wish.mac);
  field("links", wish.links);
  field("gatewayPriority", wish.gateway_priority);
  field("driverOptions", wish.driver_options);
}

template <class V>
void visit(V& field, Endpoint& endpoint) {
  field("id", endpoint.id);
  field("network", endpoint.network_id);
  field("networkName", endpoint.network_name);
  field("sandbox", endpoint.sandbox_id);
  field("interface", endpoint.interface);
  field("mac", endpoint.mac);
  field("ipv4", endpoint.ipv4);
  field("ipv6", endpoint.ipv6);
  field("gateway4", endpoint.gateway4);
  field("gateway6", endpoint.gateway6);
  field("prefix4", endpoint.prefix4);
  field("prefix6", endpoint.prefix6);
  field("wish", endpoint.wish);
}

template <class V>
void visit(V& field, PublishedPort& port) {
  field("protocol", port.protocol);
  field("containerPort", port.container_port);
  field("hostIp", port.host_ip);
  field("hostPort", port.host_port);
}

struct PortList {
  std::vector<PublishedPort> ports;
};
template <class V>
void visit(V& field, PortList& list) {
  field("ports", list.ports);
}

template <class T>
std::string encode_object(const T& value) {
  FieldWriter writer;
  T copy = value;  // one visit() serves both directions, and reading needs what can be changed
  writer.object(copy);
  return writer.out().take();
}

template <class T>
Result<T> decode_object(std::string_view bytes) {
  const json::Document document = TRY(json::parse(std::string(bytes)));
  FieldReader reader{json::Field(document)};
  T value;
  reader.read(json::Field(document), value);
  TRY(reader.take_outcome());
  return value;
}

}  // namespace

std::string encode(const NetworkRecord& record) { return encode_object(record); }
std::string encode(const Endpoint& endpoint) { return encode_object(endpoint); }
std::string encode(const std::vector<PublishedPort>& ports) { return encode_object(PortList{ports}); }

Result<NetworkRecord> decode_network(std::string_view json) { return decode_object<NetworkRecord>(json); }
Result<Endpoint> decode_endpoint(std::string_view json) { return decode_object<Endpoint>(json); }
Result<std::vector<PublishedPort>> decode_ports(std::string_view json) {
  return TRY(decode_object<PortList>(json)).ports;
}

}  // namespace podo::network
