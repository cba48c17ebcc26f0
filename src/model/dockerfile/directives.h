// Parser directives: the comments at the very top that say how to read the rest; part of the parser.
#pragma once

#include "model/dockerfile/source.h"

namespace podo::dockerfile {

// Takes them off the source. `check`, when not empty, stands in the place of "# check=".
Result<Directives> read_directives(Source& source, std::string_view check);

}  // namespace podo::dockerfile
