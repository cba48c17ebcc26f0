// podo-oci: the OCI runtime in a file of its own. A container's start is several short programs, and what the
// rest of podo brings costs each of them: relocating its tables alone is 0.4 ms and half a megabyte.
#include <cstddef>
#include <span>

#include "container/oci_cli/oci_cli.h"

int main(int count, char** words) {
  return podo::oci_cli::run(std::span(words, static_cast<std::size_t>(count)), 1);
}
