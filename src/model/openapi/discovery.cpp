// What there is, for clients that start knowing nothing. Members stand in the order of the API's types.
#include <algorithm>

#include "base/core/text.h"
#include "base/format/json_writer.h"
#include "model/openapi/openapi.h"
#include "model/openapi/published.h"

namespace podo::openapi {
namespace {

using schema::GroupVersion;
using schema::Resource;
using schema::Subresource;

void write_strings(json::Writer& out, std::string_view key, std::span<const std::string_view> values) {
  if (values.empty()) return;
  out.key(key).array();
  for (const std::string_view each : values) out.string(each);
  out.end();
}

void write_verbs(json::Writer& out, std::uint32_t verbs) {
  std::vector<std::string_view> names;
  append_verbs(names, verbs);
  out.key("verbs").array();
  for (const std::string_view each : names) out.string(each);
  out.end();
}

void write_version(json::Writer& out, const GroupVersion& each) {
  out.object().key("groupVersion").string(each.api_version).key("version").string(each.version).end();
}

void write_group(json::Writer& out, const Group& group) {  // inside an object
  out.key("name").string(group.name).key("versions").array();
  for (const GroupVersion* each : group.versions) write_version(out, *each);
  out.end().key("preferredVersion");
  write_version(out, *group.versions.front());
}

// The group and version of a subresource's kind are told when they are not its resource's own.
bool is_foreign(const Resource& resource, const Subresource& sub) {
  const GroupVersion& home = *resource.group_version;
  return sub.group != home.group || sub.version != home.version;
}

void write_subresource(json::Writer& out, const Resource& resource, const Subresource& sub) {
  out.object().key("name").string(text("{}/{}", resource.plural, sub.name)).key("singularName").string("");
  out.key("namespaced").boolean(resource.namespaced);
  if (is_foreign(resource, sub)) {
    if (!sub.group.empty()) out.key("group").string(sub.group);
    out.key("version").string(sub.version);
  }
  out.key("kind").string(sub.kind);
  write_verbs(out, sub.verbs);
  out.end();
}

void write_resource(json::Writer& out, const Resource& resource) {
  out.object().key("name").string(resource.plural).key("singularName").string(resource.singular);
  out.key("namespaced").boolean(resource.namespaced).key("kind").string(resource.kind);
  write_verbs(out, resource.verbs);
  write_strings(out, "shortNames", resource.short_names);
  write_strings(out, "categories", resource.categories);
  if (!resource.storage_hash.empty()) out.key("storageVersionHash").string(resource.storage_hash);
  out.end();
}

// Empty group and version: those of the list that it stands in.
void write_response_kind(json::Writer& out, std::string_view group, std::string_view version,
                         std::string_view kind) {
  out.key("responseKind").object().key("group").string(group).key("version").string(version);
  out.key("kind").string(kind).end();
}

void write_aggregated(json::Writer& out, const Resource& resource) {
  out.object().key("resource").string(resource.plural);
  write_response_kind(out, "", "", resource.kind);
  out.key("scope").string(resource.namespaced ? "Namespaced" : "Cluster");
  out.key("singularResource").string(resource.singular);
  write_verbs(out, resource.verbs);
  write_strings(out, "shortNames", resource.short_names);
  write_strings(out, "categories", resource.categories);
  if (!resource.subresources.empty()) {
    out.key("subresources").array();
    for (const Subresource& sub : resource.subresources) {
      out.object().key("subresource").string(sub.name);
      if (is_foreign(resource, sub)) write_response_kind(out, sub.group, sub.version, sub.kind);
      else write_response_kind(out, "", "", sub.kind);
      write_verbs(out, sub.verbs);
      out.end();
    }
    out.end();
  }
  out.end();
}

void write_aggregated(json::Writer& out, const Group& group) {
  out.object().key("metadata").object();
  if (!group.name.empty()) out.key("name").string(group.name);
  out.end().key("versions").array();
  for (const GroupVersion* version : group.versions) {
    out.object().key("version").string(version->version).key("resources").array();
    for (const Resource& resource : version->resources) write_aggregated(out, resource);
    out.end().key("freshness").string("Current").end();
  }
  out.end().end();
}

}  // namespace

std::string api_versions(std::string_view server_address) {
  json::Writer out;
  out.object().key("kind").string("APIVersions").key("versions").array().string("v1").end();
  out.key("serverAddressByClientCIDRs").array().object().key("clientCIDR").string("0.0.0.0/0");
  out.key("serverAddress").string(server_address).end().end().end();
  return out.take() + "\n";
}

std::string api_group_list(const schema::Schema& schema) {
  json::Writer out;
  out.object().key("kind").string("APIGroupList").key("apiVersion").string("v1").key("groups").array();
  for (const Group& group : served_groups(schema)) {
    if (group.name.empty()) continue;
    out.object();
    write_group(out, group);
    out.end();
  }
  out.end().end();
  return out.take() + "\n";
}

std::string api_group(const schema::Schema& schema, std::string_view name) {
  const std::vector<Group> groups = served_groups(schema);
  const auto found = std::ranges::find(groups, name, &Group::name);
  if (name.empty() || found == groups.end()) return {};
  json::Writer out;
  out.object().key("kind").string("APIGroup").key("apiVersion").string("v1");
  write_group(out, *found);
  out.end();
  return out.take() + "\n";
}

std::string api_resource_list(const GroupVersion& group_version) {
  json::Writer out;
  out.object().key("kind").string("APIResourceList");
  if (!group_version.group.empty()) out.key("apiVersion").string("v1");
  out.key("groupVersion").string(group_version.api_version).key("resources").array();
  for (const Resource& resource : group_version.resources) {
    write_resource(out, resource);
    for (const Subresource& sub : resource.subresources) write_subresource(out, resource, sub);
  }
  out.end().end();
  return out.take() + "\n";
}

std::string aggregated(const schema::Schema& schema, bool core) {
  json::Writer out;
  out.object().key("kind").string("APIGroupDiscoveryList");
  out.key("apiVersion").string("apidiscovery.k8s.io/v2").key("metadata").object().end();
  out.key("items").array();
  for (const Group& group : served_groups(schema)) {
    if (group.name.empty() == core) write_aggregated(out, group);
  }
  out.end().end();
  return out.take() + "\n";
}

}  // namespace podo::openapi
