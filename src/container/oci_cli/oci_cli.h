// The command line of the OCI runtime: `podo oci [global flags] VERB [flags] [arguments]`, or `podo-oci ...`.
// Flags, output and error texts are those engines know from runc, so that podman, containerd and others
// drive it unchanged.
//
// Errors go to standard error and to --log, where engines read the last line of level "error":
//   text:  time="2024-05-01T09:08:07Z" level=error msg="container web does not exist"
//   json:  {"level":"error","msg":"container web does not exist","time":"2024-05-01T09:08:07Z"}
// Exit codes: 0; that of the container's program for run and exec; else 1, or 255 for an exec that started
// nothing (Verb::failure_code).
#pragma once

#include <span>

namespace podo::oci_cli {

// `argv` is the whole command line as main() got it, of which the first `skipped` words led here.
// Gives the exit code of the process.
int run(std::span<char*> argv, std::size_t skipped);

}  // namespace podo::oci_cli
