// A container as the store keeps it, under "container/ID": JSON.
//
//   record := {"complete": bool, "starting": bool, "id", "name", "created": ns, "path", "args": [...],
//              "config": Config, "host_config": HostConfig      as `inspect` shows them (model/docker)
//              "image": id, "image_reference", "state": State, "mounts": [MountPoint...],
//              "networks": {name: EndpointSettings}, "ports": [PublishedPort...],
//              "sandbox": path of its network namespace, while it runs,
//              "apparmor": what its last start was confined by}
//
// Times are nanoseconds since 1970. Members that are absent have their default, unknown ones are ignored.
#pragma once

#include <string>

#include "base/format/json.h"
#include "container/config/container.h"

namespace podo::engine {

struct Record {
  Container container;  // without image, endpoints, and what follows from the folders
  std::string image_id;
  bool complete = true;   // false: creation never came to its end, and is undone
  bool starting = false;  // a monitor may have been started for it
};

std::string encode_record(const Record& record);
Result<Record> decode_record(const json::Document& document);

// The same for one exec, under "exec/ID".
std::string encode_exec(const Exec& exec);
Result<Exec> decode_exec(const json::Document& document);

}  // namespace podo::engine
