// What follows from the wish for a sandbox alone. Pure.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "container/sandbox/sandbox.h"

namespace podo::engine {

// What contradicts itself, or is not what it should be, is invalid. `engine_group` is the group of the
// engine's own containers, which no sandbox may take for its own.
Result<> check_sandbox(const SandboxWish& wish, std::string_view engine_group);

inline bool has_own_network(const SandboxWish& wish) { return wish.network != "host"; }

// Names below /proc/sys, by the namespace they belong to. In a network of its own processes may use low ports
// and ping without privileges, as in every container, unless the wish says otherwise.
struct SandboxSysctls {
  using Values = std::vector<std::pair<std::string, std::string>>;
  Values network, ipc;
};
Result<SandboxSysctls> plan_sandbox_sysctls(const SandboxWish& wish);

// Its /etc/hosts when the wish has none, in the form kubelets write. `host_file`: the machine's own, for one
// with the host's network.
std::string sandbox_hosts(const SandboxWish& wish, std::span<const network::Endpoint> endpoints,
                          std::string_view host_file);

}  // namespace podo::engine
