// The bytes of one file into a new one, by the cheapest way the file systems allow: shared blocks (FICLONE),
// a copy in the kernel (copy_file_range, sendfile), read and write. Holes stay holes. Blocking.
#pragma once

#include <sys/stat.h>

#include "base/core/error.h"

namespace podo::builder {

// `to` is empty. `status`: of `from`. Conflict when `from` has become shorter.
Result<> copy_content(int from, int to, const struct stat& status);
Result<> write_all(int to, std::string_view bytes);

}  // namespace podo::builder
