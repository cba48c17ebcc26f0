// Static pods: pods of this node that are files of a folder (YAML or JSON, one Pod each), for what must run
// before there is an API, or without it. The API is shown each as a mirror pod, which says what became of it
// and cannot change it: who deletes a mirror pod finds it there again.
//
//   name := NAME-NODE     uid := 32 digits of SHA-256 over node and pod: another file, another pod
//
// Lives on the loop; the folder is watched (inotify), and read again when it has changed.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/core/log.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "cluster/client/client.h"
#include "cluster/client/work_queue.h"

namespace podo::node {

using io::Task;
using PodPtr = std::shared_ptr<const json::Tree>;

struct StaticPodsGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;
  Clock& clock;
  Log& log;
};

// The pod that a file's text is on this node, with all defaults. Invalid: what is wrong with it.
Result<json::Tree> static_pod_of(std::string_view text, std::string_view node, const schema::Struct& type,
                                 Wall now);
// What the API is shown of it. `node`: the Node object.
json::Tree mirror_of(const json::Item& pod, const json::Item& node);
bool is_mirror(const json::Item& pod);
bool is_static(const json::Item& pod);

class StaticPods {
 public:
  struct Told {
    std::function<void(PodPtr pod)> come;
    std::function<void(const std::string& uid)> go;
    std::function<void(const std::string& uid, PodPtr mirror)> mirrored;  // null: the API has none
    std::function<bool(const std::string& uid)> is_here;                  // something of it still is
  };
  StaticPods(const StaticPodsGround& ground, std::string folder, std::string node, Told told);

  Task<void> read();                       // the folder as it is now
  Task<void> run(const json::Item& node);  // until it is cancelled
  // A mirror pod, as the API has it now; null: it is gone.
  void see(std::string_view name_space, std::string_view name, PodPtr mirror);

 private:
  Task<void> watch();
  Task<void> keep_mirrors(const json::Item& node);
  Task<void> keep_mirror(std::string key, const json::Item& node);
  void take(std::map<std::string, PodPtr> pods);

  const StaticPodsGround ground_;
  const std::string folder_, node_;
  const Told told_;
  const schema::Resource& pods_;
  std::map<std::string, PodPtr> wanted_, mirrors_;  // by "namespace/name"
  client::WorkQueue queue_;                         // of mirrors
};

}  // namespace podo::node
