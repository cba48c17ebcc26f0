// What every namespace has from its beginning: the service account `default`, and the ConfigMap
// `kube-root-ca.crt` with the certificate of the cluster's authority.
#include "base/format/json_writer.h"
#include "base/io/condition.h"
#include "cluster/apiserver/bootstrap.h"
#include "cluster/apiserver/loops.h"
#include "cluster/apiserver/names_due.h"
#include "cluster/objects/mirror.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using objects::Object;

constexpr std::string_view account = "default", authority_map = "kube-root-ca.crt";

std::string account_json(const std::string& name_space) {
  return text(R"({{"kind":"ServiceAccount","apiVersion":"v1","metadata":{{"name":"{}","namespace":"{}"}}}})",
              account, name_space);
}

std::string authority_json(const std::string& name_space, const std::string& certificate) {
  json::Writer out;
  out.object().key("kind").string("ConfigMap").key("apiVersion").string("v1").key("metadata").object();
  out.key("name").string(authority_map).key("namespace").string(name_space);
  out.key("annotations").object().key("kubernetes.io/description");
  out.string("The certificate of the authority that vouches for this cluster's API server.").end().end();
  out.key("data").object().key("ca.crt").string(certificate).end();
  return out.end().take();
}

// The certificate may be another one since the last start.
Task<void> keep_authority(Parts& parts, std::string name_space) {
  const std::string& certificate = parts.ground.access.authority_pem();
  const OwnObject own = co_await own_object(parts, authority_json(name_space, certificate));
  const auto found = co_await parts.ground.objects.find(own.key);
  if (!found) {
    co_await parts.ground.objects.create(own.key, own.canonical);
    co_return;
  }
  const json::Tree there = co_await found->tree();
  const json::Item* data = there.root().find("data", "ca.crt");
  if (data != nullptr && data->string_or("") == certificate) co_return;
  co_await parts.ground.objects.update(own.key, found->revision(), own.canonical);
}

Task<void> furnish(Parts& parts, std::string name_space) {
  const objects::Key key{
      .resource = &parts.ground.objects.resource("", "namespaces"), .name_space = "", .name = name_space};
  const auto found = co_await parts.ground.objects.find(key);
  if (!found) co_return;
  const json::Tree tree = co_await found->tree();
  if (kube::find_at(tree.root(), "metadata.deletionTimestamp") != nullptr) co_return;
  co_await ensure_object(parts, account_json(name_space));
  co_await keep_authority(parts, name_space);
}

}  // namespace

Task<void> keep_namespaces_furnished(Parts& parts) {
  NamesDue due(parts.ground.loop);
  const auto all = [&due](const Object& before, const Object& now) {
    if (now && !before) due.add(std::string(now.name()));
  };
  const auto one = [&due](std::string_view name) {
    return [&due, name](const Object& before, const Object& now) {
      const Object& object = now ? now : before;
      if (object.name() == name && (!now || before)) due.add(std::string(object.name_space()));
    };
  };
  objects::Objects& objects = parts.ground.objects;
  const auto namespaces = co_await objects::Mirror::start(objects, objects.resource("", "namespaces"), all);
  const auto accounts =
      co_await objects::Mirror::start(objects, objects.resource("", "serviceaccounts"), one(account));
  const auto maps =
      co_await objects::Mirror::start(objects, objects.resource("", "configmaps"), one(authority_map));
  for (;;) {
    std::string name_space = co_await due.next();
    const auto done = co_await furnish(parts, name_space).result();
    if (done) continue;
    if (done.error().kind() == ErrorKind::cancelled) co_await Failure(done.error());
    parts.ground.log.warn("namespace {}: {}", name_space, done.error().message());
    due.add_after(std::move(name_space), seconds(1));
  }
}

}  // namespace podo::apiserver
