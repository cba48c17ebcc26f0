// Child processes: spawned without copying this one (vfork-like), their exit awaited through a pidfd.
//
//   Command command{.arguments = {"tar", "-x"}, .folder = "/srv", .input = Stdio::pipe()};
//   std::unique_ptr<Process> tar = co_await Process::spawn(loop, command);
//   co_await tar->input->write(bytes);
//   co_await tar->input->finish();
//   ExitStatus status = co_await tar->wait();
//
// A Process that is destroyed before its exit was seen is killed and reaped, so a cancelled Task leaves no
// child behind. Lives on its EpollLoop. spawn() holds the loop up until the child executes: about 1 ms.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/io/pipe.h"

namespace podo::io {

// What a child finds at one of its descriptors 0, 1, 2.
struct Stdio {
  enum class Kind : std::uint8_t { null, inherit, pipe, descriptor, same_as_output };
  Kind kind = Kind::null;  // /dev/null
  int number = -1;         // Kind::descriptor: borrowed until spawn() returns

  static Stdio null() { return {Kind::null}; }
  static Stdio inherit() { return {Kind::inherit}; }
  static Stdio pipe() { return {Kind::pipe}; }
  static Stdio descriptor(int number) { return {Kind::descriptor, number}; }
  static Stdio same_as_output() { return {Kind::same_as_output}; }  // for errors only
};

struct Command {
  std::vector<std::string> arguments;  // the first is looked up in PATH unless it has a '/'
  std::string program = {};            // empty: arguments[0]; else this is executed under that name
  std::optional<std::vector<std::string>> environment = {};  // NAME=value; absent: this process's own
  std::string folder = {};                                   // working directory; empty: this process's own
  Stdio input = {}, output = {}, errors = {};
  struct Passed {
    int from;  // borrowed until spawn() returns
    int to;    // its number in the child, 3 or more
  };
  std::vector<Passed> passed = {};  // no other descriptor reaches the child
  bool new_session = false;         // setsid(2): away from the terminal, and leader of a process group
  int parent_death_signal = 0;      // sent to the child when the spawning thread ends; 0: none
};

struct ExitStatus {
  int code = 0;    // meaningful when signal is 0
  int signal = 0;  // the signal that ended it
  bool ok() const { return code == 0 && signal == 0; }
  std::string to_text() const;  // "exit code 3", "signal 9"
  bool operator==(const ExitStatus&) const = default;
};

class Process {
 public:
  // Fails as the step that failed: "execute /bin/x: No such file or directory".
  static Result<std::unique_ptr<Process>> spawn(EpollLoop& loop, const Command& command);
  Process(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  Task<ExitStatus> wait();        // one at a time; may be repeated. Cancelling it leaves the child alone
  Result<void> kill(int signal);  // not_found once the exit was seen
  void leave_running() { left_ = true; }  // destruction then neither kills nor reaps

  std::unique_ptr<FdStream> input, output, errors;  // this side of Stdio::pipe()

 private:
  Process(EpollLoop& loop, pid_t pid, Fd pidfd)
      : pid_(pid), pidfd_(std::move(pidfd)), ready_(loop, pidfd_.get()) {}
  bool reap(int wait_flags);

  pid_t pid_;
  Fd pidfd_;
  Readiness ready_;
  std::optional<ExitStatus> status_;
  bool left_ = false;
};

// Runs a command to its end: `input` goes in, at most `bytes_max` come out of each of output and errors; more
// is ErrorKind::exhausted, and the child is killed. A child that leaves its output open to children of its
// own is awaited until they have closed it: put a deadline() around it.
struct Captured {
  ExitStatus status;
  std::string output, errors;
};
Task<Captured> capture(EpollLoop& loop, Command command, std::string input, std::size_t bytes_max);

}  // namespace podo::io
