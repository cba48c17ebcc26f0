// For the planner's tests: a plan from a few members of a config.json.
#pragma once

#include <doctest/doctest.h>

#include "container/plan/plan.h"
#include "model/oci/decode.h"

namespace podo::runtime {

inline Result<Plan> plan_text(std::string config, const HostFacts& host = {}) {
  const json::Document document = TRY(json::parse(std::move(config)));
  return plan_container(TRY(oci::decode_config(document)), "/bundle", host);
}

// `members` of the top and of `linux`, besides a root, a mount namespace, and what each case says. Each
// begins with a comma: ,"sysctl":{}
inline Result<Plan> plan_with(std::string_view top, std::string_view in_linux = "",
                              std::string_view namespaces = R"({"type":"mount"})",
                              const HostFacts& host = {}) {
  return plan_text(
      text(R"({{"ociVersion":"1.2.0","root":{{"path":"rootfs"}}{},"linux":{{"namespaces":[{}]{}}}}})", top,
           namespaces, in_linux),
      host);
}

inline std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

}  // namespace podo::runtime
