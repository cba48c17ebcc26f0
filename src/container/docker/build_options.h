// What a client asks for with POST /build: the query of the Engine API, credentials in a header, and for
// `podo build` a wish in front of the archive. Private to container/docker.
//
// With the Content-Type application/vnd.podo.build the body is a line of JSON, then the archive, if any:
//
//   body := wish newline [ tar ]
//   wish := {
//     "context":        {"folder": PATH, "device": N, "inode": N},   read in place, then no tar follows   *
//     "dockerfileText": TEXT,                in place of one of the context
//     "namedContexts":  {NAME: SOURCE},      "docker-image://alpine", a URL, a folder's path *
//     "noCacheStages":  [NAME], "platforms": [TEXT], "cacheTo": [TEXT], "annotations": {NAME: TEXT},
//     "secrets":        {ID: BASE64},
//     "ssh":            {ID: PATH of an agent's socket},                                                  *
//     "allow":          ["security.insecure", "network.host"],
//     "export":         "type=oci" ...,      archives come back in the answer (build_progress.h)
//     "check": BOOL, "keepForDebug": BOOL, "sourceDateEpoch": SECONDS
//   }
//
// What is marked with * names things of this machine, and is taken from clients of the unix socket only. It
// is a body and no header because secrets and Dockerfiles are larger than a head may be. Secrets are in no
// log.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

struct BuildAsk {
  builder::BuildRequest request;
  std::string id;       // for POST /build/cancel
  bool quiet = false;   // only the image's id is told
  bool removes = true;  // intermediate containers, as far as anybody is told
  bool events = false;  // the events themselves are wanted, not Docker's words
};

inline constexpr std::string_view wish_type = "application/vnd.podo.build";
inline constexpr std::string_view events_type = "application/vnd.podo.build.events+json";

// Of the query and the headers. Invalid in Docker's words.
Result<BuildAsk> build_ask_of(const Call& call);
// Adds what the wish says. `local`: the client is on this machine's unix socket.
Result<> add_wish(builder::BuildRequest& request, std::string wish, bool local);
// {"https://index.docker.io/v1/": {"username": ..., "password": ...}}, base64url; by domain.
Result<std::map<std::string, image::Credentials>> decode_registry_config(std::string_view header);

}  // namespace podo::docker
