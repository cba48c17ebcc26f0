// One daemon a data folder: a lock on DATA/lock (flock(2)), with the pid of who holds it, so that the other
// one can be named. Held until destroyed; the kernel lets go of it when the process dies, and with it the
// processes that it was about to start: until they execute their program, the lock is theirs as well. So a
// daemon that begins right after a kill -9 waits for them.
#pragma once

#include <string>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "base/io/task.h"

namespace podo {

class DataLock {
 public:
  // conflict: "another podo (process 4711) uses /var/lib/podo"
  static io::Task<DataLock> take(std::string folder);

 private:
  explicit DataLock(io::Fd file) : file_(std::move(file)) {}
  io::Fd file_;
};

}  // namespace podo
