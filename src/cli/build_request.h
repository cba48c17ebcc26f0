// The words of `podo build` as a request: what Docker's API has a query for, and the wish for the rest
// (container/docker/build_options.h has its grammar).
#pragma once

#include "cli/build_context.h"
#include "cli/build_output.h"
#include "cli/console/daemon.h"

namespace podo::cli {

std::span<const Flag> build_flags();

// Invalid: what the flags cannot say; the check comes before anything is sent.
Result<Daemon::Query> build_query_of(const Flags& flags, const BuildContext& context,
                                     const BuildOutput& output);
// `in_place`: the context is a folder that the daemon reads itself.
Result<std::string> build_wish_of(const Flags& flags, const BuildContext& context, const BuildOutput& output,
                                  bool in_place);
// The X-Registry-Config: everything ~/.docker/config.json knows. "" when it knows nothing.
io::Task<std::string> registry_config(Daemon& daemon);

}  // namespace podo::cli
