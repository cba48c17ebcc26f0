// Workload: transactions drawn from a seed. Keys are few, so that they meet; values are of all sizes, and
// each but the empty one is like no other, so what is found tells who wrote it.
#pragma once

#include "base/core/random.h"
#include "base/store/store.h"

namespace podo::store {

struct WorkloadOptions {
  std::uint64_t keys = 12;
  std::uint64_t large_bytes = 20'000;
  unsigned relaxed_percent = 30;
  unsigned memory_percent = 10;  // these have keys of their own
  unsigned conditions_percent = 30;
  unsigned reads_percent = 15;
};

class Workload {
 public:
  explicit Workload(std::uint64_t seed, WorkloadOptions options = {}) : random_(seed), options_(options) {}

  Transaction next() {
    for (;;) {
      Transaction transaction = draw();
      if (check(transaction, Limits())) return transaction;  // else it would write a key twice
    }
  }

  Random& random() { return random_; }

 private:
  bool percent(unsigned percent) { return random_.below(100) < percent; }

  Transaction draw() {
    Transaction transaction;
    if (percent(options_.relaxed_percent)) transaction.durability = Durability::relaxed;
    if (percent(options_.memory_percent)) transaction.durability = Durability::memory;
    folder_ = transaction.durability == Durability::memory ? "memory/" : "keys/";
    while (percent(options_.conditions_percent)) transaction.conditions.push_back(condition());
    transaction.then = operations();
    if (!transaction.conditions.empty() && percent(50)) transaction.otherwise = operations();
    return transaction;
  }

  std::string key() { return text("{}{}", folder_, random_.below(options_.keys)); }

  Range some_range() {
    std::string from = key(), to = key();
    if (percent(10)) return Range::prefix(folder_);
    if (to < from) std::swap(from, to);
    return {from, to};
  }

  std::string value() {
    if (percent(5)) return {};
    std::uint64_t size = random_.below(percent(10) ? options_.large_bytes : 200);
    std::string value = text("{}:", ++values_);
    while (value.size() < size) value += text("{:x}", random_.next());
    return value;
  }

  Condition condition() {
    switch (random_.below(4)) {
      case 0: return absent(key());
      case 1: return present(key());
      case 2: return {key(), Condition::Field::version, Condition::Relation::less, random_.below(4)};
      default: return {key(), Condition::Field::version, Condition::Relation::not_equal, 1};
    }
  }

  std::vector<Operation> operations() {
    std::vector<Operation> operations;
    do {
      if (percent(options_.reads_percent)) operations.push_back(read(some_range(), random_.below(4)));
      else if (percent(10)) operations.push_back(erase(some_range()));
      else if (percent(15)) operations.push_back(erase(Range::key(key())));
      else operations.push_back(put(key(), value()));
    } while (percent(40));
    return operations;
  }

  SeededRandom random_;
  WorkloadOptions options_;
  std::string folder_;
  std::uint64_t values_ = 0;
};

}  // namespace podo::store
