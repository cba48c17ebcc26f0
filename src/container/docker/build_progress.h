// What a build tells, as a client wants to read it: in Docker's classic words (ClassicProgress), or as the
// events themselves (event_line). Private to container/docker.
//
// Classic words come in the order of the Dockerfile, although stages run side by side: what a step tells
// before its turn is held back until every step before it is done.
//
//   Step 2/3 : RUN make          started
//    ---> Running in 4f53cda18c2b       running
//   ...                          output; of standard error in red, as Docker does
//    ---> Removed intermediate container 4f53cda18c2b
//    ---> 0123456789ab           done; " ---> Using cache" before it when it was not run
//
// An answer of events is lines of JSON, with members that say nothing left out, and then how it ended.
// Archives come in between, as bytes behind the line that tells how many:
//
//   answer  := ( event newline | archive newline BYTES )* ( result | error ) newline
//   event   := {"event": KIND, "step": N, "total": N, "line": N, "exitCode": N, "text": TEXT, "name": TEXT,
//               "stage": TEXT, "state": TEXT, "rule": TEXT, "cached": true, "error": true, "tookNs": N,
//               "progress": {"id": TEXT, "status": TEXT, "current": N, "total": N}}
//   archive := {"archive": LENGTH}
//   result  := {"result": {"image": ID, "digest": DIGEST, "named": [NAME], "unusedArguments": [NAME]}}
//   error   := {"error": {"kind": TEXT, "message": TEXT, "exitCode": N}}
#pragma once

#include "container/builder/builder.h"

namespace podo::docker {

using builder::BuildEvent;

// Output comes in pieces that may end inside a character; JSON takes whole ones only.
class WholeCharacters {
 public:
  std::string pass(const BuildEvent& output);  // what can be told now

 private:
  std::map<std::pair<int, bool>, std::string> begun_;
};

class ClassicProgress {
 public:
  using TellLines = std::function<void(std::string_view lines)>;
  // `removes`: told of containers that are gone again.
  ClassicProgress(bool removes, TellLines tell) : removes_(removes), tell_(std::move(tell)) {}

  void take(const BuildEvent& event);
  void finish();  // whatever was held back of steps that failed is told

 private:
  struct Step {
    std::string held, container;
    std::size_t left_out = 0;  // bytes of output that were too many to be held
    bool is_from = false, is_done = false, failed = false;
  };
  void tell(int step, std::string_view lines);
  void tell_output(const BuildEvent& event);
  void tell_done(const BuildEvent& event);
  void release(Step& step);

  bool removes_;
  TellLines tell_;
  WholeCharacters characters_;
  std::map<int, Step> steps_;
  int turn_ = 1, total_ = 0;
};

std::string event_line(const BuildEvent& event);
std::string result_line(const builder::BuildResult& result);
std::string failure_event_line(const Error& error);
// {"errorDetail": {"code": 3, "message": ...}, "error": ...}; code: a command's.
std::string classic_failure_line(const Error& error);

}  // namespace podo::docker
