// An instruction with the values of variables in place of their names, where the language has them: ADD,
// COPY, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, and the flags of ADD and COPY. Commands (RUN,
// CMD, ENTRYPOINT, HEALTHCHECK, SHELL) are the shell's business; a RUN's mounts expand each field for itself,
// an ARG each of its values, which see those before them. Pure.
#pragma once

#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/expand.h"

namespace podo::builder {

Result<dockerfile::Instruction> expand_step(dockerfile::Instruction step, const dockerfile::Lookup& lookup,
                                            char escape);

}  // namespace podo::builder
