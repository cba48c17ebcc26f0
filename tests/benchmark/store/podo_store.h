// A LogStore of this machine with all that it stands on, for a thread that has no loop: every call runs one
// Task to its end.
#pragma once

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/epoll_loop.h"
#include "base/io/system_disk.h"
#include "base/store/log_store.h"

namespace podo::bench {

class PodoStore {
 public:
  ~PodoStore() { close(); }

  Result<void> open(const std::string& folder) {
    store_ = TRY(loop_.run(store::open_log_store({disk_, random_, log_}, folder + "/store")));
    return {};
  }
  void close() {
    if (store_) (void)loop_.run(store_->close());
    store_.reset();
  }
  template <class T>
  Result<T> run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }
  store::Store& operator*() { return *store_; }
  store::Store* operator->() { return store_.get(); }

 private:
  io::EpollLoop loop_;
  io::BlockingPool pool_{4};
  io::SystemDisk disk_{pool_};
  SystemRandom random_;
  SilentLog log_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace podo::bench
