#include "cli/console/output.h"

#include <unistd.h>

#include <string>

#include "base/format/json_writer.h"

namespace podo::cli {
namespace {

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write to standard {}", fd == 1 ? "output" : "error");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<> print(std::string_view bytes) { return write_all(1, bytes); }
void print_error_bytes(std::string_view bytes) { (void)write_all(2, bytes); }
void complain(std::string_view line) { print_error_bytes(std::string(line) + "\n"); }

std::string indented(json::Value value) {
  std::string narrow = json::Writer(json::Layout::indented).value(value).take();
  std::string out;
  bool at_line_start = true;
  for (char c : narrow) {
    at_line_start = c == '\n' || (at_line_start && c == ' ');
    out += c;
    if (at_line_start && c == ' ') out += ' ';
  }
  return out;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool ask_yes(std::string_view question) {
  print_error_bytes(std::string(question) + " [y/N] ");
  char answer = 0, c = 0;
  while (::read(0, &c, 1) == 1 && c != '\n')
    if (answer == 0) answer = c;
  return answer == 'y' || answer == 'Y';
}

}  // namespace podo::cli
