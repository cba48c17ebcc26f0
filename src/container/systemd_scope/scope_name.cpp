#include "container/systemd_scope/scope_name.h"

namespace podo::runtime {
namespace {

constexpr std::size_t unit_bytes_max = 255;  // systemd's, and the kernel's for the name of a group
constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";

std::string escaped(std::string_view id) {
  std::string out;
  for (const char c : id) {
    if (allowed.contains(c)) out.push_back(c);
    else out += text("\\x{:x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

Result<std::string> slice_name(std::string_view slice, SystemdManager manager) {
  if (slice.empty()) return manager == SystemdManager::user ? "user.slice" : "system.slice";
  if (slice == "-" || slice == "-.slice") return "-.slice";
  const auto wrong = [&](const char* why) {
    return invalid("linux.cgroupsPath: \"{}\" is no slice of systemd: {}", slice, why);
  };
  if (!slice.ends_with(".slice")) return wrong("it does not end with .slice");
  const std::string_view name = slice.substr(0, slice.size() - 6);
  if (slice.find_first_not_of(allowed) != slice.npos || slice.contains('@'))
    return wrong("it has characters that no slice has (the path is made of its dashes)");
  if (name.empty() || name.starts_with('-') || name.ends_with('-') || name.contains("--"))
    return wrong("a part between its dashes is empty");
  if (slice.size() > unit_bytes_max) return wrong("it is too long");
  return std::string(slice);
}

}  // namespace

bool is_scope_unit(std::string_view unit) {
  return unit.ends_with(".scope") && unit.size() > 6 && unit.size() <= unit_bytes_max &&
         unit.find_first_not_of(allowed) == unit.npos;
}

Result<ScopeName> scope_name(std::string_view cgroups_path, std::string_view id, SystemdManager manager) {
  if (cgroups_path.empty()) {
    ScopeName ours{TRY(slice_name("", manager)), text("podo-{}.scope", escaped(id))};
    if (!is_scope_unit(ours.unit)) return invalid("the id {} is too long for the name of a scope", id);
    return ours;
  }
  const auto first = cgroups_path.find(':');
  const auto second = first == cgroups_path.npos ? first : cgroups_path.find(':', first + 1);
  if (second == cgroups_path.npos || cgroups_path.find(':', second + 1) != cgroups_path.npos) {
    return invalid("linux.cgroupsPath: \"{}\" is not \"slice:prefix:name\", as --systemd-cgroup wants it",
                   cgroups_path);
  }
  const std::string_view prefix = cgroups_path.substr(first + 1, second - first - 1);
  const std::string_view name = cgroups_path.substr(second + 1);
  if (name.empty())
    return invalid("linux.cgroupsPath: \"{}\" has no name after the second colon", cgroups_path);
  if (name.ends_with(".slice"))
    return unsupported("linux.cgroupsPath: \"{}\": a container gets a scope, not a slice", cgroups_path);
  ScopeName named{TRY(slice_name(cgroups_path.substr(0, first), manager)),
                  text("{}{}{}.scope", prefix, prefix.empty() ? "" : "-", name)};
  if (is_scope_unit(named.unit)) return named;
  return invalid("linux.cgroupsPath: \"{}\" is no name for a unit of systemd: {}", named.unit,
                 named.unit.size() > unit_bytes_max
                     ? "it is too long"
                     : "letters, digits, '-', '_', '.', '@' and '\\' are allowed");
}

}  // namespace podo::runtime
