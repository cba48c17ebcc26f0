// MonitorClient: the daemon's side of one monitor (container/monitor/protocol.h), which runs one container or
// one exec: spawned here, or found again by a daemon that came later.
//
// Life:  spawn() -> pid() -> ended() -> destroyed. Destroying it earlier (a daemon that stops) leaves monitor
//        and container alone: connect() finds them again. A connection that breaks is made again at once.
//
//   auto monitor = co_await MonitorClient::spawn(loop, program, spec, relay);   // the process runs
//   Ended ended = co_await monitor->ended();
//
// Output goes to the relay, whose end() is called when all output has come; so attached clients get their
// last bytes. Lives on its loop; every call but destruction may be made from any of its strands.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/process.h"
#include "base/io/socket.h"
#include "container/monitor/protocol.h"
#include "container/streams/attach_relay.h"

namespace podo::engine {

// Where a monitor writes the log. Sizes in bytes; 0: no limit (then nothing is rotated).
struct LogTarget {
  enum class Driver : std::uint8_t { none, json_file, local };
  Driver driver = Driver::none;
  std::string path = {};
  std::uint64_t bytes_max = 0;
  unsigned files_max = 1;       // with PATH itself; 1: it is emptied when full
  std::string attributes = {};  // json-file: a JSON object for every line's "attrs"; "": none
};

struct MonitorSpec {
  std::string folder;                // DIR of protocol.h; it exists
  std::vector<std::string> runtime;  // the OCI runtime's arguments, [0] too; runs in DIR, so paths may be
                                     // relative: "--pid-file pid", "--console-socket console.sock"
  int runtime_program = -1;          // the runtime's file, open; borrowed until spawn() returns
  bool tty = false, stdin_open = false;
  LogTarget log;
};

// The embedded program in a sealed file in memory; one for all monitors of a daemon.
class MonitorProgram {
 public:
  static Result<MonitorProgram> load();
  std::string path() const;

 private:
  io::Fd file_;
};

struct Ended {
  int code = 0, signal = 0;  // as ExitStatus
  Wall at = {};
  std::uint64_t dropped_log_lines = 0;
  bool lost = false;  // the monitor died without a word (somebody killed it): code and time are not known
};

class MonitorClient final : public InputSink {
 public:
  // Fails with what the runtime said on its standard error; then nothing runs.
  static io::Task<std::unique_ptr<MonitorClient>> spawn(io::EpollLoop& loop, const MonitorProgram& program,
                                                        MonitorSpec spec, std::shared_ptr<AttachRelay> relay);
  // not_found: no monitor there; read_ended() may know more.
  static io::Task<std::unique_ptr<MonitorClient>> connect(io::EpollLoop& loop, std::string folder,
                                                          std::shared_ptr<AttachRelay> relay);
  // What a monitor that has left says in its folder; absent: nothing.
  static std::optional<Ended> read_ended(const std::string& folder);
  ~MonitorClient() override;

  pid_t pid() const { return pid_; }                                    // of the container's first process
  pid_t monitor_pid() const { return process_ ? process_->pid() : 0; }  // 0: not our child
  io::Task<Ended> ended();    // the process has ended; any number may wait
  io::Task<Ended> drained();  // and its output too: in the log, and at the relay (at most 2 s later)
  io::Task<void> gone();      // and the monitor itself; when it was our child, it is reaped
  void resize(std::uint32_t rows, std::uint32_t columns);
  void rotate_log();

  std::size_t input_room() const override { return credit_; }
  void put_input(std::span<const std::byte> bytes) override;
  void close_input() override;
  void forward_output(bool wanted) override;

 private:
  MonitorClient(io::EpollLoop& loop, std::string folder, std::shared_ptr<AttachRelay> relay);
  io::Task<std::unique_ptr<io::Socket>> connect_again();
  void begin_connection();
  void send(monitor::Type type, std::string_view payload);
  io::Task<void> converse();
  io::Task<void> receive();
  io::Task<void> introduced();  // the monitor has said whose parent it is, or that there is nobody
  io::Task<void> write_messages();
  void take(monitor::Type type, std::string_view payload);

  io::EpollLoop& loop_;
  std::string folder_;
  std::shared_ptr<AttachRelay> relay_;
  std::unique_ptr<io::Process> process_;  // absent: somebody else's child
  std::unique_ptr<io::Socket> socket_;
  std::string outgoing_;
  std::size_t credit_ = 0;
  pid_t pid_ = 0;
  std::string failure_;
  std::uint64_t dropped_log_lines_ = 0;
  bool failed_ = false, drained_ = false, input_closed_ = false, gone_ = false;
  std::optional<Ended> ended_;
  io::Condition changed_{"the monitor"};
  io::Condition outgoing_changed_{"something to tell the monitor"};
  io::TaskGroup group_;
};

}  // namespace podo::engine
