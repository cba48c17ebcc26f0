// Workload: the keys and values of a scenario, the same for every engine, made before the clock starts.
// Values are slices of one pool, so that making one costs nothing: of random bytes, which no engine can make
// smaller, or of the text of Pods.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "base/core/random.h"
#include "engine.h"

namespace podo::bench {

struct Shape {
  std::string prefix = "registry/pods/";
  std::size_t keys = 10'000;
  std::size_t value_bytes = 2048;
  enum class Values : std::uint8_t { random, pods } values = Values::random;
};

class Workload {
 public:
  explicit Workload(Shape shape);

  const Shape& shape() const { return shape_; }
  const std::string& key(std::size_t index) const { return keys_[index]; }
  std::string_view value(std::uint64_t number) const;
  Put put(std::size_t index, std::uint64_t number) const { return {key(index), value(number)}; }
  Put random_put(Random& random) const { return put(random.below(keys_.size()), random.next()); }
  std::uint64_t bytes_per_put() const { return keys_.front().size() + shape_.value_bytes; }

  // Every key once, in large groups.
  Result<void> load(Engine& engine) const;

 private:
  Shape shape_;
  std::vector<std::string> keys_;
  std::string pool_;
};

// What the writers of one load share; any of them may ask it, from any thread.
class Pace {
 public:
  explicit Pace(const WriteLoad& load) : load_(load) {}
  const WriteLoad& load() const { return load_; }
  bool goes_on() { return begun_.fetch_add(1, std::memory_order_relaxed) < load_.puts_max && now() < end_; }
  SeededRandom random(unsigned writer) const { return SeededRandom(load_.seed * 1000 + writer); }
  Monotonic now() const { return clock_.now(); }
  Duration wall() const { return now() - start_; }

 private:
  const WriteLoad& load_;
  const SystemClock clock_;
  const Monotonic start_ = clock_.now();
  const Monotonic end_ = start_ + load_.time_max;
  std::atomic<std::uint64_t> begun_{0};
};

}  // namespace podo::bench
