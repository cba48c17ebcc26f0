#include "container/sandbox/record.h"

#include "container/config/port_record.h"

namespace podo::engine {
namespace {

using Ports = std::vector<network::PublishedPort>;

void write_ports(json::Writer& out, std::string_view key, const Ports& ports) {
  out.key(key).array();
  for (const network::PublishedPort& port : ports) encode_port(out, port);
  out.end();
}

Result<Ports> read_ports(json::Field field) {
  Ports ports;
  for (std::size_t i = 0; i < field.size(); ++i) ports.push_back(TRY(decode_port(field[i])));
  return ports;
}

Result<std::string> read_text(json::Field field) { return std::string(TRY(field.string_or(""))); }

void write_wish(json::Writer& out, const SandboxWish& wish) {
  out.key("id").string(wish.id).key("name").string(wish.name).key("hostname").string(wish.hostname);
  out.key("network").string(wish.network).key("cgroup_parent").string(wish.cgroup_parent);
  out.key("hosts").string(wish.hosts).key("resolv_conf").string(wish.resolv_conf);
  out.key("share_processes").boolean(wish.share_processes);
  out.key("host_ipc").boolean(wish.host_ipc).key("host_pid").boolean(wish.host_pid);
  docker::HostConfig host;
  host.resources = wish.limits;
  host.sysctls = wish.sysctls;
  host.shm_size = wish.shm_bytes;
  docker::encode(out.key("host_config"), host);
  out.key("labels").object();
  for (const auto& [name, value] : wish.labels) out.key(name).string(value);
  out.end();
  write_ports(out, "wished_ports", wish.ports);
}

Result<SandboxWish> read_wish(json::Field root) {
  SandboxWish wish;
  wish.id = TRY(root["id"].string());
  wish.name = TRY(read_text(root["name"]));
  wish.hostname = TRY(read_text(root["hostname"]));
  wish.network = TRY(read_text(root["network"]));
  wish.cgroup_parent = TRY(read_text(root["cgroup_parent"]));
  wish.hosts = TRY(read_text(root["hosts"]));
  wish.resolv_conf = TRY(read_text(root["resolv_conf"]));
  wish.share_processes = TRY(root["share_processes"].boolean_or(false));
  wish.host_ipc = TRY(root["host_ipc"].boolean_or(false));
  wish.host_pid = TRY(root["host_pid"].boolean_or(false));
  docker::HostConfig host = TRY(docker::decode_host_config(root["host_config"]));
  wish.limits = std::move(host.resources);
  wish.sysctls = std::move(host.sysctls);
  wish.shm_bytes = host.shm_size;
  for (const auto& [name, value] : root["labels"].value().members())
    wish.labels.emplace(name, value.string());
  wish.ports = TRY(read_ports(root["wished_ports"]));
  return wish;
}

}  // namespace

std::string encode_sandbox(const SandboxRecord& record) {
  json::Writer out;
  out.object().key("complete").boolean(record.complete).key("removing").boolean(record.removing);
  out.key("lost").boolean(record.state.lost).key("created").number(record.state.created.ns);
  out.key("boot").string(record.boot_id);
  write_wish(out, record.state.wish);
  write_ports(out, "ports", record.state.ports);
  if (record.init_pid != 0) {
    out.key("init").object().key("pid").number(record.init_pid);
    out.key("start").number(record.init_start).end();
  }
  out.end();
  return out.take();
}

Result<SandboxRecord> decode_sandbox(const json::Document& document) {
  const json::Field root(document);
  SandboxRecord record;
  record.complete = TRY(root["complete"].boolean_or(true));
  record.removing = TRY(root["removing"].boolean_or(false));
  record.state.lost = TRY(root["lost"].boolean_or(false));
  record.state.created.ns = TRY(root["created"].int64_or(0));
  record.boot_id = TRY(read_text(root["boot"]));
  record.state.wish = TRY(read_wish(root));
  record.state.ports = TRY(read_ports(root["ports"]));
  record.init_pid = static_cast<int>(TRY(root["init"]["pid"].int64_or(0)));
  record.init_start = TRY(root["init"]["start"].uint64_or(0));
  return record;
}

}  // namespace podo::engine
