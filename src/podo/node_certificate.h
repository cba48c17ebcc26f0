// The certificate that a node's API shows: of the cluster's authority, asked for as any node does (a
// CertificateSigningRequest of the signer kubernetes.io/kubelet-serving), for the node's name and address.
//
//   DATA/node/pki/serving.key    0600
//   DATA/node/pki/serving.crt    used again after a restart, until a third of its life is left
//   DATA/node/pki/authority.crt  whose it is: with another cluster it is of no use
//
// Lives on the loop.
#pragma once

#include "base/core/log.h"
#include "base/io/disk.h"
#include "base/tls/tls.h"
#include "cluster/client/client.h"

namespace podo {

struct NodeCertificateGround {
  io::Disk& disk;
  client::Client& client;
  Clock& clock;
  Log& log;
};

struct NodeCertificateWish {
  std::string node, address;  // what it is for
  std::string folder;         // there
  std::string authority;      // PEM: the cluster's
};

// Good for a while. Waits until the Node object says the address, and until the certificate is signed,
// however long that takes: where the cluster does not approve it by itself, a person has to.
io::Task<tls::Identity> node_certificate(NodeCertificateGround ground, NodeCertificateWish wish);

}  // namespace podo
