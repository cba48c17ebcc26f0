// What is said when a build is over: of one that failed, its step's last lines, the place in the Dockerfile
// and what can be done now; else what there is to know.
#pragma once

#include "cli/build_answer.h"
#include "cli/build_log.h"

namespace podo::cli {

struct BuildSource {
  std::string name = "Dockerfile";
  std::optional<std::string> text = {};  // absent: not on this machine
};

// `shows_output`: nobody has seen it yet.
std::string failure_report(const BuildLog& log, const BuildEnd& end, const BuildSource& source,
                           bool shows_output);
std::string warnings_report(const BuildLog& log);
// Of --check: every warning with its place.
std::string check_report(const BuildLog& log, const BuildSource& source);

//   Dockerfile:3
//   --------------------
//      2 |     COPY . .
//      3 | >>> RUN exit 3
//   --------------------
std::string excerpt(const BuildSource& source, int line);

}  // namespace podo::cli
