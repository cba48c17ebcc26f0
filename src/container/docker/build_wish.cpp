// What `podo build` says in front of the archive; the grammar is in build_options.h.
#include <sys/stat.h>

#include <algorithm>

#include "base/format/base64.h"
#include "container/docker/build_options.h"

namespace podo::docker {
namespace {

using builder::BuildRequest;
using json::Field;

Failure not_from_afar(std::string_view what) {
  return denied("{} of this machine: only for clients of the daemon's unix socket", what);
}

// The client looked at the folder; we must be looking at the same one.
Result<> read_context(const Field& field, BuildRequest& request, bool local) {
  if (!field) return {};
  if (!local) return not_from_afar("a folder");
  const std::string folder(TRY(field["folder"].string()));
  const std::uint64_t device = TRY(field["device"].uint64()), inode = TRY(field["inode"].uint64());
  struct stat found{};
  if (!folder.starts_with('/') || ::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) ||
      found.st_dev != device || found.st_ino != inode)
    return conflict("{} is another folder where the daemon is: send an archive", folder);
  request.context.folder = folder;
  return {};
}

Result<> read_list(const Field& field, std::vector<std::string>& into) {
  if (field) TRY(field.array());
  for (std::size_t i = 0; i < field.size(); ++i) into.emplace_back(TRY(field[i].string()));
  return {};
}

Result<> read_map(const Field& field, std::map<std::string, std::string>& into) {
  if (!field) return {};
  TRY(field.object());
  for (std::size_t i = 0; i < field.size(); ++i) {
    const std::string_view key = field.value().key(i);
    into[std::string(key)] = TRY(field[key].string());
  }
  return {};
}

bool names_a_path(std::string_view source) {
  constexpr std::string_view elsewhere[] = {"docker-image://", "target:", "http://", "https://",
                                            "git://",          "git@",    "ssh://"};
  return std::none_of(std::begin(elsewhere), std::end(elsewhere),
                      [&](std::string_view start) { return source.starts_with(start); });
}

Result<> read_named_contexts(const Field& field, BuildRequest& request, bool local) {
  TRY(read_map(field, request.named_contexts));
  for (const auto& [name, source] : request.named_contexts)
    if (!local && names_a_path(source)) return not_from_afar("the named context " + name + " is a folder");
  return {};
}

Result<> read_secrets(const Field& field, BuildRequest& request) {
  std::map<std::string, std::string> encoded;
  TRY(read_map(field, encoded));
  for (const auto& [id, text] : encoded) {
    auto value = base64::decode(text);
    if (!value) return invalid("the secret {} is not base64", id);
    request.secrets[id] = {*std::move(value)};
  }
  return {};
}

Result<> read_ssh(const Field& field, BuildRequest& request, bool local) {
  TRY(read_map(field, request.ssh));
  if (!request.ssh.empty() && !local) return not_from_afar("an ssh agent");
  return {};
}

Result<> read_allowed(const Field& field, BuildRequest& request) {
  std::vector<std::string> allowed;
  TRY(read_list(field, allowed));
  for (const auto& what : allowed) {
    if (what == "security.insecure") request.allow_insecure = true;
    else if (what == "network.host") request.allow_host_network = true;
    else return invalid("unknown entitlement {}", what);
  }
  return {};
}

// "type=local,dest=/x": a path here, unless it is "-".
bool writes_here(std::string_view export_to) {
  const auto at = export_to.find("dest=");
  return at != export_to.npos && !export_to.substr(at + 5).starts_with('-');
}
bool is_local_cache(std::string_view cache) { return cache.contains("type=local"); }

Result<> read_outcome(const Field& root, BuildRequest& request, bool local) {
  request.export_to = TRY(root["export"].string_or(""));
  TRY(read_list(root["cacheTo"], request.cache_to));
  const bool paths = writes_here(request.export_to) ||
                     std::any_of(request.cache_to.begin(), request.cache_to.end(), is_local_cache) ||
                     std::any_of(request.cache_from.begin(), request.cache_from.end(), is_local_cache);
  if (paths && !local) return not_from_afar("a folder");
  request.check_only = TRY(root["check"].boolean_or(false));
  request.keep_going_for_debug = TRY(root["keepForDebug"].boolean_or(false));
  if (root["sourceDateEpoch"]) request.source_date_epoch = TRY(root["sourceDateEpoch"].int64());
  return {};
}

}  // namespace

Result<> add_wish(BuildRequest& request, std::string wish, bool local) {
  const auto document = json::parse(std::move(wish));
  if (!document) return invalid("the wish is no JSON: {}", document.error().message());
  const Field root(*document);
  TRY(root.object());
  TRY(read_context(root["context"], request, local));
  if (root["dockerfileText"]) request.dockerfile_text = std::string(TRY(root["dockerfileText"].string()));
  TRY(read_named_contexts(root["namedContexts"], request, local));
  TRY(read_list(root["noCacheStages"], request.no_cache_stages));
  TRY(read_map(root["annotations"], request.annotations));
  std::vector<std::string> platforms;
  TRY(read_list(root["platforms"], platforms));
  for (const auto& platform : platforms) request.platforms.push_back(TRY(oci::Platform::parse(platform)));
  TRY(read_secrets(root["secrets"], request));
  TRY(read_ssh(root["ssh"], request, local));
  TRY(read_allowed(root["allow"], request));
  return read_outcome(root, request, local);
}

}  // namespace podo::docker
