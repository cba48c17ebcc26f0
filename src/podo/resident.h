// Resident: a part of the cluster that lives in this process and uses the API as anybody does: under a name
// and groups of its own, through a transport without a wire. Its mirrors share the server's bytes.
//
// Lives on the loop; before the API server and the objects go.
#pragma once

#include "cluster/client/client.h"

namespace podo {

struct Identity {
  std::string name;  // "system:kube-scheduler"
  std::vector<std::string> groups = {};
};

class Resident {
 public:
  Resident(io::Loop& loop, http::Handler& api, Identity who, const schema::Schema& schema,
           objects::Objects& objects);
  client::Client& client() { return client_; }

 private:
  client::LocalTransport transport_;
  client::Client client_;
};

}  // namespace podo
