// A URL becomes a file, redirects followed, digested on the way. Not cached: whoever wants that compares
// digests.
#pragma once

#include <optional>
#include <string>

#include "container/builder/context.h"

namespace podo::builder {

struct Download {
  std::string name;    // by the URL's path, else by Content-Disposition, else "download"
  std::string digest;  // sha256:...
  std::optional<std::int64_t> modified;
};
// To the new file `path`. Not_found "failed to GET URL with status 404 Not Found".
Task<Download> download(ContextGround ground, std::string url, std::string path);

// The pure parts.
std::string name_of_download(std::string_view target, std::string_view content_disposition);
// "http://user:password@host/x" -> the URL without them, and what an Authorization field says.
struct Credentialed {
  std::string url, authorization;
};
Credentialed split_credentials(std::string_view url);
std::optional<std::int64_t> parse_http_date(std::string_view text);  // "Sun, 06 Nov 1994 08:49:37 GMT"

}  // namespace podo::builder
