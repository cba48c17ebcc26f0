// Flags and words that have a grammar of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

struct Instruction;

// RUN --mount=VALUE.
//
//   value := field ( "," field )*                      a field that holds a comma is put in double quotes
//   field := "type=" TYPE | "from=" NAME | ( "source" | "src" ) "=" PATH
//          | ( "target" | "dst" | "destination" ) "=" PATH
//          | ( "ro" | "readonly" | "rw" | "readwrite" | "required" ) [ "=" BOOL ]
//          | "id=" TEXT | "sharing=" ( "shared" | "private" | "locked" )
//          | "mode=" OCTAL | "uid=" N | "gid=" N | "size=" BYTES | "env=" NAME
struct RunMount {
  enum class Type : std::uint8_t { bind, cache, tmpfs, secret, ssh } type = Type::bind;
  std::string target, source, from,
      id;                 // a target that does not begin with '/' is below the working directory
  bool read_only = true;  // cache, tmpfs: false
  enum class Sharing : std::uint8_t { shared, exclusive, locked } sharing = Sharing::shared;
  std::optional<std::uint32_t> mode, uid, gid;
  std::int64_t size_bytes = 0;  // tmpfs
  bool required = false;        // secret, ssh
  std::string env;              // secret: also or only as this variable
};
// Gives a field's value with its variables expanded; all but that of `from`, which the graph of stages needs
// before any variable has a value.
using ExpandValue = std::function<Result<std::string>(std::string_view value)>;
Result<RunMount> parse_run_mount(std::string_view value, const ExpandValue& expand = {});

struct HealthFlags {
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0, retries = 0;
};
Result<HealthFlags> health_flags(const Instruction& instruction);

// A word of EXPOSE, expanded: "80", "53/udp", "8000-8002/tcp" -> "8000/tcp", "8001/tcp", "8002/tcp".
// Invalid: "invalid containerPort: x", "invalid proto: x".
Result<std::vector<std::string>> exposed_ports(std::string_view word);

}  // namespace podo::dockerfile
