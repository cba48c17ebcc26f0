#include "cluster/node/pull_secrets.h"

#include "model/kube/path.h"

namespace podo::node {

io::Task<PullSecrets> pull_secrets(volumes::Sources& sources, const json::Item& pod) {
  PullSecrets secrets;
  const std::string name_space(kube::text_at(pod, "metadata.namespace"));
  for (const json::Item& reference : kube::children_at(pod, "spec.imagePullSecrets")) {
    const std::string name(kube::text_at(reference, "name"));
    if (name.empty()) continue;
    const auto secret = co_await sources.get(name_space, volumes::SourceKind::secret, name).result();
    if (secret && *secret) secrets.keyring.add((*secret)->root());
    else secrets.missing.push_back(name);
  }
  co_return secrets;
}

}  // namespace podo::node
