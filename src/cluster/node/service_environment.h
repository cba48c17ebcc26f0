// The variables that tell a container where Services are: those of its namespace (enableServiceLinks), and
// always those of default/kubernetes. Services without an address of their own (headless, ExternalName) have
// none.
//
//   NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_PORTNAME
//   NAME_PORT, NAME_PORT_80_TCP, ..._PROTO, ..._PORT, ..._ADDR       as Docker's links have them
//
// ServiceVariables is kept by the changes of a mirror. Lives on the loop.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/objects/objects.h"
#include "cluster/pod/environment.h"

namespace podo::node {

using Variables = std::vector<pod::Environment::Variable>;
Variables variables_of_service(const json::Item& service);

class ServiceVariables {
 public:
  // As a mirror tells it: either may be absent.
  void changed(const objects::Object& before, const objects::Object& now);
  pod::Environment of(std::string_view name_space, bool with_links) const;

 private:
  void set(std::string_view name_space, std::string_view name, Variables variables);
  std::map<std::string, std::map<std::string, Variables>, std::less<>> services_;  // namespace, name
};

}  // namespace podo::node
