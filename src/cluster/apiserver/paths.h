// What is served besides resources, a function each; paths.cpp has the table. Private to this room.
#pragma once

#include "cluster/api_request/answer.h"
#include "cluster/apiserver/call.h"

namespace podo::apiserver {

Task<void> not_a_path(Call& call);  // "404 page not found", as plain text

// discovery.cpp; `rest`: what stands behind "/apis/", "/api/", "/openapi/v3/"
Task<void> show_api_versions(Call& call);
Task<void> show_api_groups(Call& call);
Task<void> show_api_group(Call& call, std::string rest);
Task<void> show_api_resources(Call& call, std::string version);
Task<void> show_openapi_v2(Call& call);
Task<void> show_openapi_v3(Call& call, std::string rest);

// health.cpp; `rest`: "" or the name of one check
Task<void> show_health(Call& call, std::string_view endpoint, std::string rest);

Task<void> show_metrics(Call& call);  // metrics.cpp
Task<void> show_version(Call& call);  // paths.cpp

}  // namespace podo::apiserver
