#include "cli/console/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/console/units.h"

namespace podo::cli {

RawMode::RawMode() {
  if (::tcgetattr(0, &before_) < 0) return;
  termios raw = before_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(0, TCSADRAIN, &raw) == 0;
}

RawMode::~RawMode() {
  if (raw_) ::tcsetattr(0, TCSADRAIN, &before_);
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) < 0) return {};
  return {size.ws_row, size.ws_col};
}

io::Task<std::size_t> StandardInput::read(std::span<std::byte> into) {
  co_await io::checkpoint();
  for (;;) {
    pollfd input{.fd = 0, .events = POLLIN, .revents = 0};
    bool ready = ::poll(&input, 1, 0) > 0;
    if (!ready) {
      co_await ready_.readable();
      continue;
    }
    ssize_t count = ::read(0, into.data(), into.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EIO) co_return 0;  // a terminal that has gone
    if (errno != EINTR && errno != EAGAIN) co_return failed_errno(errno, "read standard input");
  }
}

io::Task<void> StandardInput::write(std::span<const std::byte>) {
  co_await unsupported("standard input cannot be written");
}

Result<std::string> parse_detach_keys(std::string_view text) {
  std::string keys;
  if (text.empty()) return keys;
  for (const std::string& key : split(text, ',')) {
    bool control = key.starts_with("ctrl-") && key.size() == 6;
    char c = control ? key[5] : key.size() == 1 ? key[0] : '\0';
    if (control && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 1);
    else if (control && c >= '@' && c <= '_') c = static_cast<char>(c - '@');
    else if (control) c = '\0';
    if (c == '\0') return invalid("invalid detach keys ({}): '{}' is no key", text, key);
    keys += c;
  }
  return keys;
}

std::string DetachKeys::pass(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (found_) break;
    if (!keys_.empty() && c == keys_[matched_]) {
      found_ = ++matched_ == keys_.size();
      continue;
    }
    out.append(keys_, 0, matched_);
    matched_ = !keys_.empty() && c == keys_[0] ? 1 : 0;
    if (matched_ == 0) out += c;
  }
  return out;
}

}  // namespace podo::cli
