// The answer of POST /build as events: lines of JSON, archives between them, and how it ended
// (container/docker/build_progress.h has the grammar).
#pragma once

#include <functional>

#include "base/format/json.h"
#include "base/http/message.h"

namespace podo::cli {

struct BuildEnd {
  std::string image, digest;  // "" when nothing became an image in the daemon
  std::vector<std::string> named, unused_arguments;
  // Of one that failed:
  std::string problem = {};
  int exit_code = 0;  // of the command that failed; 0: it was something else
};

struct BuildTakers {
  std::function<void(json::Value event)> event;
  std::function<Result<>(std::string_view bytes)> archive;
};

// Until the last line. Fails when the answer breaks off, or `archive` does.
io::Task<BuildEnd> read_build_answer(http::Body& body, const BuildTakers& takers);

}  // namespace podo::cli
