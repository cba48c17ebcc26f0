// FlowControl: how many requests are worked on at once, and whose is next, so that one client cannot starve
// the rest. FlowSchemas sort requests into flows (a user, or a namespace) of priority levels; each level
// has seats.
//
//   Seat seat = co_await flow_control.take(user, attributes);   // exhausted: 429, Retry-After 1
//   ... serve ...                               // its death frees it; a watch lets go earlier
//
// All seats are shared out among the levels by their shares. A level that has used up its own borrows what
// others lend (lendablePercent) and do not use. When none is free a request waits in its flow's queue,
// which is bounded, and no longer than `patience`. A free seat goes to the flow that has the fewest, then
// to the one that has waited longest: who sends much waits behind himself. Exempt levels (system:masters,
// probes) take none.
//
// Life: start() reads the configuration and follows it -> take() -> destroyed after its Seats. Without any
// configuration all requests are flows by user of one level. Lives on the loop.
#pragma once

#include <map>
#include <memory>

#include "base/io/condition.h"
#include "base/io/list.h"
#include "cluster/flow_control/flow_schema.h"
#include "cluster/objects/mirror.h"

namespace podo::apiserver {

using io::Task;

struct FlowLimits {
  std::size_t seats = 600;
  Duration patience = seconds(15);
};

class FlowControl {
 private:
  struct Level;
  struct Flow;
  struct Turn;

 public:
  explicit FlowControl(FlowLimits limits);
  ~FlowControl();
  FlowControl(const FlowControl&) = delete;
  static Task<std::unique_ptr<FlowControl>> start(objects::Objects& objects, FlowLimits limits = {});

  void put_schema(const json::Item& object);
  void remove_schema(std::string_view name);
  void put_level(const json::Item& object);
  void remove_level(std::string_view name);

  class Seat {
   public:
    Seat() = default;  // of the exempt
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat() { free(); }
    void free();
    std::string schema_uid = {}, level_uid = {};  // for the fields X-Kubernetes-PF-*

   private:
    friend class FlowControl;
    FlowControl* control_ = nullptr;
    std::shared_ptr<Flow> flow_;
  };
  Task<Seat> take(access::User user, access::Attributes wanted);  // what `wanted` views stays until it ends

  std::size_t running() const { return running_; }
  std::size_t waiting() const { return waiting_; }

 private:
  const FlowSchema* schema_of(const access::User& user, const access::Attributes& wanted) const;
  std::shared_ptr<Level> level_named(std::string_view name) const;
  std::shared_ptr<Flow> flow_of(const std::shared_ptr<Level>& level, std::string name);
  void share_out();
  bool may_borrow(const Level& level) const;
  void seat(const std::shared_ptr<Flow>& flow);
  void stand_up(const std::shared_ptr<Flow>& flow);
  void leave(const std::shared_ptr<Flow>& flow);
  void fill_seats();
  bool seat_next(Level& level);

  const FlowLimits limits_;
  std::vector<FlowSchema> schemas_;  // by precedence
  std::map<std::string, std::shared_ptr<Level>, std::less<>> levels_;
  std::shared_ptr<Level> everybody_;  // of what no schema, or no level, is about
  std::size_t running_ = 0, waiting_ = 0;
  std::unique_ptr<objects::Mirror> schema_mirror_, level_mirror_;
};

}  // namespace podo::apiserver
