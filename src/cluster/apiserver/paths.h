// What is served besides resources, a function each; paths.cpp has the table. Private to this room.
#pragma once

#include "cluster/apiserver/answer.h"
#include "cluster/apiserver/parts.h"
#include "cluster/apiserver/request.h"

namespace podo::apiserver {

Task<void> not_a_path(Request& request);  // "404 page not found", as plain text

// discovery.cpp; `rest`: what stands behind "/apis/", "/api/", "/openapi/v3/"
Task<void> show_api_versions(Request& request);
Task<void> show_api_groups(Request& request);
Task<void> show_api_group(Request& request, std::string rest);
Task<void> show_api_resources(Request& request, std::string version);
Task<void> show_openapi_v2(Request& request);
Task<void> show_openapi_v3(Request& request, std::string rest);

// health.cpp; `rest`: "" or the name of one check
Task<void> show_health(Request& request, std::string_view endpoint, std::string rest);

Task<void> show_metrics(Request& request);  // metrics.cpp
Task<void> show_version(Request& request);  // paths.cpp

}  // namespace podo::apiserver
