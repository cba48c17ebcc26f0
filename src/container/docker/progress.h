// ProgressAnswer: the answer of a call that takes long, a line of JSON for every step (Docker's
// jsonmessage).
//
//   answer := ( line CR LF )*
//   line   := {"status": ..., "progressDetail": {"current": n, "total": n}, "id": ...}
//           | {"stream": ...} | {"aux": ...} | {"errorDetail": {"message": ...}, "error": ...}
//
// A failure before the first line is an ordinary error with its status; after it, the last line.
// Private to container/docker.
#pragma once

#include "base/io/condition.h"
#include "container/docker/call.h"

namespace podo::docker {

class ProgressAnswer {
 public:
  explicit ProgressAnswer(Call& call) : call_(call) {}

  // Runs `work` and sends what it tells meanwhile. `body_is_read`: the work reads the request's body,
  // so that nobody else can notice that the client has gone.
  Task<void> run(Task<void> work, bool body_is_read = false);

  image::ProgressSink sink();  // for the work; valid as long as this lives
  void tell(const image::Progress& progress);
  void tell_stream(std::string_view text);
  void tell_status(std::string_view status);

 private:
  Task<void> work_to_the_end(Task<void> work);
  Task<void> send_lines();
  Task<void> watch_client(io::TaskGroup& group);

  Call& call_;
  std::string lines_;
  std::optional<Result<>> outcome_;
  io::Condition changed_{"progress"};
};

}  // namespace podo::docker
