// The checks that need no values of variables (docs.docker.com/reference/build-checks); part of the parser.
#pragma once

#include <vector>

#include "model/dockerfile/instruction.h"

namespace podo::dockerfile {

// In the order of the lines; without those that are skipped.
std::vector<Warning> lint(const std::vector<Statement>& statements, const Directives& directives);

}  // namespace podo::dockerfile
