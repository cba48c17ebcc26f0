// What the verbs of the Server share; each has a file of its own. Private to the room.
//
//   server.cpp   the path of a request        blobs.cpp      GET, HEAD, DELETE of blobs
//   manifests.cpp  manifests, all verbs       push_blob.cpp  uploads
//   lists.cpp    tags, catalog, referrers     collect.cpp    garbage
//   engine_images.cpp  images of the engine   upstream.h     the pull-through cache
#pragma once

#include "base/io/group.h"
#include "container/registry/access.h"
#include "container/registry/catalog.h"
#include "container/registry/manifest.h"
#include "container/registry/manifest_cache.h"
#include "container/registry/problem.h"
#include "container/registry/route.h"
#include "container/registry/server.h"
#include "container/registry/uploads.h"
#include "container/registry/upstream.h"

namespace podo::registry {

// One request, understood.
struct Call {
  http::Exchange& exchange;
  Route route;
  Caller caller;

  std::string_view method() const { return exchange.method(); }
  bool is_head() const { return exchange.method() == "HEAD"; }
  const std::string& repository() const { return route.repository; }
  const std::string& reference() const { return route.reference; }
  std::string_view query(std::string_view name) const { return exchange.query().get(name); }
};

struct Server::State {
  State(const ServerGround& the_ground, ServerOptions the_options, std::unique_ptr<Access> the_access);
  Task<void> open();
  Task<void> serve(http::Exchange& exchange);

  // Of the handlers: what was asked for does not exist, or is not allowed; an Error: this side's trouble.
  Task<void> dispatch(Call& call);
  Task<void> answer(http::Exchange& exchange, int status, http::Headers headers, std::string body = "");
  Task<void> begin(http::Exchange& exchange, int status, http::Headers headers);
  Task<void> refuse(http::Exchange& exchange, Problem problem, http::Headers headers = {});
  Task<void> refuse_method(Call& call, std::string allowed);

  Task<void> get_blob(Call& call);
  Task<void> delete_blob(Call& call);
  Task<void> send_blob(Call& call, std::string path);
  Task<void> follow_blob(Call& call, std::shared_ptr<Upstream::Fetch> fetch);

  Task<void> begin_upload(Call& call);
  Task<void> upload_at_once(Call& call, std::string digest);
  Task<bool> mount(Call& call);
  Task<void> serve_upload(Call& call);
  Task<void> append_to_upload(Call& call, UploadPtr upload);
  Task<void> complete_upload(Call& call, UploadPtr upload);
  Task<void> receive_chunk(Call& call, UploadPtr upload);
  Task<bool> keep_upload(UploadPtr upload, std::string digest);
  Task<void> answer_created(Call& call, std::string digest);
  Task<void> answer_range_invalid(Call& call, UploadPtr upload, std::string why);
  http::Headers upload_headers(const Upload& upload) const;

  Task<void> get_manifest(Call& call);
  Task<void> send_manifest(Call& call, std::string type, std::string digest);
  Task<void> put_manifest(Call& call);
  Task<void> delete_manifest(Call& call);
  Answer<> check_parts(const std::string& repository, const PushedManifest& pushed);
  Task<void> keep_manifest(std::string repository, std::string bytes, PushedManifest pushed,
                           std::string digest, std::string tag);
  Task<void> freshen(Call& call);

  Task<void> list_tags(Call& call);
  Task<void> list_repositories(Call& call);
  Task<void> list_referrers(Call& call);

  // The content store's file of a blob that this repository may give away; absent: it has none.
  std::optional<std::string> blob_path(const std::string& repository, const std::string& digest) const;
  image::ImagePtr engine_image(std::string_view host, const std::string& repository,
                               std::string_view reference) const;
  bool engine_has_blob(std::string_view digest) const;
  // Files in the content store, and their names, are on the disk.
  Task<void> make_durable(std::vector<std::string> digests);
  Task<void> hold(const std::string& repository, const std::string& digest);

  Task<void> tend();
  Task<std::uint64_t> collect_garbage();
  void tell_roots(image::Images::InUse& into) const;
  bool takes_pushes() const { return !options.read_only && options.proxy_of.empty(); }

  ServerGround ground;
  ServerOptions options;
  std::unique_ptr<Access> access;
  Catalog catalog;
  Uploads uploads;
  ManifestCache cache;
  std::unique_ptr<Upstream> upstream;  // null: not a cache
  io::TaskGroup background;            // the last member: its strands use the others
};

}  // namespace podo::registry
