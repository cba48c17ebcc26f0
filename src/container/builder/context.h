// A build's context: the folder its files come from, wherever they were.
//
// From an archive, a git repository or a URL it becomes a folder of the build's own, which the caller removes
// when the build has ended; a folder of this machine is read where it is. Archives are unpacked while they
// come, in bounded memory; names that lead out are refused. Lives on the loop, files are written on the pool.
#pragma once

#include "container/builder/builder.h"
#include "container/copy/files.h"

namespace podo::builder {

struct ContextGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  http::Client& client;
  Random& random;
  Log& log;
  StatCache* digests = nullptr;           // of files in folders of this machine, over builds
  std::uint64_t bytes_max = 64ull << 30;  // of an unpacked context
};

class Context {
 public:
  virtual ~Context() = default;
  virtual const Tree& tree() const = 0;  // .dockerignore (or DOCKERFILE.dockerignore) applied
  // The Dockerfile's text: of the request, of the context (name given; "Dockerfile" also as "dockerfile"), or
  // the remote's own. invalid "Cannot locate specified Dockerfile: x" when it is not there.
  virtual Task<std::string> dockerfile() = 0;
};

// `folder`: where a context is unpacked; made here. Failures: invalid for what is no archive or leads out of
// it, exhausted for one that is too large, not_found for a remote that is not there, unsupported where a
// program (git, xz, bzip2) is needed and not installed.
Task<std::unique_ptr<Context>> open_context(ContextGround ground, std::string folder, ContextSource source,
                                            std::string dockerfile,
                                            std::optional<std::string> dockerfile_text);

bool is_git_url(std::string_view text);  // as ADD takes them: git_url.h
bool is_url(std::string_view text);      // http, https

// ADD of URL or git, once each: a folder of the build's own with what came. `checksum`: --checksum, else
// invalid "digest mismatch ...".
struct Fetched {
  std::string folder;  // holds the file, or is the checkout (or the folder of it that was asked for)
  std::string name;    // of the file; "" for a checkout
  std::string digest;  // sha256 of the file; the commit
  std::optional<std::int64_t> modified;  // seconds, by Last-Modified
};
Task<Fetched> fetch_url(ContextGround ground, std::string folder, std::string url, std::string checksum);
Task<Fetched> fetch_git(ContextGround ground, std::string folder, std::string url, bool keep_git,
                        std::string checksum);

}  // namespace podo::builder
