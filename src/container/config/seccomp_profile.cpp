// A profile that somebody brings: the runtime-spec's format, or Docker's with its conditions.
//
//   profile   := { defaultAction, defaultErrnoRet?, ( architectures | archMap )?, flags?, listenerPath?,
//                  listenerMetadata?, syscalls: [ rule* ] }
//   rule      := { names | name, action, errnoRet?, args?, includes?: condition, excludes?: condition }
//   condition := { caps?: [ name* ], arches?: [ Go's name* ], minKernel?: "4.8" }
//
// A rule counts when all of `includes` holds and nothing of `excludes` does.
#include <charconv>

#include "base/linux/capability.h"
#include "container/config/default_seccomp.h"

namespace podo::engine {
namespace {

using json::Field;

struct Situation {
  std::uint64_t capabilities;
  const Machine& machine;
};

bool kernel_reaches(const Machine& machine, std::string_view version) {
  unsigned major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, major);
  if (error != std::errc{} || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return false;
  return machine.kernel_major > major || (machine.kernel_major == major && machine.kernel_minor >= minor);
}

bool has_capability(const Situation& situation, std::string_view name) {
  const auto number = linux::find_capability(name);
  return number && (situation.capabilities & linux::capability_bit(*number)) != 0;
}

bool lists_architecture(json::Value arches, const Machine& machine) {
  for (const json::Value arch : arches.items()) {
    if (arch.is(json::Kind::string) && arch.string() == machine.architecture) return true;
  }
  return false;
}

bool is_included(Field condition, const Situation& situation) {
  if (condition["arches"].size() > 0 && !lists_architecture(condition["arches"].value(), situation.machine))
    return false;
  for (const json::Value name : condition["caps"].value().items()) {
    if (!name.is(json::Kind::string) || !has_capability(situation, name.string())) return false;
  }
  const auto kernel = condition["minKernel"].string_or("");
  return !kernel || kernel->empty() || kernel_reaches(situation.machine, *kernel);
}

bool is_excluded(Field condition, const Situation& situation) {
  if (lists_architecture(condition["arches"].value(), situation.machine)) return true;
  for (const json::Value name : condition["caps"].value().items()) {
    if (name.is(json::Kind::string) && has_capability(situation, name.string())) return true;
  }
  const auto kernel = condition["minKernel"].string_or("");
  return kernel && !kernel->empty() && kernel_reaches(situation.machine, *kernel);
}

void copy_member(json::Writer& out, Field from, std::string_view key) {
  if (from[key]) out.key(key).value(from[key].value());
}

Result<> write_rule(json::Writer& out, Field rule, const Situation& situation) {
  if (!is_included(rule["includes"], situation) || is_excluded(rule["excludes"], situation)) return {};
  const std::string_view name = TRY(rule["name"].string_or(""));
  if (!name.empty() && rule["names"].size() > 0) {
    return invalid(
        "both 'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'");
  }
  out.object().key("names");
  if (name.empty()) {
    TRY(rule["names"].array());
    out.value(rule["names"].value());
  } else {
    out.array().string(name).end();
  }
  out.key("action").string(TRY(rule["action"].string()));
  copy_member(out, rule, "errnoRet");
  copy_member(out, rule, "args");
  out.end();
  return {};
}

std::string_view seccomp_name(std::string_view architecture) {
  if (architecture == "amd64") return "SCMP_ARCH_X86_64";
  if (architecture == "arm64") return "SCMP_ARCH_AARCH64";
  return "";
}

Result<> write_architectures(json::Writer& out, Field profile, const Machine& machine) {
  Field map = profile["archMap"];
  if (profile["architectures"].size() > 0 && map.size() > 0) {
    return invalid(
        "both 'architectures' and 'archMap' were specified in the seccomp profile, use either "
        "'architectures' or 'archMap'");
  }
  copy_member(out, profile, "architectures");
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (TRY(map[i]["architecture"].string()) != seccomp_name(machine.architecture)) continue;
    out.key("architectures").array().string(seccomp_name(machine.architecture));
    for (const json::Value more : map[i]["subArchitectures"].value().items()) out.value(more);
    out.end();
    break;
  }
  return {};
}

Result<> write_profile(json::Writer& out, Field profile, const Situation& situation) {
  out.object().key("defaultAction").string(TRY(profile["defaultAction"].string()));
  for (const auto key : {"defaultErrnoRet", "flags", "listenerPath", "listenerMetadata"})
    copy_member(out, profile, key);
  TRY(write_architectures(out, profile, situation.machine));
  out.key("syscalls").array();
  for (std::size_t i = 0; i < profile["syscalls"].size(); ++i)
    TRY(write_rule(out, profile["syscalls"][i], situation));
  out.end().end();
  return {};
}

}  // namespace

Result<> write_seccomp_profile(json::Writer& out, std::string_view profile, std::uint64_t capabilities,
                               const Machine& machine) {
  const json::Document document =
      TRY_IN("Decoding seccomp profile failed", json::parse(std::string(profile)));
  TRY_IN("Decoding seccomp profile failed", write_profile(out, Field(document), {capabilities, machine}));
  return {};
}

}  // namespace podo::engine
