#include "model/kube/schema.h"

#include "base/core/ensure.h"

// One file of schema/ a line; PODO_KUBE_SCHEMA is that folder.
#define PODO_EACH_SOURCE(DO)                                                                                 \
  DO(core_v1)                                                                                                \
  DO(meta_v1) DO(apps_v1) DO(batch_v1) DO(autoscaling_v1) DO(autoscaling_v2) DO(networking_v1) DO(policy_v1) \
      DO(rbac_v1) DO(storage_v1) DO(scheduling_v1) DO(coordination_v1) DO(discovery_v1) DO(events_v1)        \
          DO(node_v1) DO(certificates_v1) DO(admissionregistration_v1) DO(apiextensions_v1)                  \
              DO(apiregistration_v1) DO(authentication_v1) DO(authorization_v1) DO(flowcontrol_v1)           \
                  DO(resource_v1) DO(admission_v1) DO(apidiscovery_v2) DO(version) DO(runtime)

#define PODO_EMBED(name)                                        \
  asm(".pushsection .rodata\n"                                  \
      "podo_kube_" #name                                        \
      ":\n"                                                     \
      ".incbin \"" PODO_KUBE_SCHEMA "/" #name                   \
      ".schema\"\n"                                             \
      "podo_kube_end_" #name                                    \
      ":\n"                                                     \
      ".globl podo_kube_" #name "\n.globl podo_kube_end_" #name \
      "\n"                                                      \
      ".popsection\n");
#define PODO_DECLARE(name)                                          \
  extern const char podo_kube_##name[] __asm__("podo_kube_" #name); \
  extern const char podo_kube_end_##name[] __asm__("podo_kube_end_" #name);
#define PODO_VIEW(name) std::string_view(podo_kube_##name, podo_kube_end_##name),

PODO_EACH_SOURCE(PODO_EMBED)
extern "C" {
PODO_EACH_SOURCE(PODO_DECLARE)
}

namespace podo::kube {

schema::Schema parse_schema() {
  const std::string_view sources[] = {PODO_EACH_SOURCE(PODO_VIEW)};
  auto schema = schema::parse(sources);
  ENSURE(schema.has_value());
  return std::move(*schema);
}

}  // namespace podo::kube
