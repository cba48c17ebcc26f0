// SystemDisk: the files of this machine. Each operation is a system call or two on a thread of the pool, with
// bytes of its own, so a cancelled Task leaves it to end by itself.
#pragma once

#include "base/io/blocking_pool.h"
#include "base/io/disk.h"

namespace podo::io {

class SystemDisk final : public Disk {
 public:
  explicit SystemDisk(BlockingPool& pool) : pool_(pool) {}
  Task<std::unique_ptr<File>> open(std::string path, OpenOptions options = {}) override;
  Task<void> rename(std::string from, std::string to) override;
  Task<void> remove(std::string path) override;
  Task<void> make_folder(std::string path) override;
  Task<void> sync_folder(std::string path) override;
  Task<std::vector<std::string>> list(std::string folder) override;
  Task<std::unique_ptr<Lock>> lock(std::string path) override;

 private:
  BlockingPool& pool_;
};

}  // namespace podo::io
