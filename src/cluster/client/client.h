// Client: the API for who uses it from within: controllers, scheduler, nodes.
//
//   Client client(transport, schema);
//   json::Tree pod = co_await client.get({client.resource("", "pods"), "default", "web"});
//   pod.root().member("spec").member("nodeName").set_string("n1");
//   co_await client.update({pods, "default", "web"}, pod.root());          // conflict: somebody was faster
//
// A Status becomes an Error of its reason's kind: not_found, already_exists, conflict, invalid (Invalid,
// BadRequest), denied (Forbidden), unauthenticated, unavailable (what may work later: 429, 5xx, Expired).
// Its message is the server's.
//
// Lives on one loop; its transport and schema outlive it, and it outlives its mirrors.
#pragma once

#include "cluster/client/transport.h"
#include "cluster/objects/mirror.h"

namespace podo::client {

struct Where {
  const schema::Resource* resource = nullptr;
  std::string name_space = {}, name = {};  // name_space: "" of what is cluster-scoped, and for all
  std::string subresource = {};
  std::string target() const;  // "/apis/apps/v1/namespaces/default/deployments/web/status"
};

// What is looked at; everything by default.
struct Selection {
  std::string name_space = {}, labels = {}, fields = {};
  bool all() const { return name_space.empty() && labels.empty() && fields.empty(); }
};

enum class Patch : std::uint8_t { json, merge, strategic };

struct Removal {
  std::string uid = {};               // only this one
  std::string resource_version = {};  // only this state of it
  std::optional<std::int64_t> grace_s = {};
  std::string propagation = {};  // "Background", "Foreground", "Orphan"; "" is the kind's own
};

struct ApplyWish {
  std::string manager;
  bool force = true;  // controllers own what they apply
};

class Client {
 public:
  // `local`: the objects of the server behind `transport`, when it is in this process: mirrors share its
  // bytes.
  Client(Transport& transport, const schema::Schema& schema, objects::Objects* local = nullptr)
      : transport_(transport), schema_(schema), local_(local) {}

  const schema::Schema& schema() const { return schema_; }
  // The server is in this process: mirrors of everything cost little, and requests no network.
  bool is_near() const { return local_ != nullptr; }
  // In its preferred version. ENSUREs that it is there.
  const schema::Resource* resource(std::string_view group, std::string_view plural) const;

  Task<json::Tree> get(Where where);
  Task<std::optional<json::Tree>> find(Where where);
  Task<json::Tree> list(Where where, Selection selection = {});  // all of it; for small ones
  Task<json::Tree> create(Where where, const json::Item& object);
  Task<json::Tree> update(Where where, const json::Item& object);
  Task<json::Tree> patch(Where where, Patch type, std::string patch);
  Task<json::Tree> apply(Where where, const json::Item& object, ApplyWish wish);
  Task<void> remove(Where where, Removal removal = {});

  Task<std::unique_ptr<objects::Mirror>> mirror(const schema::Resource& resource, Selection selection = {},
                                                objects::Mirror::Changed changed = {});

  // Any request; an answer that is no success fails. For streams (logs, watches).
  Task<http::Response> send(http::Request request);

 private:
  Task<json::Tree> ask(http::Request request);

  Transport& transport_;
  const schema::Schema& schema_;
  objects::Objects* local_;
};

inline constexpr std::size_t answer_bytes_max = 256 << 20;

}  // namespace podo::client
