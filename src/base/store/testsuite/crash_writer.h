// CrashWriter: one of the strands that write to a store until the power goes. It keeps the ledger.
#pragma once

#include "base/io/simulated_disk.h"
#include "base/store/testsuite/recovery_check.h"

namespace podo::store {

class CrashWriter {
 public:
  struct Options {
    WorkloadOptions workload;
    bool leases = false;
    bool equal_sizes = false;  // what is written here ends where something else ended before
    std::int64_t pause_us_max = 2000;
  };
  CrashWriter(Store& store, io::SimulatedDisk& disk, RecoveryCheck& ledger, int strand, std::uint64_t seed,
              const Options& options)
      : store_(store),
        disk_(disk),
        ledger_(ledger),
        strand_(strand),
        options_(options),
        workload_(seed, options.workload),
        random_(workload_.random()) {}

  // True: it is answered.
  Task<bool> commit(Transaction transaction, std::size_t marker_bytes = 0) {
    std::uint64_t id = ledger_.ask(strand_, transaction, marker_bytes);
    Result<Outcome> outcome = co_await store_.commit(std::move(transaction)).result();
    if (outcome) co_await ledger_.answer(id, *std::move(outcome));
    else co_await ledger_.fail(id, outcome.error());
    co_return outcome.has_value();
  }

  Task<void> run(int calls) {
    for (int i = 0; i < calls && disk_.powered(); ++i) {
      const std::uint64_t kind = random_.below(100);
      if (kind < 4) co_await flush();
      else if (kind < 7) co_await forget_history();
      else if (kind < 12 && options_.leases) co_await change_lease();
      else co_await write();
      if (random_.below(3) == 0) co_await io::sleep(some_time());
    }
  }

 private:
  // True: it succeeds. It fails as a Store may.
  template <class T>
  Task<bool> contractual(Task<T> task) {
    Result<T> result = co_await task.result();
    if (result) co_return true;
    ErrorKind kind = result.error().kind();
    if (kind == ErrorKind::invalid || kind == ErrorKind::corrupt || kind == ErrorKind::internal)
      co_return internal("{}: {}", name_of(kind), result.error().message());
    co_return false;
  }

  Duration some_time() {
    std::uint64_t us = random_.below(static_cast<std::uint64_t>(options_.pause_us_max));
    return microseconds(static_cast<std::int64_t>(us));
  }

  Task<void> write() {
    Transaction transaction;
    if (!options_.equal_sizes && random_.below(5) != 0) transaction = workload_.next();
    bool is_relaxed = random_.below(100) < options_.workload.relaxed_percent;
    if (transaction.then.empty() && is_relaxed) transaction.durability = Durability::relaxed;
    bool puts_own = transaction.durability != Durability::memory && !options_.equal_sizes;
    if (puts_own && random_.below(4) == 0) put_own_key(transaction);
    std::size_t bytes = random_.below(transaction.then.empty() ? 1500 : 30);
    (void)co_await commit(std::move(transaction), options_.equal_sizes ? 200 : bytes);
  }

  // A key that is on the disk at one time and in memory at another.
  void put_own_key(Transaction& transaction) {
    std::string key = text("own {}/{}", strand_, random_.below(2));
    bool leased = lease_ != 0 && random_.below(2) == 0;
    if (random_.below(4) == 0) transaction.then.push_back(erase(Range::key(key)));
    else transaction.then.push_back(put(key, text("{:x}", random_.next()), leased ? lease_ : 0));
  }

  Task<void> flush() {
    Revision told = ledger_.told();
    if (co_await contractual(store_.flush())) ledger_.lasts_through(told);
  }

  // Never what the ledger's watch has not seen yet.
  Task<void> forget_history() {
    Revision newest = ledger_.seen();
    Revision oldest = newest - std::min<Revision>(newest - 1, random_.below(30));
    (void)co_await contractual(store_.compact(oldest));
  }

  Task<void> change_lease() {
    if (lease_ == 0) {
      Result<LeaseId> granted = co_await store_.grant(milliseconds(1 + some_time().ns / 50'000)).result();
      if (granted) lease_ = *granted;
    } else if (random_.below(2) == 0) {
      (void)co_await contractual(store_.keep_alive(lease_));
    } else {
      (void)co_await contractual(store_.revoke(std::exchange(lease_, 0)));
    }
  }

  Store& store_;
  io::SimulatedDisk& disk_;
  RecoveryCheck& ledger_;
  int strand_;
  Options options_;
  Workload workload_;
  Random& random_;
  LeaseId lease_ = 0;
};

}  // namespace podo::store
