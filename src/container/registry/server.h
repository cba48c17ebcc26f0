// The distribution API is served (OCI distribution-spec 1.1): an http::Handler over the content store of the
// engine, so that what was built or pulled here is served here without a copy.
//
//   registry::Server registry(ground, options);
//   http::Server server(loop, registry, log, {});
//
// Repositories are names; a repository has manifests (by digest), tags, and links to the blobs it was given.
// Blobs are those of Images, one file a digest whoever has it. In the store:
//
//   registry/manifest/REPOSITORY@DIGEST   {"type":T,"size":N,"subject":D,...}
//   registry/tag/REPOSITORY:TAG           DIGEST
//   registry/blob/REPOSITORY@DIGEST       {}
//   registry/referrer/REPOSITORY@SUBJECT/DIGEST  descriptor
//
// An upload is a file of its own until its digest was verified; an acknowledged blob or manifest is on the
// disk (durable), a crash leaves uploads that can be resumed. Sessions that nobody goes on with are removed
// after a day. Garbage collection holds back whatever a push was told about (HEAD, mount, commit) for an
// hour.
//
// Images of the engine: a repository that does not exist here is looked up among the engine's images under
// the name the client used (HOST/repository:tag, and docker.io/library/...), read-only, when `serve_images`
// is set. Lives on the daemon's loop; hashing goes to the pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/http/client.h"
#include "base/http/server.h"
#include "container/image/images.h"
#include "container/image/registry.h"

namespace podo::registry {

using io::Task;

struct ServerGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  image::Images& images;
  image::Registry& upstream;  // for the pull-through cache
  Random& random;
  Clock& clock;
  Log& log;
};

struct ServerOptions {
  std::string folder;  // DATA/registry: uploads
  bool serve_images = true, read_only = false, deletes = true;
  std::string users_file;  // htpasswd with bcrypt ($2y$), or our own lines; "": no basic auth
  struct Token {           // bearer tokens of an authority (distribution's token authentication)
    std::string realm, service, issuer, certificate_file;
  } token;
  std::string proxy_of;  // "https://registry-1.docker.io": a pull-through cache of it
  image::Credentials proxy_credentials;
  std::uint64_t manifest_bytes_max = 4u << 20;
  Duration uploads_kept = seconds(86'400);
};

class Server final : public http::Handler {
 public:
  static Task<std::unique_ptr<Server>> open(const ServerGround& ground, ServerOptions options);
  ~Server() override;
  Task<void> handle(http::Exchange& exchange) override;
  Task<std::uint64_t> collect_garbage();  // untagged manifests nothing refers to, blobs of no manifest; bytes

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace podo::registry
