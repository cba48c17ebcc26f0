// The forms that names and labels of objects must have. Each answers with what is wrong, in the words of
// the API server; nothing: it is right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podo::kube {

using Messages = std::vector<std::string>;

Messages check_dns_label(std::string_view value);       // RFC 1123, 63 characters: "my-name"
Messages check_dns_subdomain(std::string_view value);   // RFC 1123, 253 characters: "example.com"
Messages check_dns_1035_label(std::string_view value);  // begins with a letter
Messages check_path_segment(std::string_view value);    // of a URL: RBAC's names
Messages check_qualified_name(std::string_view value);  // a label's key: "prefix/name"
Messages check_label_value(std::string_view value);
Messages check_port_name(std::string_view value);           // RFC 6335: 15 characters, a letter among them
Messages check_config_key(std::string_view value);          // of a ConfigMap or Secret
Messages check_wildcard_subdomain(std::string_view value);  // "*.example.com"

}  // namespace podo::kube
