// DiskSpoiler: makes calls of a disk fail for a while, in all the ways a disk has: one call, some of many, no
// room. Afterwards the disk is sound.
#pragma once

#include <cerrno>

#include "base/io/simulated_disk.h"

namespace podo::store {

class DiskSpoiler {
 public:
  DiskSpoiler(io::SimulatedDisk& disk, Random& random) : disk_(disk), random_(random) {}

  io::Task<void> run(int rounds) {
    for (int i = 0; i < rounds && disk_.powered(); ++i) {
      co_await pause(3000);
      spoil();
      co_await pause(6000);
      repair();
    }
  }

  void spoil() {
    Call call = some_call();
    switch (random_.below(5)) {
      case 0:
      case 1: return disk_.fail_next(call, random_.below(4) == 0 ? ENOSPC : EIO);
      case 2: disk_.fail_next(Call::sync, EIO); return disk_.fail_next(Call::write, EIO);
      case 3: return disk_.limit_bytes(random_.below(150'000));
      default: return disk_.fail_sometimes(call, static_cast<unsigned>(10'000 + random_.below(700'000)));
    }
  }

  void repair() {
    disk_.limit_bytes(UINT64_MAX);
    for (Call call : calls) {
      disk_.fail_next(call, 0);
      disk_.fail_sometimes(call, 0);
    }
  }

 private:
  using Call = io::SimulatedDisk::Call;
  static constexpr Call calls[] = {Call::write,  Call::sync,   Call::sync_folder, Call::open,
                                   Call::rename, Call::remove, Call::read,        Call::list};

  Call some_call() {  // half of them writes and syncs
    return random_.below(2) == 0 ? calls[random_.below(2)] : calls[random_.below(std::size(calls))];
  }
  io::Task<void> pause(std::uint64_t us_max) {
    co_await io::sleep(microseconds(static_cast<std::int64_t>(random_.below(us_max))));
  }

  io::SimulatedDisk& disk_;
  Random& random_;
};

}  // namespace podo::store
