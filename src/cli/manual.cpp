// podo(1), in the language of man(7): `podo man | man -l -`.
#include "base/core/version.h"
#include "cli/completion.h"
#include "cli/console/output.h"

namespace podo::cli {
namespace {

constexpr std::string_view head =
    ".SH NAME\n"
    "podo \\- containers in one program: engine, builder, registry, cluster\n"
    ".SH SYNOPSIS\n"
    ".B podo\n[\\fB\\-H\\fR \\fIADDRESS\\fR] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n"
    ".SH DESCRIPTION\n"
    "One program: \\fBpodo serve\\fR is the daemon, which serves the Docker Engine API on a socket and the\n"
    "Kubernetes API on a port; the other commands ask it. Their names, flags and output are docker's.\n"
    "kubectl and docker work with it unchanged.\n"
    ".SH PROGRAMS\n"
    ".TP\n.B podo serve\nThe engine, and a cluster of this machine.\n"
    ".TP\n.B podo agent\nA node of a cluster elsewhere.\n"
    ".TP\n.B podo registry serve\nA registry alone.\n"
    ".TP\n.B podo store\nLooks after the folder of a store: check, dump, backup, restore, repair.\n"
    ".TP\n.B podo oci\nThe OCI runtime; also under the name podo-oci.\n"
    ".TP\n.B podo completion bash|zsh|fish\nA script for the shell.\n"
    ".PP\nEach of them tells its flags with \\fB\\-\\-help\\fR.\n";

constexpr std::string_view tail =
    ".SH ENVIRONMENT\n"
    ".TP\n.B PODO_HOST\\fR, \\fBDOCKER_HOST\nThe daemon's address: unix:///PATH or tcp://HOST:PORT.\n"
    ".TP\n.B DOCKER_TLS_VERIFY\\fR, \\fBDOCKER_CERT_PATH\nTLS of tcp addresses, as for docker.\n"
    ".SH FILES\n"
    ".TP\n.I /var/lib/podo\nWhat lasts: images, containers, volumes, the cluster's objects.\n"
    ".TP\n.I /var/lib/podo/kubeconfig\nThe administrator's, for kubectl.\n"
    ".TP\n.I /run/podo/docker.sock\nThe Docker Engine API.\n"
    ".SH EXIT STATUS\n"
    "0; 1 for a failure; 125 for words that are not understood; of run, start, exec and attach the\n"
    "container's own.\n"
    ".SH SEE ALSO\n"
    ".BR docker (1),\n.BR kubectl (1)\n";

// A backslash, a dot that begins a line and a dash mean something to man(7).
std::string plain(std::string_view text) {
  std::string out;
  for (char c : text) {
    if ((c == '.' || c == '\'') && out.empty()) out += "\\&";
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else out += c;
  }
  return out;
}

std::string flags_part(const Completed& command) {
  std::string out;
  for (std::span<const Flag> part : {command.flags, command.more_flags}) {
    for (const Flag& flag : part) {
      if (flag.help.empty()) continue;
      out += ".TP\n\\fB";
      if (flag.letter != 0) out += text("\\-{}\\fR, \\fB", flag.letter);
      out += text("\\-\\-{}\\fR", plain(flag.name));
      if (flag.kind != FlagKind::toggle) out += " \\fIvalue\\fR";
      out += "\n" + plain(flag.help);
      if (!flag.otherwise.empty()) out += text(" (default {})", plain(flag.otherwise));
      out += "\n";
    }
  }
  return out.empty() ? out : ".RS\n" + out + ".RE\n";
}

}  // namespace

int print_manual() {
  std::string page = text(".TH PODO 1 \"\" \"Podo {}\" \"User Commands\"\n{}", plain(version()), head);
  std::string_view chapter;
  for (const Completed& command : completed_commands()) {
    if (command.alias) continue;
    if (command.chapter != chapter) page += text(".SH COMMANDS: {}\n", command.chapter);
    chapter = command.chapter;
    page += text(".TP\n\\fBpodo {}\\fR \\fI{}\\fR\n{}\n", plain(command.name), plain(command.arguments),
                 plain(command.summary));
    page += flags_part(command);
  }
  return print(page.append(tail)) ? 0 : 1;
}

}  // namespace podo::cli
