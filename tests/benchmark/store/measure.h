// What this process used, as the kernel counts it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::bench {

// write_bytes of /proc/self/io is left out: where the page cache holds large folios (ext4 since Linux 6.16),
// it counts a whole folio, up to megabytes, for a few bytes written to one.
struct Usage {
  std::int64_t cpu_ns = 0;         // user and system, of all threads
  std::uint64_t device_bytes = 0;  // that reached the disk of the folder, with what others wrote meanwhile
  std::uint64_t passed_bytes = 0;  // given to write calls; a memory map needs none
  static Usage now(const std::string& folder);
  Usage operator-(const Usage& before) const;
  Usage operator+(const Usage& more) const;
};

struct Memory {
  std::uint64_t resident_kb = 0;   // with the pages of mapped files
  std::uint64_t anonymous_kb = 0;  // of no file: the process's own
  static Memory now();
};

std::uint64_t disk_bytes(const std::string& folder);  // blocks its files have

// The p-th part (0 to 1) of the values lies below it. Sorts them.
double quantile(std::vector<std::int64_t>& values, double p);
double median(std::vector<double> values);

// A new empty folder, gone with everything in it when this dies.
class Folder {
 public:
  explicit Folder(std::string path);
  Folder(const Folder&) = delete;
  ~Folder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What others left for the disk to write is written before the clock starts.
void settle(const std::string& folder);

}  // namespace podo::bench
