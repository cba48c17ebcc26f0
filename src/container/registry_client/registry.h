// Pulling images from registries and pushing them there (OCI distribution-spec 1.1, and what registries of
// Docker's speak): manifests, blobs, tokens.
//
// A pull: resolve the reference (index -> the manifest of a platform), fetch the config and, side by side,
// the layers that are missing; each is verified while it comes and unpacked as soon as those below it are,
// then the image is recorded. A push: blobs the registry lacks (HEAD, else a mount from a repository of the
// same registry, else an upload), then config and manifest. Memory is bounded by pieces, not by layers.
//
// Network trouble and 429/5xx are tried again with back-off, a blob goes on where it stopped (Range). A
// registry that stalls is given up; one that lies about a digest or a size is refused (corrupt). Tokens go
// to nobody but the registry that asked. Lives on the daemon's loop.
#pragma once

#include "container/image/images.h"

namespace podo::image {

struct Credentials {
  std::string user = {}, password = {}, identity_token = {}, registry_token = {};
  bool empty() const { return user.empty() && identity_token.empty() && registry_token.empty(); }
};

// Where a registry is and how to talk to it; from DATA/registries.yaml and the daemon's flags.
struct RegistryRules {
  struct Rule {
    std::string domain;                // "docker.io", "10.0.0.5:5000", or a CIDR for insecure ones
    std::vector<std::string> mirrors;  // base URLs, tried in order before the registry itself
    bool insecure = false;             // plain HTTP or a certificate nobody vouches for
    std::string ca_file;
  };
  std::vector<Rule> rules;  // loopback addresses are insecure without a rule
};

struct RegistryGround {
  io::Loop& loop;
  http::Client& client;             // verifies certificates
  http::Client& unverified_client;  // does not; for insecure registries
  Images& images;
  Random& random;
  Clock& clock;
  Log& log;
};

struct PullOptions {
  std::optional<oci::Platform> platform;  // absent: this machine's
  Credentials credentials;
  unsigned layers_at_once = 3;
};
struct PushOptions {
  Credentials credentials;
  unsigned layers_at_once = 4;
};

class Registry {
 public:
  Registry(const RegistryGround& ground, RegistryRules rules);
  ~Registry();

  // Progress in the words of `docker pull`: "Pulling from library/busybox", per layer "Pulling fs layer",
  // "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete", "Already
  // exists"; at the end "Digest: sha256:...", "Status: Downloaded newer image for busybox:latest" / "Image
  // is up to date for ...". Errors as Docker words them: not_found "manifest for x not found: manifest
  // unknown: ...", denied "pull access denied for x, repository does not exist or may require 'docker
  // login': ...".
  Task<ImagePtr> pull(oci::Reference reference, PullOptions options, ProgressSink progress);
  Task<std::vector<std::string>> tags(oci::Reference repository, Credentials credentials);
  Task<void> push(oci::Reference reference, PushOptions options, ProgressSink progress);
  // Images of several platforms under one name; they are here by the manifests that the index lists.
  Task<void> push_index(oci::Reference reference, oci::Index index, PushOptions options,
                        ProgressSink progress);
  // What is no image: a manifest whose config is of another kind (a build's cache). Config and layers are
  // blobs of Images, before a push and after fetch_blob().
  Task<void> push_artifact(oci::Reference reference, oci::Manifest manifest, Credentials credentials);
  Task<oci::Manifest> fetch_artifact(oci::Reference reference, Credentials credentials);
  Task<void> fetch_blob(oci::Reference repository, oci::Descriptor blob, Credentials credentials);
  // POST /auth: "Login Succeeded", and an identity token if there is one.
  Task<std::string> log_in(std::string domain, Credentials credentials);
  // Digest and media type of what the reference names there now (GET /distribution/{name}/json).
  struct Remote {
    oci::Descriptor descriptor;
    std::vector<oci::Platform> platforms;
  };
  Task<Remote> inspect(oci::Reference reference, Credentials credentials);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ~/.docker/config.json: auths, credsStore, credHelpers (programs docker-credential-NAME). For the CLI.
Task<Credentials> find_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain);
Task<void> store_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain,
                             Credentials credentials);
Task<void> erase_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain);
// The X-Registry-Auth header (base64url of JSON), both ways.
Result<Credentials> decode_registry_auth(std::string_view header);
std::string encode_registry_auth(const Credentials& credentials, std::string_view domain);

}  // namespace podo::image
