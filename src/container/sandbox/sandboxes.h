// Sandboxes: those there are, made and removed, and which containers are in which. What one is: sandbox.h.
//
// The order in which things are written, as for containers:
//   make     record (incomplete) -> network, namespaces, control group -> processes -> files -> record
//   remove   record (removing) -> everything else goes -> record goes
// What load() finds in between, finish_restore() undoes. Records: record.h, written relaxed.
//
// Lives on the daemon's loop; what blocks goes to the pool.
#pragma once

#include <map>
#include <set>

#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "base/io/group.h"
#include "base/store/store.h"
#include "container/config/runtime_config.h"
#include "container/sandbox/namespaces.h"
#include "container/sandbox/record.h"
#include "container/sandbox/turn.h"

namespace podo::engine {

using io::Task;

struct SandboxesGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  network::Networks& networks;
  Clock& clock;
  Log& log;
  const Machine& machine;
};

struct SandboxesOptions {
  std::string run_folder;             // RUN: its folder "sandboxes" is there
  std::string cgroup_parent;          // of the engine's containers: "podo"
  std::string first_process_program;  // the monitor's; the file outlives them
};

class Sandboxes {
 public:
  Sandboxes(const SandboxesGround& ground, SandboxesOptions options);

  // Those of the last daemon; which of them are whole is known then, and whose network is to be kept.
  Task<void> load();
  std::vector<std::string> networks_in_use() const;
  Task<void> finish_restore();  // once the networks are restored

  Task<SandboxPtr> make(SandboxWish wish);
  SandboxPtr find(std::string_view id) const;
  std::vector<SandboxPtr> list() const;
  Task<void> set_hosts(std::string id, std::string hosts);
  Task<void> remove(std::string id);
  Task<std::unique_ptr<io::Stream>> connect(std::string id, std::uint16_t port);

  // A container that is about to start is in the sandbox, which stays until it leaves. not_found: there is
  // none; conflict: it is lost. Both may be repeated.
  struct Place {
    SandboxPtr sandbox;
    SandboxPaths paths;
  };
  Result<Place> enter(std::string_view id, const std::string& container);
  void leave(std::string_view id, const std::string& container);
  // One that was found running: it is in there, whatever became of the sandbox.
  std::optional<Place> note(std::string_view id, const std::string& container);

  void close();  // what it waits for; the sandboxes stay

 private:
  struct One {
    explicit One(SandboxPtr first) : state(std::move(first)) {}
    SandboxPtr state;
    SandboxPaths paths;
    std::string boot_id;
    bool complete = false, removing = false, gone = false;
    FirstProcess first_process;
    std::set<std::string> containers;
    Turn turn{"another change of the sandbox"};
  };
  using OnePtr = std::shared_ptr<One>;

  OnePtr add(SandboxState state);
  OnePtr find_one(std::string_view id) const;
  static void edit(One& one, const std::function<void(SandboxState&)>& change);
  Task<void> save(OnePtr one);
  Task<void> forget(OnePtr one);
  Task<SandboxPtr> make_whole(SandboxWish wish);
  Task<void> make_parts(OnePtr one);
  Task<void> make_network(OnePtr one);
  Task<void> make_group(OnePtr one);
  Task<void> make_first_process(OnePtr one);
  Task<void> write_files(OnePtr one);
  Task<void> publish(OnePtr one);
  Task<void> remove_whole(OnePtr one);
  Task<void> take_down(OnePtr one);
  Task<void> look(OnePtr one);
  Task<void> remove_unknown_folders();
  void watch_first_process(const OnePtr& one);
  Task<void> watch(OnePtr one);

  SandboxesGround ground_;
  SandboxesOptions options_;
  std::string boot_id_;
  std::map<std::string, OnePtr, std::less<>> all_;
  io::TaskGroup watches_;
};

}  // namespace podo::engine
