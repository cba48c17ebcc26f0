// A container in a sandbox: the sandbox's namespaces, network files and control group are its own; nothing is
// attached or published for it. A container that names none is not concerned.
#pragma once

#include "container/config/runtime_config.h"
#include "container/sandbox/sandboxes.h"

namespace podo::engine {

// For a start. From here until leave_sandbox(), at the end of the run, the sandbox stays.
Result<> enter_sandbox(Sandboxes& sandboxes, const Container& container, Sandbox& place);
void leave_sandbox(Sandboxes& sandboxes, const Container& container);
// Of one that was found running.
void note_sandbox(Sandboxes& sandboxes, Container& container);

// With network mode "sandbox:ID".
Result<> share_network(Sandboxes& sandboxes, Container& container, Sandbox& place);

// What of a sandbox is the host's is the host's for its containers too: for the runtime's configuration.
void name_host_modes(const Sandboxes& sandboxes, docker::HostConfig& host);

// Whose network's counters are the container's; "": it has none.
std::string network_owner(const Container& container);

}  // namespace podo::engine
