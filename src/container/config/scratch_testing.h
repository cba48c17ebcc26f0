// For tests on real files: a folder that goes away with everything in it and mounted in it.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/linux/file.h"

namespace podo::engine {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = "/tmp/podo-engine-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    top_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount)
      ::umount2(mount->c_str(), MNT_DETACH);
    std::error_code error;
    std::filesystem::remove_all(top_, error);
  }
  std::string path(std::string_view name = "") const {
    return name.empty() ? top_ : top_ + "/" + std::string(name);
  }
  void folder(std::string_view name) const {
    const std::string whole = path(name);
    for (std::size_t end = whole.find('/', 1);; end = whole.find('/', end + 1)) {
      ::mkdir(whole.substr(0, end).c_str(), 0755);
      if (end == std::string::npos) break;
    }
    REQUIRE(::access(whole.c_str(), F_OK) == 0);
  }
  void file(std::string_view name, std::string_view content, mode_t mode = 0644) const {
    const int fd = ::open(path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    REQUIRE(fd >= 0);
    REQUIRE(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    ::close(fd);
  }
  void link(const char* target, std::string_view name) const {
    REQUIRE(::symlink(target, path(name).c_str()) == 0);
  }
  std::string read(std::string_view name) const {
    return linux::read_file(path(name).c_str(), 1 << 20).value_or("(none)");
  }
  // To be unmounted at the end; the mount itself is the test's.
  void mounted(std::string_view name) { mounts_.push_back(path(name)); }

 private:
  std::string top_;
  std::vector<std::string> mounts_;
};

}  // namespace podo::engine
