// Pki: the keys and certificates of a cluster, in a folder.
//
//   ca.crt ca.key          the authority; made once, for ten years
//   server.crt server.key  what the API server shows; for a year
//   admin.crt admin.key    the kubeconfig's client certificate: kubernetes-admin of system:masters; a year
//   sa.key                 signs tokens of service accounts; made once
//
// The folder is 0700, keys are 0600. Files are replaced whole, the key first: a pair that does not fit
// together (the power went between the two) is made anew. What ends within a third of its life is made
// anew; the authority's end is only warned of, since clients know it. All begin an hour before they were
// made, for clients whose clocks differ. Lives on the loop.
#pragma once

#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/log.h"
#include "base/crypto/certificate.h"
#include "base/io/disk.h"

namespace podo::access {

using io::Task;

class Pki {
 public:
  struct Ground {
    io::Disk& disk;
    Clock& clock;
    Log& log;
  };
  // `hosts`: what the server is reached by, besides what every API server is.
  static Task<Pki> open(Ground ground, std::string folder, std::vector<std::string> hosts);

  // True: the server's certificate, or the admin's, is another one now.
  Task<bool> renew(std::vector<std::string> hosts);

  const crypto::KeyPair& authority() const { return authority_; }
  const crypto::KeyPair& server() const { return server_; }
  const std::string& token_key() const { return token_key_; }
  // A whole kubeconfig with the admin's certificate, which is good for a third of a year at least.
  Result<std::string> admin_kubeconfig(std::string_view server_url) const;

 private:
  Pki(Ground ground, std::string folder) : ground_(ground), folder_(std::move(folder)) {}
  Task<std::string> read(std::string name);  // "" when there is no such file
  Task<void> write(std::string name, std::string text, unsigned permissions);
  Task<void> write_pair(std::string name, crypto::KeyPair pair);
  Task<crypto::KeyPair> read_pair(std::string name);
  Task<void> open_authority();
  Task<bool> open_server(std::vector<std::string> hosts);
  Task<bool> open_admin();
  bool is_good(const crypto::KeyPair& pair, const crypto::Subject& subject) const;
  Result<crypto::KeyPair> make(const crypto::Subject& subject) const;

  Ground ground_;
  std::string folder_;
  crypto::KeyPair authority_, server_, admin_;
  std::string token_key_;
};

// localhost, kubernetes.default.svc, 10.96.0.1, the machine's name and addresses, ..., and `more`; sorted.
std::vector<std::string> server_hosts(const std::vector<std::string>& more);

}  // namespace podo::access
