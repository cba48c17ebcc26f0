// One daemon a data folder: a lock on DATA/lock (flock(2)), with the pid of who holds it, so that the other
// one can be named. Held until destroyed; the kernel lets go of it when the process dies.
#pragma once

#include <string>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo {

class DataLock {
 public:
  // conflict: "another podo (process 4711) uses /var/lib/podo"
  static Result<DataLock> take(const std::string& folder);

 private:
  explicit DataLock(io::Fd file) : file_(std::move(file)) {}
  io::Fd file_;
};

}  // namespace podo
