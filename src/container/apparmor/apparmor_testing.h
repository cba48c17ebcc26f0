// A host with AppArmor of files alone, below a folder that goes with it.
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "container/apparmor/kernel.h"

namespace podo::apparmor {

class FakeHost {
 public:
  FakeHost() {
    char name[] = "/tmp/podo-apparmor-XXXXXX";
    folder_ = ::mkdtemp(name);
    put("enabled", "Y\n");
  }
  FakeHost(const FakeHost&) = delete;
  ~FakeHost() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  void put(const std::string& path, std::string_view bytes) {
    const std::filesystem::path whole = folder_ + "/" + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole, std::ios::binary) << bytes;
  }
  // It counts its calls in "calls", keeps what it was given in "input", and ends with what `end` does.
  void put_parser(const std::string& end) {
    put("parser",
        "#!/bin/sh\nprintf x >>" + folder_ + "/calls\n/bin/cat >" + folder_ + "/input\n" + end + "\n");
    REQUIRE(::chmod((folder_ + "/parser").c_str(), 0755) == 0);
  }
  std::string text_of(const std::string& path) const {
    std::ostringstream bytes;
    bytes << std::ifstream(folder_ + "/" + path, std::ios::binary).rdbuf();
    return bytes.str();
  }
  std::string path(const std::string& below) const { return folder_ + "/" + below; }
  Places places() const {
    return {.enabled = path("enabled"),
            .kernel = path("kernel"),
            .own_labels = {path("label")},
            .parsers = {path("parser")},
            .administrators = path("administrators")};
  }

 private:
  std::string folder_;
};

}  // namespace podo::apparmor
