// Bytes -> JSON -> what a client of the Docker Engine API asks for. Nothing may crash, and what was
// read comes back the same after it was written, which is how the engine keeps it.
#include "base/core/ensure.h"
#include "base/format/json.h"
#include "model/docker/container_config.h"
#include "model/docker/exec_config.h"

namespace podo::docker {
namespace {

template <class T>
std::string encoded(const T& value) {
  json::Writer out;
  encode(out, value);
  return out.take();
}

template <class T>
json::Document written(const T& value) {
  auto document = json::parse(encoded(value));
  ENSURE(document.has_value());
  return *std::move(document);
}

void check(const json::Document& body) {
  if (const auto request = decode_create_request(body)) {
    const auto config = written(request->config), host_config = written(request->host_config);
    ENSURE(encoded(*decode_config(json::Field(config))) == encoded(request->config));
    ENSURE(encoded(*decode_host_config(json::Field(host_config))) == encoded(request->host_config));
    for (const auto& [network, settings] : request->endpoints) {
      json::Writer out;
      out.object();
      encode_members(out, settings);
      ENSURE(json::parse(out.end().take()).has_value());
    }
  }
  if (const auto config = decode_exec_config(body)) {
    ENSURE(encoded(*decode_exec_config(written(*config))) == encoded(*config));
  }
  (void)decode_update_request(body);
}

}  // namespace
}  // namespace podo::docker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto body = podo::json::parse(std::string(reinterpret_cast<const char*>(data), size))) {
    podo::docker::check(*body);
  }
  return 0;
}
