#include "container/config/port_record.h"

namespace podo::engine {
namespace {

Result<std::uint16_t> read_port_number(json::Field field) {
  return static_cast<std::uint16_t>(TRY(field.uint32_or(0)));
}

}  // namespace

void encode_port(json::Writer& out, const network::PublishedPort& port) {
  out.object().key("protocol").string(port.protocol).key("port").number(int{port.container_port});
  out.key("ip").string(port.host_ip).key("first").number(int{port.host_port_first});
  out.key("last").number(int{port.host_port_last}).key("host_port").number(int{port.host_port}).end();
}

Result<network::PublishedPort> decode_port(json::Field field) {
  network::PublishedPort port;
  port.protocol = TRY(field["protocol"].string_or(""));
  port.container_port = TRY(read_port_number(field["port"]));
  port.host_ip = TRY(field["ip"].string_or(""));
  port.host_port_first = TRY(read_port_number(field["first"]));
  port.host_port_last = TRY(read_port_number(field["last"]));
  port.host_port = TRY(read_port_number(field["host_port"]));
  return port;
}

}  // namespace podo::engine
