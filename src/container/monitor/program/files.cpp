#include "container/monitor/program/files.h"

#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

size_t read_text(const char* path, char* into, size_t size) {
  int fd = sys::open(path, O_RDONLY);
  if (fd < 0) return 0;
  long count = sys::read(fd, into, size - 1);
  sys::close(fd);
  into[count < 0 ? 0 : count] = '\0';
  return count < 0 ? 0 : static_cast<size_t>(count);
}

void write_text(const char* name, const char* text, size_t size) {
  Line<64> temporary;
  temporary << name << ".new";
  int fd = sys::open(temporary.text(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return;
  bool whole = sys::write(fd, text, size) == static_cast<long>(size);
  sys::close(fd);
  if (whole) sys::rename(temporary.text(), name);
}

// stat := PID " (" NAME ") " field3 " " field4 ...; the start time is field 22. NAME may hold anything.
uint64_t start_time(uint64_t pid) {
  Line<64> path;
  path << "/proc/" << pid << "/stat";
  char stat[1024];
  size_t size = read_text(path.text(), stat, sizeof stat);
  while (size > 0 && stat[size - 1] != ')') --size;
  const char* at = stat + size;
  for (int field = 2; field < 22 && *at != '\0'; ++field) {
    while (*at != '\0' && *at != ' ') ++at;
    while (*at == ' ') ++at;
  }
  return size > 0 ? take_number(at) : 0;
}

}  // namespace

uint64_t read_pid() {
  char text[32];
  const char* at = text;
  return read_text("pid", text, sizeof text) > 0 ? take_number(at) : 0;
}

void write_pid(const char* name, uint64_t pid) {
  Line<64> text;
  text << pid << " " << start_time(pid) << "\n";
  write_text(name, text.text(), text.size());
}

void write_exit(uint64_t code, uint64_t signal, uint64_t at_ns) {
  Line<64> text;
  text << code << " " << signal << " " << at_ns << "\n";
  write_text("exit", text.text(), text.size());
}

}  // namespace podo::monitor
