// Builder: a Dockerfile and its context become an image.
//
//   parse -> graph of stages (only those the target needs) -> each stage, side by side where none waits for
//   another: FROM, then step by step: what the step depends on is digested to a key -> cache, or the step is
//   run over a snapshot of the stage so far, and what it changed becomes a layer -> config, manifest, names
//
// The layers of intermediate stages are never packed; those of the result are packed once, side by side,
// while later steps still run. A build that fails, is cancelled (its Task is dropped) or dies with the daemon
// leaves no container, mount or name behind: what it finished stays in the cache for the next one.
//
// Life: open() once the engine is open (removes what a killed daemon left) -> build() any number, side by
// side -> destroyed when none runs. Lives on the daemon's loop; files are read, digested and copied on the
// pool.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/http/client.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "base/store/store.h"
#include "container/engine/engine.h"
#include "container/image/images.h"
#include "container/registry_client/registry.h"

namespace podo::builder {

using io::Task;

struct BuilderGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  image::Images& images;
  image::Registry& registry;
  engine::Engine& engine;
  http::Client& client;  // ADD of a URL
  Random& random;
  Clock& clock;
  Log& log;
};

struct BuilderOptions {
  std::string folder;                       // DATA/build: contexts, cache mounts, checkouts
  std::string run_folder;                   // RUN/build: secrets (a tmpfs), mounted trees
  std::uint64_t cache_bytes = 20ull << 30;  // layers and cache mounts; the least recently used go first
  unsigned steps_at_once = 4;
};

// Where the files come from. Exactly one of `archive`, `folder`, `remote`; none: only the Dockerfile.
struct ContextSource {
  http::Body* archive = nullptr;  // a tar, plain or compressed
  std::string folder = {};        // of this machine, read in place; trusted callers only
  std::string remote = {};        // a git repository, an archive or a Dockerfile by URL
};

struct Secret {
  std::string value;
};

enum class PullPolicy : std::uint8_t { missing, always };

struct BuildRequest {
  ContextSource context;
  std::string dockerfile = "Dockerfile";            // its path in the context
  std::optional<std::string> dockerfile_text = {};  // in its place
  std::map<std::string, std::string> named_contexts =
      {};  // "base" -> "docker-image://alpine", "/path", a URL
  std::vector<std::string> tags = {};
  std::map<std::string, std::optional<std::string>> arguments = {};  // without a value: as if not given
  std::string target = {};
  std::vector<oci::Platform> platforms = {};  // none: this machine's; several make an index
  bool no_cache = false;
  std::vector<std::string> no_cache_stages = {};
  PullPolicy pull = PullPolicy::missing;
  std::map<std::string, std::string> labels = {}, annotations = {};
  std::map<std::string, Secret> secrets = {};                  // by id
  std::map<std::string, std::string> ssh = {};                 // id -> socket of an agent on this machine
  std::map<std::string, image::Credentials> credentials = {};  // by registry domain
  std::vector<std::string> cache_from = {}, cache_to = {};     // "type=registry,ref=..."; an image's name
  docker::HostConfig host = {};  // limits, network mode, extra hosts, shm size of RUN steps
  bool allow_insecure = false, allow_host_network = false;  // RUN --security, --network=host
  bool squash = false, keep_going_for_debug = false;
  std::optional<std::int64_t> source_date_epoch = {};  // seconds; also from the argument of that name
  // What becomes of the result: "type=image" when empty. "type=oci,dest=-", "type=docker", "type=tar",
  // "type=local,dest=/path", "type=registry"; an archive goes to `output`.
  std::string export_to = {};
  image::Images::Sink output = {};
  bool check_only = false;  // --check: warnings, nothing is built
};

// One thing that happened. Steps are numbered from 1 in the order of the Dockerfile (only the stages that are
// needed), FROM included: "Step 3/7".
struct BuildEvent {
  enum class Kind : std::uint8_t {
    planned,   // steps are known: `total`
    started,   // `step`, `text` (the instruction), `name` ("[builder 2/4] RUN make")
    running,   // `step`, `state`: the id of the container of a RUN
    output,    // `step`, `text`: what it printed; `error`: to standard error
    progress,  // `step`, `progress`: of a pull, a download, an export
    done,      // `step`, `state` (12 or more hex digits of the state's id), `cached`, `took`
    failed,    // `step`, `text`; `exit_code` of a command; `state`: with keep_going_for_debug, the id of an
               // image of the tree as it was before the step. The error follows as the Task's failure
    warning,   // `text`, `rule`, `line`
    note,      // `text`: without a step: "exporting layers"; with one: "Executing 2 build triggers"
  } kind = Kind::note;
  int step = 0, total = 0, line = 0, exit_code = 0;
  std::string text = {}, name = {}, stage = {}, state = {}, rule = {};
  bool cached = false, error = false;
  Duration took = {};
  image::Progress progress = {};
};
using EventSink = std::function<void(const BuildEvent&)>;  // called on the loop

struct BuildResult {
  image::ImagePtr image;                      // null when nothing became an image here (exports, checks)
  std::string digest;                         // of its manifest, or of the index
  std::vector<std::string> named;             // references, complete
  std::vector<std::string> unused_arguments;  // "[UnconsumedArg]": given, but nobody asked
};

struct CacheItem {                            // a row of `docker system df -v`, `podo builder du`
  std::string id, parent, type, description;  // type: "regular", "source.local", "exec.cachemount"
  bool in_use = false, shared = false;
  std::uint64_t bytes = 0;
  Wall created = {}, last_used = {};
  std::uint64_t uses = 0;
};

struct CachePrune {
  bool all = false;  // also what an image still uses
  std::uint64_t keep_bytes = 0, max_used_bytes = 0, min_free_bytes = 0;
  std::map<std::string, std::vector<std::string>> filters =
      {};  // until, id, parent, type, inuse, shared, description
};

class Builder {
 public:
  static Task<std::unique_ptr<Builder>> open(const BuilderGround& ground, BuilderOptions options);
  virtual ~Builder() = default;
  // Fails with invalid (the Dockerfile, with file:line:column), not_found (a source, a base image), denied,
  // or StepFailed (step_failed.h) when a command did not end with 0.
  virtual Task<BuildResult> build(BuildRequest request, EventSink events) = 0;
  virtual std::vector<CacheItem> cache() const = 0;
  virtual Task<engine::Pruned> prune(CachePrune how) = 0;
};

}  // namespace podo::builder
