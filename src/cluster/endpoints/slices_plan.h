// EndpointSlices: up to 100 endpoints in each, those with the same ports together, IPv4 and IPv6 apart.
//
// What is there changes as little as possible: an endpoint stays in its slice; what is new fills slices that
// are written anyway, then those with room, then new ones. Slices that are left without endpoints go, but
// for one, so that a Service without pods is known to have none.
#pragma once

#include "cluster/endpoints/service_backends.h"

namespace podo::controllers {

inline constexpr std::size_t slice_endpoints_max = 100;
inline constexpr std::string_view service_name_label = "kubernetes.io/service-name",
                                  managed_by_label = "endpointslice.kubernetes.io/managed-by",
                                  headless_label = "service.kubernetes.io/headless",
                                  slice_controller = "endpointslice-controller.k8s.io",
                                  mirroring_controller = "endpointslicemirroring-controller.k8s.io";

// Endpoints with the same family and ports.
struct SliceGroup {
  std::string family;
  json::Tree ports;  // an array
  std::vector<json::Tree> endpoints;
};
struct SliceWish {
  Kind owner_kind = Kind::service;
  Facts owner;
  json::Tree labels;  // of the slices
  std::vector<SliceGroup> groups;
  bool keeps_one = true;  // of each family, empty, when there is nothing
  std::vector<std::string> families;
};
// `there`: whole slices that it manages.
std::vector<Write> plan_slices(SliceWish wish, const std::vector<json::Tree>& there);

SliceWish slices_of_service(const ServiceInput& in);
// Of Endpoints that somebody else keeps.
SliceWish slices_of_endpoints(const json::Item& endpoints, const Facts& self);
bool is_mirrored(const json::Item& endpoints);  // nobody wants it not to be

}  // namespace podo::controllers
