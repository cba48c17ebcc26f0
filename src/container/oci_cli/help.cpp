#include "container/oci_cli/help.h"

#include "base/core/version.h"
#include "container/oci_cli/columns.h"
#include "container/oci_cli/verbs.h"
#include "container/seccomp/seccomp_names.h"

namespace podo::oci_cli {
namespace {

std::string describe_flags(std::span<const Flag> flags) {
  Columns table(3);
  for (const Flag& flag : flags) {
    if (flag.help.empty()) continue;
    std::string names = text("    --{}", flag.name);
    if (!flag.letter.empty()) names += text(", -{}", flag.letter);
    if (!flag.value.empty()) names += text(" {}", flag.value);
    table.row({names, std::string(flag.help)});
  }
  table.row({"    --help, -h", "show this"});
  return table.take();
}

}  // namespace

std::string global_help(std::span<const Flag> flags) {
  Columns table(3);
  for (const Verb* verb : verbs) table.row({text("    {}", verb->name), std::string(verb->summary)});
  return text(
      "podo-oci: runs OCI bundles as containers (runtime-spec {})\n\nUSAGE\n"
      "    podo-oci [global flags] VERB [flags] [arguments]\n    podo oci ...\n\nVERBS\n{}\nGLOBAL FLAGS\n{}",
      spec_version, table.take(), describe_flags(flags));
}

std::string verb_help(const Verb& verb) {
  std::string help = text("podo-oci {}: {}\n\nUSAGE\n    podo-oci {} [flags] {}\n", verb.name, verb.summary,
                          verb.name, verb.arguments);
  if (!verb.description.empty()) help += text("\n{}", verb.description);
  return help + "\nFLAGS\n" + describe_flags(verb.flags);
}

// As engines parse runc's: the version on the first line, then "name: value".
std::string version_text() {
  return text("podo-oci version {}\ncommit: {}\nspec: {}\nlibseccomp: {}\n", version(), commit(),
              spec_version, runtime::libseccomp_version());
}

}  // namespace podo::oci_cli
