#include "measure.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/core/ensure.h"

namespace podo::bench {

namespace {

std::string read_proc(const char* path) {
  char bytes[8192];
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t count = ::read(fd, bytes, sizeof bytes);
  ::close(fd);
  return count < 0 ? std::string() : std::string(bytes, static_cast<std::size_t>(count));
}

// The number behind "NAME:" of a line; 0 when the kernel does not tell it.
std::uint64_t field(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

// The seventh number of a block device's statistics: sectors written. 0 when the file system has no device.
std::uint64_t written_to_device(const std::string& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return 0;
  const auto name = text("/sys/dev/block/{}:{}/stat", major(status.st_dev), minor(status.st_dev));
  unsigned long long sectors = 0;
  const std::string numbers = read_proc(name.c_str());
  if (std::sscanf(numbers.c_str(), "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1) return 0;
  return sectors * 512;
}

}  // namespace

Usage Usage::now(const std::string& folder) {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return {.cpu_ns = used.tv_sec * 1'000'000'000 + used.tv_nsec,
          .device_bytes = written_to_device(folder),
          .passed_bytes = field(read_proc("/proc/self/io"), "wchar:")};
}

Usage Usage::operator-(const Usage& before) const {
  return {cpu_ns - before.cpu_ns, device_bytes - before.device_bytes, passed_bytes - before.passed_bytes};
}

Usage Usage::operator+(const Usage& more) const {
  return {cpu_ns + more.cpu_ns, device_bytes + more.device_bytes, passed_bytes + more.passed_bytes};
}

Memory Memory::now() {
  const std::string status = read_proc("/proc/self/status");
  return {field(status, "VmRSS:"), field(status, "RssAnon:")};
}

std::uint64_t disk_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    struct stat status{};
    if (::lstat(entry.path().c_str(), &status) == 0)
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

double quantile(std::vector<std::int64_t>& values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return static_cast<double>(values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))]);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Folder::Folder(std::string path) : path_(std::move(path)) {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  std::filesystem::create_directories(path_, error);
  ENSURE(!error);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void settle(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::syncfs(fd);
  ::close(fd);
}

}  // namespace podo::bench
