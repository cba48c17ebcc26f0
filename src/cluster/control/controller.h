// The frame around a controller: mirrors that all share, a queue of keys, workers that look at one key at a
// time, and performers of plans.
//
//   mirrors -> on_change -> queue.add(key) -> reconcile(key): read, plan (pure), perform, wait until the
//   mirrors show what was written -> again when anything changes
//
// Because a worker lets go of its key only when the mirrors show its own writes, the next plan for that key
// counts them: no expectations are kept.
//
// A controller of another kind: derive from Controller, say in the constructor which changes concern it, and
// add a line to make_controllers() (cluster/controllers/run_controllers.cpp). Everything lives on one loop.
#pragma once

#include <array>

#include "base/core/log.h"
#include "base/core/random.h"
#include "cluster/client/work_queue.h"
#include "cluster/control/plan.h"
#include "cluster/control/watched.h"

namespace podo::controllers {

// Folders of this machine that claims of the class local-path get; without one there is no such class.
struct LocalStorage {
  std::string folder;  // DATA/storage: each volume is a folder in it
  std::string node;    // whose folders they are: this machine's
  // They make a folder that everybody may write into, and remove it with all that is in it.
  std::function<Task<void>(std::string path)> make, remove;
  explicit operator bool() const { return !folder.empty(); }
};

// A certificate that somebody asks for and that has been approved.
struct CertificateWish {
  std::string request;  // PEM of PKCS #10
  Duration valid_for;
  bool server = false, client = false;  // what it is good for
};

// Whom a token of a Secret speaks for.
struct TokenOwner {
  std::string name_space, account, account_uid, secret, secret_uid;
};

// What controllers stand on. It outlives them.
struct Ground {
  io::Loop& loop;
  client::Client& client;
  Log& log;
  // The bytes of a time zone ("Europe/Paris"), as /usr/share/zoneinfo has them.
  std::function<Result<std::string>(std::string_view)> read_zone;
  LocalStorage storage = {};
  // Signs in the name of the cluster's authority, PEM; without it nothing is signed.
  std::function<Result<std::string>(const CertificateWish&)> sign_certificate = {};
  // A token without an end of a Secret of type kubernetes.io/service-account-token, and the certificate of
  // the cluster's authority (PEM) that goes with it; without it no such Secret is filled.
  std::function<Result<std::string>(const TokenOwner&)> make_token = {};
  std::string authority_pem = {};
};

class World {
 public:
  explicit World(Ground ground);
  Watched& of(Kind kind) { return *watched_[static_cast<std::size_t>(kind)]; }
  Task<void> start();  // returns when every mirror has everything
  Seconds now() const { return ground.loop.clock().wall().ns / 1'000'000'000; }

  const Ground ground;
  client::Events events;

 private:
  std::array<std::unique_ptr<Watched>, kinds> watched_;
};

class Controller {
 public:
  // `name` is who Events come from; its own objects are `kind`s.
  Controller(World& world, Kind kind, std::string name);
  virtual ~Controller() = default;
  Task<void> run(int workers);

 protected:
  // Makes true what the object of that key wants. A failure queues the key again, later and later.
  virtual Task<void> reconcile(std::string key) = 0;

  // Changes of own objects, and of `kind`s that they control or may adopt, queue the own object's key.
  void watch_own();
  void watch_owned(Kind kind);

  // The writes one kind after the other, those of one kind and verb side by side, and few at first; then
  // waits until the mirrors show them. Fails with the first failure; what came after it is left out.
  Task<void> perform(const Facts& owner, std::vector<Write> writes);
  Task<void> perform(const Facts& owner, Plan plan);
  // Those that `owner` controls and those without a controller that it may adopt: what does not fit its
  // selector any more is released. Empty when the owner is being deleted and owns nothing.
  Task<std::vector<const Facts*>> claim(const Facts& owner, Kind kind);
  void say(const Facts& owner, const Said& said);
  void say(Kind kind, const Facts& about, const Said& said);
  std::optional<Facts> copy_of_own(std::string_view key) const;

  World& world_;
  const Kind kind_;
  const std::string name_;
  client::WorkQueue queue_;

 private:
  Task<void> work();
  Task<void> write(Facts owner, Write& write, std::optional<Error>& problem);
  Task<void> send(Write& write, std::string& made);
  Task<void> check_owner(Facts owner);
};

}  // namespace podo::controllers
