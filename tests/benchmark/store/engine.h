// Engine: what is compared. One database in one folder, with the few verbs that every scenario of
// ./bench store is made of. Every write is durable when its call returns, and every engine gathers the writes
// that wait into one group, so that one sync of the disk pays for many.
//
// One thread calls an engine. Values of a Put live until the call returns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::bench {

class Workload;

struct Put {
  std::string_view key;
  std::string_view value;
};

// Closed-loop writers: each waits until its put is acknowledged before it makes the next, of a random key.
struct WriteLoad {
  const Workload& work;
  unsigned writers = 1;
  std::uint64_t puts_max = UINT64_MAX;  // of all writers together
  Duration time_max = seconds(3600);
  std::uint64_t seed = 0;  // another one, other keys and values: an engine may notice that nothing changes
};

struct WriteTimes {
  std::vector<std::int64_t> latencies_ns;  // one a put
  Duration wall;
};

struct Scan {
  std::uint64_t entries = 0;
  std::uint64_t sum = 0;  // of bytes of every key and value: what a reader touches
  void touch(std::string_view key, std::string_view value);
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Result<void> open(const std::string& folder) = 0;  // the folder exists; the database need not
  virtual void close() = 0;
  virtual Result<void> commit(std::span<const Put> puts) = 0;  // one group
  virtual Result<WriteTimes> write(const WriteLoad& load) = 0;
  virtual Result<Scan> scan(std::string_view prefix) = 0;  // by key
};

inline void Scan::touch(std::string_view key, std::string_view value) {
  ++entries;
  sum += static_cast<unsigned char>(key.back());
  sum += static_cast<unsigned char>(value.front()) + static_cast<unsigned char>(value.back());
}

struct Maker {
  const char* name;
  std::unique_ptr<Engine> (*make)();
};
std::unique_ptr<Engine> make_podo();
std::unique_ptr<Engine> make_lmdb();
std::unique_ptr<Engine> make_lmdb_writemap();
std::unique_ptr<Engine> make_sqlite();

}  // namespace podo::bench
