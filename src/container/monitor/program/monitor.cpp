#include "container/monitor/program/monitor.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/un.h>

#include "container/monitor/program/files.h"
#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

// Memory that is not touched costs nothing: no byte of it is in the file, and no buffer is cleared.
alignas(Monitor) char memory[sizeof(Monitor)];
struct InMemory {};

constexpr int release_after_ms = 500;
constexpr char socket_path[] = "monitor.sock";
enum Watched { at_daemon, at_listener, at_signals, at_console, at_out, at_err, at_in, watched_count };

int listen_for_daemons() {
  int fd = static_cast<int>(sys::call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  __builtin_memcpy(address.sun_path, socket_path, sizeof socket_path);
  sys::remove(socket_path);
  if (fd < 0 || sys::call(SYS_bind, fd, sys::word(&address), sizeof address) < 0) return -1;
  sys::call(SYS_listen, fd, 4);
  return fd;
}

// All signals stay away; the one that matters is read.
int take_child_signals() {
  uint64_t all = ~uint64_t{0}, child = uint64_t{1} << (SIGCHLD - 1);
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, sys::word(&all), 0, sizeof all);
  return static_cast<int>(
      sys::call(SYS_signalfd4, -1, sys::word(&child), sizeof child, O_CLOEXEC | O_NONBLOCK));
}

bool receive_whole(void* into, size_t size) {
  return sys::receive(control_descriptor, into, size, MSG_WAITALL) == static_cast<long>(size);
}

}  // namespace
}  // namespace podo::monitor

inline void* operator new(size_t, podo::monitor::InMemory) noexcept { return podo::monitor::memory; }

namespace podo::monitor {

void run(char** environment) { (new (InMemory{}) Monitor)->run(environment); }

void Monitor::run(char** environment) {
  prepare();
  Settings settings;
  read_start(settings);
  begin(settings, environment);
  for (;;) {
    pollfd watched[watched_count];
    watch(watched);
    int timeout = timeout_ms();
    timespec limit = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1'000'000L};
    long ready =
        sys::call(SYS_ppoll, sys::word(watched), watched_count, timeout < 0 ? 0 : sys::word(&limit), 0, 8);
    if (ready == 0) release_buffers();
    handle(watched);
    if (ended_ && drained_ && !daemon_.waiting()) leave();
  }
}

void Monitor::prepare() {
  sys::call(SYS_fcntl, control_descriptor, F_SETFD, FD_CLOEXEC);
  sys::call(SYS_fcntl, runtime_descriptor, F_SETFD, FD_CLOEXEC);
  sys::call(SYS_close_range, runtime_descriptor + 1, ~0u);
  sys::call(SYS_setsid);
  sys::call(SYS_prctl, PR_SET_NAME, sys::word("podo-monitor"));
  sys::call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
  evade_oom_killer();
  signals_ = take_child_signals();
  daemon_.adopt(control_descriptor);
}

// Its bytes are kept: the settings point into them.
void Monitor::read_start(Settings& settings) {
  Header header;
  if (!receive_whole(&header, sizeof header)) sys::exit(1);  // the daemon is gone before anything began
  size_t size = be32(reinterpret_cast<const char*>(header.size));
  if (header.type != static_cast<uint8_t>(Type::start) || size > payload_max) fail("no start message came");
  long mapped = sys::call(SYS_mmap, 0, payload_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (mapped < 0) fail("there is no memory");
  char* payload = reinterpret_cast<char*>(mapped);
  if (!receive_whole(payload, size)) sys::exit(1);
  if (const char* problem = parse_start(payload, size, settings)) fail(problem);
}

void Monitor::begin(const Settings& settings, char** environment) {
  tty_ = settings.tty;
  listener_ = listen_for_daemons();
  if (listener_ < 0) fail("monitor.sock cannot be made");
  write_pid("monitor.pid", static_cast<uint64_t>(sys::call(SYS_getpid)));
  if (long error = log_.open(settings.log); error < 0) {
    Line<4200> message;
    message << "open the log " << settings.log.path << ": error " << static_cast<uint64_t>(-error);
    fail(message.text());
  }
  Birth birth = run_runtime(settings, environment);
  if (birth.pid < 0) fail("the OCI runtime cannot be run: no process or no descriptors");
  sys::close(runtime_descriptor);
  runtime_ = birth.pid;
  console_ = birth.console;
  runtime_errors_ = birth.err;
  out_.fd = birth.out;
  if (birth.in >= 0) in_.open(birth.in);
  else if (!settings.tty || !settings.stdin_open) in_.close();
  greet(settings.subscribe);
}

void Monitor::fail(const char* message) { fail(message, length_of(message)); }

// The daemon waits for this one; it is told without regard to anything else.
void Monitor::fail(const char* message, size_t size) {
  daemon_.forward(static_cast<unsigned>(Type::failed), message, size);
  while (daemon_.waiting()) {
    pollfd writable = {.fd = daemon_.fd(), .events = POLLOUT, .revents = 0};
    timespec limit = {.tv_sec = stalled_after_ms / 1000, .tv_nsec = 0};
    sys::call(SYS_ppoll, sys::word(&writable), 1, sys::word(&limit), 0, 8);
    daemon_.flush();
  }
  sys::remove(socket_path);
  sys::exit(1);
}

// Output is read only while none is on its way to the daemon, and while the first process is known.
void Monitor::watch(pollfd* watched) {
  bool read_output = started_ && !daemon_.forwarding();
  watched[at_daemon] = {daemon_.fd(), static_cast<short>(daemon_.waiting() ? POLLIN | POLLOUT : POLLIN), 0};
  watched[at_listener] = {listener_, POLLIN, 0};
  watched[at_signals] = {signals_, POLLIN, 0};
  watched[at_console] = {console_, POLLIN, 0};
  watched[at_out] = {read_output ? out_.fd : -1, POLLIN, 0};
  watched[at_err] = {read_output ? err_.fd : -1, POLLIN, 0};
  // A terminal that hangs up says so on its output side; a pipe without reader, here.
  bool watch_input = !in_.empty() || (started_ && !tty_);
  watched[at_in] = {watch_input ? in_.fd() : -1, static_cast<short>(in_.empty() ? 0 : POLLOUT), 0};
}

int Monitor::timeout_ms() const {
  int64_t until = daemon_.deadline_ms();
  if (ended_ && !drained_ && (until == 0 || drain_until_ms_ < until)) until = drain_until_ms_;
  if (until == 0) return buffers_touched_ ? release_after_ms : -1;
  int64_t left = until - sys::monotonic_ms();
  return left < 0 ? 0 : static_cast<int>(left);
}

// What a burst of output has touched, once it is over.
void Monitor::release_buffers() {
  if (!buffers_touched_ || daemon_.forwarding()) return;
  buffers_touched_ = false;
  sys::forget(chunk_, sizeof chunk_);
  log_.release_memory();
}

void Monitor::handle(const pollfd* watched) {
  if (daemon_.waiting()) daemon_.flush();
  if (watched[at_signals].revents != 0) reap();
  if (watched[at_console].revents != 0) adopt_terminal();
  if (watched[at_out].revents != 0) pump(out_);
  if (watched[at_err].revents != 0 && !daemon_.forwarding()) pump(err_);
  if (watched[at_daemon].revents != 0 && daemon_.fd() == watched[at_daemon].fd) receive();
  if (watched[at_in].revents != 0) {
    if ((watched[at_in].revents & POLLERR) != 0 && !tty_) in_.close();  // nobody reads it any more
    pump_input();
  }
  if (watched[at_listener].revents != 0) accept_daemon();
  look_whether_drained();
}

void Monitor::accept_daemon() {
  int fd = static_cast<int>(sys::call(SYS_accept4, listener_, 0, 0, SOCK_CLOEXEC));
  if (fd < 0) return;
  daemon_.adopt(fd);
  incoming_have_ = payload_left_ = 0;
  greet(false);
}

// What a daemon needs to know that was not told, or was told to another one.
void Monitor::greet(bool forward_output) {
  forward_output_ = forward_output;
  if (started_) {
    char pid[4];
    put_be32(pid, static_cast<uint32_t>(first_));
    daemon_.tell(Type::started, pid, sizeof pid);
  }
  daemon_.grant(in_.room());
  if (ended_) report_exit();
  if (drained_) report_drained();
}

// Everything that can be said has been said.
void Monitor::leave() {
  sys::remove(socket_path);
  sys::exit(0);
}

// --- the first process ---

void Monitor::reap() {
  char information[128];
  while (sys::read(signals_, information, sizeof information) > 0) {}
  int status = 0;
  if (runtime_ > 0) {
    if (sys::call(SYS_wait4, runtime_, sys::word(&status), 1 /* WNOHANG */) != runtime_) return;
    runtime_ended(status);
  }
  // The first process, or an orphan that came to us.
  for (;;) {
    long pid = sys::call(SYS_wait4, -1, sys::word(&status), 1);
    if (pid == first_) first_process_ended(status);
    else if (pid == -ECHILD && !ended_) first_process_ended(255 << 8);  // the runtime kept it to itself
    if (pid <= 0) return;
  }
}

void Monitor::runtime_ended(int status) {
  runtime_ = 0;
  if (tty_ && out_.fd < 0) adopt_terminal();
  first_ = static_cast<long>(read_pid());
  if (status != 0 || first_ == 0 || (tty_ && out_.fd < 0)) runtime_failed();
  if (tty_) sys::drop(runtime_errors_);
  else err_.fd = runtime_errors_;
  sys::drop(console_);
  started_ = true;
  write_pid("pid", static_cast<uint64_t>(first_));
  char pid[4];
  put_be32(pid, static_cast<uint32_t>(first_));
  daemon_.tell(Type::started, pid, sizeof pid);
}

void Monitor::runtime_failed() {
  long count = sys::read(runtime_errors_, chunk_, sizeof chunk_);
  while (count > 0 && chunk_[count - 1] == '\n') --count;
  if (count > 0) fail(chunk_, static_cast<size_t>(count));
  fail("the OCI runtime started nothing and did not say why");
}

void Monitor::adopt_terminal() {
  int terminal = take_terminal(console_);
  if (terminal < 0) return;
  sys::drop(console_);
  out_.fd = terminal;
  if (!in_.closed()) in_.open(static_cast<int>(sys::call(SYS_fcntl, terminal, F_DUPFD_CLOEXEC, 3)));
  apply_size();
  pump_input();
}

void Monitor::apply_size() {
  struct {
    uint16_t rows, columns, x_pixels, y_pixels;
  } size = {rows_, columns_, 0, 0};
  constexpr long set_window_size = 0x5414;  // TIOCSWINSZ
  if (tty_ && rows_ > 0) sys::call(SYS_ioctl, out_.fd, set_window_size, sys::word(&size));
}

void Monitor::first_process_ended(int status) {
  ended_at_ns_ = static_cast<uint64_t>(sys::wall_ns());
  signal_ = static_cast<uint64_t>(status & 0x7f);
  code_ = static_cast<uint64_t>(status >> 8 & 0xff);
  write_exit(code_, signal_, ended_at_ns_);
  ended_ = true;
  drain_until_ms_ = sys::monotonic_ms() + drain_ms;
  report_exit();
}

void Monitor::report_exit() {
  char exit[16];
  put_be32(exit, static_cast<uint32_t>(code_));
  put_be32(exit + 4, static_cast<uint32_t>(signal_));
  put_be64(exit + 8, ended_at_ns_);
  daemon_.tell(Type::exited, exit, sizeof exit);
}

}  // namespace podo::monitor
