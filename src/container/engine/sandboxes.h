// Sandboxes: those there are, made and removed, and which containers are in which. What one is: sandbox.h.
//
// The order in which things are written, as for containers:
//   make     record (incomplete) -> network, namespaces, control group -> processes -> files -> record
//   remove   record (removing) -> everything else goes -> record goes
// What open() finds in between, finish_restore() undoes. Records: sandbox_record.h, written relaxed.
//
// Lives on the daemon's loop; what blocks goes to the pool.
#pragma once

#include <map>
#include <set>

#include "base/io/group.h"
#include "container/config/runtime_config.h"
#include "container/engine/engine.h"
#include "container/engine/sandbox_namespaces.h"
#include "container/engine/sandbox_record.h"
#include "container/engine/turn.h"

namespace podo::engine {

class Sandboxes {
 public:
  // `machine` and the program's file outlive it.
  Sandboxes(const EngineGround& ground, const EngineOptions& options, const Machine& machine,
            std::string first_process_program);

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

  EngineGround ground_;
  const EngineOptions& options_;
  const Machine& machine_;
  std::string first_process_program_;
  std::string boot_id_;
  std::map<std::string, OnePtr, std::less<>> all_;
  io::TaskGroup watches_;
};

}  // namespace podo::engine
