// DefaultProfile: has the kernel know the profile that containers get unless another is asked for. Loading
// is the work of apparmor_parser(8), a program of the package apparmor: without it there is no profile, which
// is said once, and containers run as on a host without AppArmor.
//
//   DefaultProfile profile({loop, pool, clock, log}, {.run_folder = run});
//   profile.begin();                                   // goes on by itself: nobody waits for it ...
//   const std::string name = co_await profile.ready(); // ... but a container that starts
//
// The kernel's profiles are looked at for each start: others may have unloaded ours (aa-remove-unknown does),
// and then it is loaded again. A parser that failed is asked again after a minute; one that was not there
// is looked for each time. Lives on its loop; dies before it.
#pragma once

#include <string>

#include "base/core/clock.h"
#include "base/core/log.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"
#include "base/io/epoll_loop.h"
#include "base/io/group.h"
#include "container/apparmor/kernel.h"

namespace podo::apparmor {

using io::Task;

struct DefaultProfileGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  const Clock& clock;
  Log& log;
};

struct DefaultProfileOptions {
  std::string run_folder;  // there; its file "apparmor" says what was loaded
  Places places = {};
};

class DefaultProfile {
 public:
  DefaultProfile(const DefaultProfileGround& ground, DefaultProfileOptions options);
  DefaultProfile(const DefaultProfile&) = delete;

  void begin();                                            // once
  Task<std::string> ready();                               // its name; "" when containers have to do without
  const std::string& trouble() const { return trouble_; }  // why they have to; "" when there is no reason to

 private:
  struct Seen;
  void load();  // in the background; `loading_` until it has ended
  Task<void> load_whole();
  Task<void> load_or_fail();
  Task<void> run_parser(std::string parser, std::string file, std::string input);

  const DefaultProfileGround ground_;
  const DefaultProfileOptions options_;
  bool enabled_ = true, loading_ = false;
  bool older_ = false;         // the kernel had one by this name before
  Monotonic patient_until_{};  // the parser has failed
  std::string trouble_;
  io::Condition loaded_{"the AppArmor profile"};
  io::TaskGroup background_;
};

}  // namespace podo::apparmor
