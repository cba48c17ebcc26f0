// Hooks (runtime-spec, "POSIX-platform Hooks"): programs run at fixed points of a container's life.
//
// The caller is in the namespaces the specification names for the kind. Each hook gets the container's state
// on stdin (which it need not read), runs with exactly the environment it configures, and is killed (SIGKILL,
// with its process group) when its timeout passes. What it prints is kept for the error.
// Nothing here needs /proc, /dev or a small caller: hooks run inside containers too.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/log.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// Runs them in order; the first that fails ends it with an error that names kind, path, and how it ended
// (exit status or signal, with the tail of what it printed).
// They start in `directory`.
Result<> run_hooks(std::string_view kind, std::span<const oci::Hook> hooks, std::string_view state_json,
                   const std::string& directory);
// For kinds whose failure must not stop the operation (poststart, poststop): each failure is a warning, the
// rest still run.
void run_hooks_warning(std::string_view kind, std::span<const oci::Hook> hooks, std::string_view state_json,
                       const std::string& directory, Log& log);

}  // namespace podo::runtime
