// The registry behind a pull-through cache: what it says a tag is, and blobs brought from it.
//
// A blob is brought once, however many ask for it: a Fetch is a file that grows, and everybody reads along. A
// registry that could not be reached is not asked about tags again for some seconds. Lives on the server's
// loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/io/group.h"
#include "container/registry/catalog.h"
#include "container/registry/uploads.h"
#include "container/registry_client/session.h"

namespace podo::registry {

class Upstream {
 public:
  static Result<std::unique_ptr<Upstream>> open(const image::RegistryGround& ground, Uploads& uploads,
                                                io::BlockingPool& pool, const std::string& url,
                                                image::Credentials credentials);

  struct Manifest {
    std::string bytes, type, digest;
  };
  // Absent: the tag still is `known` (a digest). not_found: the upstream's own word; unavailable, when it
  // does not answer.
  Task<std::optional<Manifest>> manifest(std::string repository, std::string reference, std::string known);
  Task<std::optional<std::uint64_t>> blob_size(std::string repository, std::string digest);

  // Ends with a blob in the content store, linked to the repository, or with trouble.
  struct Fetch {
    std::shared_ptr<UploadFile> file;
    std::optional<std::uint64_t> size;  // once the upstream has told
    std::uint64_t here = 0;             // bytes of the file that may be read
    bool ended = false;
    std::optional<Error> trouble;
    io::Condition changed{"a blob from the upstream registry"};
  };
  std::shared_ptr<Fetch> fetch_blob(io::TaskGroup& group, const std::string& repository,
                                    const std::string& digest, Catalog& catalog);

 private:
  Upstream(const image::RegistryGround& ground, Uploads& uploads, io::BlockingPool& pool)
      : ground_(ground), uploads_(uploads), pool_(pool), tokens_(ground) {}
  image::Session session(const std::string& repository);
  Task<void> fetch(std::shared_ptr<Fetch> fetch, std::string repository, std::string digest,
                   Catalog& catalog);
  Task<void> bring(std::shared_ptr<Fetch> fetch, std::string repository, std::string digest);
  Task<void> read_on(Fetch& fetch, http::Response& response);

  image::RegistryGround ground_;
  Uploads& uploads_;
  io::BlockingPool& pool_;
  image::TokenService tokens_;
  image::Endpoint endpoint_;
  image::Credentials credentials_;
  Monotonic unreachable_until_ = {};
  std::map<std::string, std::shared_ptr<Fetch>> fetches_;  // by repository@digest
};

}  // namespace podo::registry
