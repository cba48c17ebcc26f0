#include "container/docker/names.h"

namespace podo::docker {

Result<oci::Reference> tagged(std::string_view repository, std::string_view tag) {
  oci::Reference reference = TRY(oci::Reference::parse(repository));
  if (tag.empty()) return reference;
  const char separator = tag.find(':') == tag.npos ? ':' : '@';
  return oci::Reference::parse(text("{}{}{}", reference.name(), separator, tag));
}

std::string familiar(std::string_view complete) {
  const auto reference = oci::Reference::parse(complete);
  return reference ? reference->familiar() : std::string(complete);
}

std::string familiar_name(std::string_view complete) {
  const auto reference = oci::Reference::parse(complete);
  return reference ? reference->familiar_name() : std::string(complete);
}

void tell_image(const Call& call, std::string action, const std::string& id, const std::string& name) {
  engine::Event event{.type = "image", .action = std::move(action), .actor_id = id, .attributes = {}};
  if (const auto image = call.images().get(id)) event.attributes = (*image)->config.labels;
  event.attributes["name"] = name;
  call.tell(std::move(event));
}

std::string registry_domain(std::string_view server) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (server.starts_with(scheme)) server.remove_prefix(scheme.size());
  }
  server = server.substr(0, server.find('/'));
  if (server.empty() || server == "index.docker.io" || server == "registry-1.docker.io") return "docker.io";
  return std::string(server);
}

}  // namespace podo::docker
