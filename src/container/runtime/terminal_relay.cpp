#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include "container/runtime/foreground.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {

namespace {

// Our own terminal, if stdin is one: raw while the container has it, so that every key is the container's.
class RawMode {
 public:
  RawMode() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawMode() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

void copy_size(int master) {
  winsize size;
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    ::ioctl(master, TIOCSWINSZ, &size);
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, data, size);
    if (count < 0 && errno == EAGAIN) {  // somebody else made our stdout non-blocking
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) {
      data += count;
      size -= static_cast<std::size_t>(count);
    }
  }
  return true;
}

class Relay {
 public:
  Relay(int master, const io::Fd& pidfd, const io::Fd& signals)
      : master_(master), pidfd_(pidfd), signals_(signals) {}

  Result<> run() {
    copy_size(master_);
    while (!ended_) TRY(turn());
    while (show_output()) {}  // what was written before the end
    return {};
  }

 private:
  // poll(2) skips negative descriptors. A master whose last slave closed says so for ever: then it is looked
  // at now and then, because the process may open its terminal again.
  Result<> turn() {
    const bool wants_input = pending_.empty() && input_open_;
    std::array<pollfd, 4> events{
        {{wants_input ? STDIN_FILENO : -1, POLLIN, 0},
         {hung_up_ ? -1 : master_, static_cast<short>(pending_.empty() ? POLLIN : POLLIN | POLLOUT), 0},
         {pidfd_.get(), POLLIN, 0},
         {signals_.get(), POLLIN, 0}}};
    constexpr int look_again_ms = 50;
    if (::poll(events.data(), events.size(), hung_up_ ? look_again_ms : -1) < 0 && errno != EINTR)
      return failed_errno(errno, "relay the terminal");
    if (events[3].revents != 0 && forward_signals(signals_, pidfd_) == WindowSize::changed)
      copy_size(master_);
    if (events[0].revents != 0) take_input();
    if ((events[1].revents & POLLOUT) != 0) pass_input();
    if (hung_up_ || (events[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) show_output();
    if (events[2].revents != 0) ended_ = true;
    return {};
  }

  void take_input() {
    const ssize_t count = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (count > 0) pending_.assign(buffer_.data(), static_cast<std::size_t>(count));
    else if (count == 0 || (errno != EINTR && errno != EAGAIN)) end_input();
  }

  // A pipe or a file ended: whoever reads lines from the terminal shall hear of it, as of ^D.
  void end_input() {
    input_open_ = false;
    termios settings{};
    // Also to one that edits its lines itself: shells take the character for the end, too.
    if (::tcgetattr(master_, &settings) == 0) pending_.assign(1, static_cast<char>(settings.c_cc[VEOF]));
  }

  void pass_input() {
    const ssize_t count = ::write(master_, pending_.data(), pending_.size());
    if (count > 0) pending_.erase(0, static_cast<std::size_t>(count));
  }

  bool show_output() {
    const ssize_t count = ::read(master_, buffer_.data(), buffer_.size());
    hung_up_ = count < 0 && errno == EIO;
    if (count <= 0) return false;
    return write_all(STDOUT_FILENO, buffer_.data(), static_cast<std::size_t>(count));
  }

  int master_;
  const io::Fd& pidfd_;
  const io::Fd& signals_;
  RawMode raw_;
  std::string pending_;  // typed, and not yet taken by the container
  bool input_open_ = true, hung_up_ = false, ended_ = false;
  std::array<char, 16384> buffer_;
};

}  // namespace

Result<> relay_terminal(const io::Fd& master, const io::Fd& pidfd, const io::Fd& signals) {
  // A container that does not read must not stop its output from being shown.
  const int flags = ::fcntl(master.get(), F_GETFL);
  if (flags < 0 || ::fcntl(master.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return failed_errno(errno, "relay the terminal");
  return Relay(master.get(), pidfd, signals).run();
}

}  // namespace podo::runtime
