// The distribution API is served (OCI distribution-spec 1.1): an http::Handler over the content store of the
// engine, so that what was built or pulled here is served here without a copy.
//
//   auto registry = co_await registry::Server::open(ground, options);
//   http::Server server(loop, *registry, log, {});
//
// Repositories are names; a repository has manifests (by digest), tags, and links to the blobs it was given
// (catalog.h). Blobs are those of Images, one file a digest whoever has it.
//
// An upload is a file of its own until its digest was verified (uploads.h); an acknowledged blob or manifest
// is on the disk, a crash leaves uploads that can be resumed. Sessions that nobody goes on with are removed
// after a day. Garbage collection holds back whatever a push was told about (HEAD, mount, commit) for an
// hour.
//
// Images of the engine: what a repository that is unknown here would have under the name the client used
// (HOST/repository:tag, and docker.io/...) is looked up among the engine's images, read-only, when
// `serve_images` is set; and a push of what the engine has finds its blobs here already.
//
// A pull-through cache (`proxy_of`) takes no pushes; tags are compared with the upstream's on each pull, and
// what is here is served when the upstream does not answer.
//
// Lives on the daemon's loop; hashing and the disk go to the pool. Dies before its ground, after the
// http::Servers over it.
#pragma once

#include <memory>
#include <string>

#include "base/http/client.h"
#include "base/http/server.h"
#include "container/image/images.h"
#include "container/registry_client/registry.h"

namespace podo::registry {

using io::Task;

struct ServerGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  image::Images& images;
  http::Client& client;             // for the pull-through cache: verifies certificates
  http::Client& unverified_client;  // does not; for an upstream on this machine
  Random& random;
  Clock& clock;
  Log& log;
};

struct ServerOptions {
  std::string folder;  // DATA/registry: uploads
  bool serve_images = true, read_only = false, deletes = true;
  std::string users_file = {};  // htpasswd with bcrypt ($2y$); "": no basic auth
  struct Token {  // bearer tokens of an authority (distribution's token authentication); realm "": none
    std::string realm, service, issuer, certificate_file;
  } token = {};
  std::string proxy_of = {};  // "https://registry-1.docker.io": a pull-through cache of it
  image::Credentials proxy_credentials = {};
  std::uint64_t manifest_bytes_max = 4u << 20;
  Duration uploads_kept = seconds(86'400);
  Duration held = seconds(3600);           // what was told of is no garbage for so long
  Duration collect_every = seconds(3600);  // 0: never by itself
  bool collect_untagged = false;           // manifests without a tag are garbage too
  Duration cached_for =
      seconds(7 * 86'400);  // of a pull-through cache: what nobody asked for is garbage then
};

class Server final : public http::Handler {
 public:
  static Task<std::unique_ptr<Server>> open(const ServerGround& ground, ServerOptions options);
  ~Server() override;
  Task<void> handle(http::Exchange& exchange) override;
  // Blobs of no manifest, and what the options call garbage beside them; gives the bytes freed.
  Task<std::uint64_t> collect_garbage();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace podo::registry
