#include "cluster/client/kubeconfig.h"

#include "base/format/base64.h"
#include "base/format/json_tree.h"
#include "base/format/yaml.h"
#include "base/linux/file.h"
#include "model/kube/path.h"

namespace podo::client {
namespace {

using kube::text_at;

constexpr std::size_t file_bytes_max = 1 << 20;

// The entry of that name in a list of {name, KIND: {...}}.
Result<const json::Item*> entry_of(const json::Item& config, std::string_view list, std::string_view kind,
                                   std::string_view name) {
  for (const json::Item& entry : kube::children_at(config, list))
    if (text_at(entry, "name") == name)
      if (const json::Item* found = kube::find_at(entry, kind)) return found;
  return not_found("{} \"{}\" is not in the kubeconfig", kind, name);
}

Result<std::string> read_text(const std::string& path) {
  std::string content = TRY(linux::read_file(path.c_str(), file_bytes_max));
  while (content.ends_with('\n')) content.pop_back();
  return content;
}

// FIELD-data (base64), or the file that FIELD names; "" when there is neither.
Result<std::string> bytes_of(const json::Item& entry, const std::string& field, const std::string& folder) {
  if (const std::string_view data = text_at(entry, field + "-data"); !data.empty())
    return TRY_IN(field + "-data", base64::decode(data));
  const std::string_view file = text_at(entry, field);
  if (file.empty()) return std::string();
  return read_text(file.starts_with('/') ? std::string(file) : text("{}/{}", folder, file));
}

}  // namespace

Result<ApiAccess> parse_kubeconfig(std::string_view content, const std::string& folder) {
  const std::vector<std::string> documents = TRY(yaml::to_json(content));
  if (documents.size() != 1) return invalid("expected one kubeconfig, found {} documents", documents.size());
  const json::Tree tree = TRY(json::Tree::parse(documents.front()));
  const json::Item& config = tree.root();
  const json::Item& context =
      *TRY(entry_of(config, "contexts", "context", text_at(config, "current-context")));
  const json::Item& cluster = *TRY(entry_of(config, "clusters", "cluster", text_at(context, "cluster")));
  const json::Item& user = *TRY(entry_of(config, "users", "user", text_at(context, "user")));
  if (user.find("exec") != nullptr || user.find("auth-provider") != nullptr)
    return unsupported("a kubeconfig whose user is a program (exec, auth-provider)");
  ApiAccess access{.server = std::string(text_at(cluster, "server")), .tls = {}, .token = {}};
  if (access.server.empty()) return invalid("the kubeconfig names no server");
  access.tls.verify = !kube::is_true_at(cluster, "insecure-skip-tls-verify");
  access.tls.authorities = TRY(bytes_of(cluster, "certificate-authority", folder));
  access.tls.trust_system = access.tls.authorities.empty();
  const std::string certificate = TRY(bytes_of(user, "client-certificate", folder));
  if (!certificate.empty()) access.tls.identity = {certificate, TRY(bytes_of(user, "client-key", folder))};
  access.token = text_at(user, "token");
  if (const std::string_view file = text_at(user, "tokenFile"); access.token.empty() && !file.empty())
    access.token = TRY(read_text(std::string(file)));
  return access;
}

Result<ApiAccess> read_kubeconfig(const std::string& path) {
  const std::string content = TRY(linux::read_file(path.c_str(), file_bytes_max));
  const std::size_t slash = path.rfind('/');
  return TRY_IN(path, parse_kubeconfig(content, slash == std::string::npos ? "." : path.substr(0, slash)));
}

}  // namespace podo::client
