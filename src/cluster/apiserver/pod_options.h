// The queries of pods/log, exec, attach and portforward (PodLogOptions, PodExecOptions, ...), checked, and
// said as nodes understand them. What is wrong is refused in upstream's words.
#pragma once

#include "base/format/json_tree.h"
#include "cluster/api_request/request.h"

namespace podo::apiserver {

// The one that was asked for, if the pod has it; else its only one.
Result<std::string> choose_container(Request& request, const json::Item& pod);

Result<http::Query> node_log_query(Request& request);
http::Query node_command_query(const Request& request);  // of exec and attach
Result<http::Query> node_port_query(Request& request);

}  // namespace podo::apiserver
