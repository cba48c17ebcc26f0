// Machine: what a Node says of the machine that it is. Read from the system; never fails: what cannot be
// learned is left empty.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace podo::node {

struct Machine {
  std::string host_name, address;  // address: of the way out; 127.0.0.1 when there is none
  std::string machine_id, system_uuid, boot_id, kernel, os_image, architecture;  // architecture: "amd64"
  int processors = 1;
  std::uint64_t memory_bytes = 0, disk_bytes = 0, swap_bytes = 0;
  std::map<std::string, std::uint64_t> huge_pages;  // bytes of those there are, by size: "2Mi"
};

// `data_folder`: on the disk that pods write to.
Machine look_at_machine(const std::string& data_folder);

}  // namespace podo::node
