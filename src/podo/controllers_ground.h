// What the controllers stand on in this process: the cluster's authority, which signs certificates and makes
// tokens, and the folders of this machine that claims of the class local-path get (DATA/storage).
#pragma once

#include "base/io/disk.h"
#include "cluster/access/access.h"
#include "cluster/controllers/controllers.h"

namespace podo {

struct ControllersWish {
  io::Loop& loop;
  client::Client& client;
  access::Access& access;
  io::Disk& disk;
  Clock& clock;
  Log& log;
  std::string data;  // the daemon's data folder: pki/ and storage/ lie in it
  std::string node;  // this machine's; "": it is no node, and has no storage
};
// All that the wish names outlives it.
io::Task<controllers::Ground> controllers_ground(ControllersWish wish);

}  // namespace podo
