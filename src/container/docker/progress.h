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
  explicit ProgressAnswer(Call& call, std::string content_type = "application/json")
      : call_(call), content_type_(std::move(content_type)) {}

  // Runs `work` and sends what it tells meanwhile. `body_is_read`: the work reads the request's body,
  // so that nobody else can notice that the client has gone.
  Task<void> run(Task<void> work, bool body_is_read = false);
  // The same, for who knows better: the work is cancelled when `client_gone` returns.
  Task<void> run_while(Task<void> work, Task<void> client_gone);
  void cancel();  // the work, which then ends as one that failed

  image::ProgressSink sink();  // for the work; valid as long as this lives
  void tell(const image::Progress& progress);
  void tell_stream(std::string_view text);
  void tell_status(std::string_view status);
  void tell_bytes(std::string_view bytes);  // lines as they are
  Task<void> send(std::string bytes);       // the same; returns when the client has taken all
  std::size_t waiting() const { return lines_.size(); }

  // How a failure is told after the head was sent; it ends with a newline.
  std::function<std::string(const Error& error)> failure_line = error_line;
  static std::string error_line(const Error& error);

 private:
  Task<void> run_beside(Task<void> work, std::optional<Task<void>> client_gone);
  Task<void> work_to_the_end(Task<void> work);
  Task<void> send_lines();
  Task<void> cancel_after(Task<void> client_gone);

  Call& call_;
  std::string content_type_, lines_;
  std::optional<Result<>> outcome_;
  io::TaskGroup* beside_ = nullptr;
  io::Condition changed_{"progress"}, taken_{"a client that reads slowly"};
};

std::string progress_line(const image::Progress& progress);
std::string stream_line(std::string_view text);

}  // namespace podo::docker
