// Numbers as people write them on a command line.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::oci_cli {

Result<std::int64_t> parse_integer(std::string_view text);
// size := digits ("." digits)? unit?        unit := [bB] | [kKmMgGtTpP] (i? [bB])?
// Powers of 1024; "-1" is no limit.
Result<std::int64_t> parse_size(std::string_view text);
// duration := (digits ("." digits)? unit)+ | "0"        unit := ns | us | ms | s | m | h        "1m30s"
Result<Duration> parse_duration(std::string_view text);

}  // namespace podo::oci_cli
