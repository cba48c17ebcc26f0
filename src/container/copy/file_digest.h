// The digest of one file: of its content and, if it has any, of the extended attributes that go with it.
// Blocking.
#pragma once

#include <sys/stat.h>

#include <string>

#include "container/copy/stat_cache.h"
#include "container/copy/xattrs.h"

namespace podo::builder {

// `status`: of `name` in `folder` a moment ago; afterwards what it was when the file was read.
Result<StatCache::FileDigest> digest_file(int folder, const std::string& name, struct stat& status,
                                          StatCache* cache);

StatCache::FileDigest with_xattrs(std::string_view content_digest, const Xattrs& attributes);

}  // namespace podo::builder
