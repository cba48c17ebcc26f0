// A build's context: the folder its files come from, wherever they were.
//
// From an archive, a git repository or a URL it is a folder of the build's own, removed with it; a folder of
// this machine is read where it is. Paths that lead out are refused while it is unpacked.
#pragma once

#include "container/builder/builder.h"
#include "container/builder/files.h"

namespace podo::builder {

struct ContextGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  http::Client& client;
  Random& random;
  Log& log;
  StatCache* digests = nullptr;  // of files in folders of this machine, over builds
};

class Context {
 public:
  virtual ~Context() = default;
  virtual const Tree& tree() const = 0;  // .dockerignore (or DOCKERFILE.dockerignore) applied
  // The Dockerfile's text: of the request, of the context (name given; "Dockerfile" also as "dockerfile"), or
  // the remote's own. invalid "Cannot locate specified Dockerfile: x" when it is not there.
  virtual Task<std::string> dockerfile() = 0;
};

// `folder`: where contexts are unpacked. Memory is bounded by pieces, not files; more than `bytes_max`
// unpacked is exhausted.
Task<std::unique_ptr<Context>> open_context(const ContextGround& ground, std::string folder,
                                            ContextSource source, std::string dockerfile,
                                            std::optional<std::string> dockerfile_text);

// git: "https://host/repo.git#ref:folder", "git@host:repo.git", "ssh://..."; with the machine's git program.
bool is_git_url(std::string_view text);
bool is_url(std::string_view text);  // http, https

// ADD of URL or git, once each: a folder of the build's own with what came. `checksum`: --checksum.
struct Fetched {
  std::string folder;  // holds the file, or the checkout
  std::string name;    // of the file; "" for a checkout
  std::string digest;  // of the content
  std::optional<std::int64_t> modified;
};
Task<Fetched> fetch_url(const ContextGround& ground, std::string folder, std::string url,
                        std::string checksum);
Task<Fetched> fetch_git(const ContextGround& ground, std::string folder, std::string url, bool keep_git,
                        std::string checksum);

}  // namespace podo::builder
