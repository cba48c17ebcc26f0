#include <unistd.h>

#include "base/linux/file.h"
#include "container/oci_cli/quantities.h"
#include "container/oci_cli/verbs.h"
#include "model/oci/decode.h"

namespace podo::oci_cli {
namespace {

constexpr std::size_t resources_bytes_max = 4u << 20;

constexpr Flag update_flags[] = {
    {"resources", "r", "FILE",
     "the limits as JSON, as linux.resources in config.json; - is standard input; other flags are ignored"},
    {"memory", "", "SIZE", "memory limit: bytes, or 512k, 32m, 2g; -1 is none"},
    {"memory-reservation", "", "SIZE", "memory to be left to it when it gets scarce"},
    {"memory-swap", "", "SIZE", "limit of memory and swap together"},
    {"pids-limit", "", "N", "number of processes; -1 is no limit"},
    {"cpu-quota", "", "US", "CPU time in microseconds within each period; -1 is no limit"},
    {"cpu-period", "", "US", "length of a period in microseconds"},
    {"cpu-burst", "", "US", "unused quota that may be saved up, in microseconds"},
    {"cpu-share", "", "N", "weight of its CPU time against others'"},
    {"cpu-idle", "", "0|1", "1: only CPU time that nobody else wants"},
    {"cpu-rt-period", "", "US", "length of a real-time period in microseconds"},
    {"cpu-rt-runtime", "", "US", "real-time CPU time within each period, in microseconds"},
    {"cpuset-cpus", "", "LIST", "CPUs to run on: 0-2,4"},
    {"cpuset-mems", "", "LIST", "memory nodes to use"},
    {"blkio-weight", "", "N", "weight of its block I/O against others', 10 to 1000"},
    {"l3-cache-schema", "", "TEXT", "not supported"},
    {"mem-bw-schema", "", "TEXT", "not supported"},
    {"kernel-memory", "", "SIZE", ""},
    {"kernel-memory-tcp", "", "SIZE", ""},
};

// A number flag's value, where the flag is given.
Result<> take_number(const Flags& given, std::string_view name, std::optional<std::int64_t>& into) {
  if (given.given(name)) into = TRY(given.number(name, 0));
  return {};
}

Result<> take_number(const Flags& given, std::string_view name, std::optional<std::uint64_t>& into) {
  if (!given.given(name)) return {};
  const std::int64_t value = TRY(given.number(name, 0));
  if (value < 0) return invalid("--{}: {} is negative", name, value);
  into = static_cast<std::uint64_t>(value);
  return {};
}

Result<> take_size(const Flags& given, std::string_view name, std::optional<std::int64_t>& into) {
  if (given.given(name)) into = TRY_IN(text("--{}", name), parse_size(given.text(name)));
  return {};
}

Result<oci::Resources> from_flags(const Call& call) {
  const Flags& given = call.flags;
  oci::Resources resources;
  TRY(take_size(given, "memory", resources.memory.limit));
  TRY(take_size(given, "memory-reservation", resources.memory.reservation));
  TRY(take_size(given, "memory-swap", resources.memory.swap));
  TRY(take_number(given, "pids-limit", resources.pids_limit));
  TRY(take_number(given, "cpu-quota", resources.cpu.quota));
  TRY(take_number(given, "cpu-period", resources.cpu.period));
  TRY(take_number(given, "cpu-burst", resources.cpu.burst));
  TRY(take_number(given, "cpu-share", resources.cpu.shares));
  TRY(take_number(given, "cpu-idle", resources.cpu.idle));
  TRY(take_number(given, "cpu-rt-period", resources.cpu.realtime_period));
  TRY(take_number(given, "cpu-rt-runtime", resources.cpu.realtime_runtime));
  resources.cpu.cpus = given.text("cpuset-cpus");
  resources.cpu.mems = given.text("cpuset-mems");
  const std::int64_t weight = TRY(given.number("blkio-weight", 0));
  if (weight != 0 && (weight < 10 || weight > 1000))
    return invalid("--blkio-weight: {} is not within 10 and 1000", weight);
  if (weight != 0) resources.block_io.weight = static_cast<std::uint16_t>(weight);
  for (const std::string_view name : {"l3-cache-schema", "mem-bw-schema"}) {
    if (given.given(name)) return unsupported("--{}: Intel RDT is not supported", name);
  }
  for (const std::string_view name : {"kernel-memory", "kernel-memory-tcp"}) {
    if (given.given(name)) call.log.warn("--{} is ignored: kernels no longer limit it", name);
  }
  return resources;
}

Result<oci::Resources> from_file(const std::string& path) {
  std::string bytes = path == "-"
                          ? TRY_IN("standard input", linux::read_all(STDIN_FILENO, resources_bytes_max))
                          : TRY(linux::read_file(path.c_str(), resources_bytes_max));
  return oci::decode_resources(TRY(json::parse(std::move(bytes))));
}

Result<int> perform_update(const Call& call) {
  const std::string file = call.flags.text("resources");
  TRY(call.runtime.update(call.id(),
                          file.empty() ? TRY(from_flags(call)) : TRY_IN("--resources", from_file(file))));
  return 0;
}

}  // namespace

constinit const Verb update_verb = {
    .name = "update",
    .arguments = "<container-id>",
    .summary = "change the limits of a container",
    .description = "What is not given stays as it is.\n",
    .flags = update_flags,
    .perform = perform_update,
};

}  // namespace podo::oci_cli
