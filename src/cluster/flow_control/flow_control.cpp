#include "cluster/flow_control/flow_control.h"

#include <algorithm>

#include "base/io/combine.h"

namespace podo::apiserver {

namespace {
struct Queued;
constexpr std::string_view too_many = "Too many requests, please try again later.";
}  // namespace

// A request that waits, in the frame of its take(). One that is cancelled leaves the queue, or the seat
// that it was just given.
struct FlowControl::Turn : io::Link<Queued> {
  Turn(FlowControl& a_control, std::shared_ptr<Flow> a_flow);
  ~Turn();
  static Task<void> wait(Turn& turn) {
    while (!turn.seated) co_await turn.called.wait();
  }

  FlowControl& control;
  std::shared_ptr<Flow> flow;
  io::Condition called{"a seat"};
  bool seated = false, kept = false;
};

struct FlowControl::Flow {
  std::shared_ptr<Level> level;
  std::string name;
  std::size_t running = 0, waiting = 0;
  std::uint64_t since = 0;  // of the level's count of arrivals: who began to wait first
  io::List<Turn, Queued> queue;
};

struct FlowControl::Level {
  LevelSpec spec;
  std::size_t seats = 0;  // its own
  std::size_t kept = 0;   // of which so many are never lent
  std::size_t running = 0, waiting = 0;
  std::uint64_t arrivals = 0;
  std::map<std::string, std::shared_ptr<Flow>> flows;  // that run or wait
};

FlowControl::Turn::Turn(FlowControl& a_control, std::shared_ptr<Flow> a_flow)
    : control(a_control), flow(std::move(a_flow)) {
  if (flow->waiting++ == 0) flow->since = ++flow->level->arrivals;
  ++flow->level->waiting;
  ++control.waiting_;
  flow->queue.push_back(*this);
}

FlowControl::Turn::~Turn() {
  if (kept) return;
  if (seated) {
    control.stand_up(flow);
    return;
  }
  unlink();
  --flow->waiting;
  --flow->level->waiting;
  --control.waiting_;
  control.leave(flow);
}

FlowControl::FlowControl(FlowLimits limits) : limits_(limits), everybody_(std::make_shared<Level>()) {
  everybody_->spec = {.name = "everybody", .uid = {}, .queues = true, .shares = 1};
  share_out();
}

FlowControl::~FlowControl() = default;

Task<std::unique_ptr<FlowControl>> FlowControl::start(objects::Objects& objects, FlowLimits limits) {
  constexpr std::string_view group = "flowcontrol.apiserver.k8s.io";
  auto control = std::make_unique<FlowControl>(limits);
  FlowControl* const self = control.get();
  control->level_mirror_ =
      co_await objects::Mirror::start(objects, objects.resource(group, "prioritylevelconfigurations"),
                                      [self](const objects::Object& before, const objects::Object& now) {
                                        if (!now) self->remove_level(before.name());
                                        else if (const auto tree = now.tree()) self->put_level(tree->root());
                                      });
  control->schema_mirror_ =
      co_await objects::Mirror::start(objects, objects.resource(group, "flowschemas"),
                                      [self](const objects::Object& before, const objects::Object& now) {
                                        if (!now) self->remove_schema(before.name());
                                        else if (const auto tree = now.tree()) self->put_schema(tree->root());
                                      });
  co_return control;
}

// --- configuration
// ----------------------------------------------------------------------------------------

void FlowControl::put_schema(const json::Item& object) {
  FlowSchema schema = read_flow_schema(object);
  remove_schema(schema.name);
  const auto place = std::upper_bound(schemas_.begin(), schemas_.end(), schema, comes_before);
  schemas_.insert(place, std::move(schema));
}

void FlowControl::remove_schema(std::string_view name) {
  std::erase_if(schemas_, [&](const FlowSchema& schema) { return schema.name == name; });
}

void FlowControl::put_level(const json::Item& object) {
  LevelSpec spec = read_level(object);
  std::shared_ptr<Level>& level = levels_[spec.name];
  if (level == nullptr) level = std::make_shared<Level>();
  level->spec = std::move(spec);
  share_out();
  fill_seats();
}

// Who waits there goes on waiting: the level lives as long as its flows.
void FlowControl::remove_level(std::string_view name) {
  if (const auto level = levels_.find(name); level != levels_.end() && level->second->waiting == 0)
    levels_.erase(level);
  share_out();
  fill_seats();
}

void FlowControl::share_out() {
  std::int64_t shares = everybody_->spec.shares;
  for (const auto& [name, level] : levels_) shares += level->spec.shares;
  const auto give = [&](Level& level) {
    const std::size_t part = static_cast<std::size_t>(level.spec.shares),
                      all = static_cast<std::size_t>(shares);
    level.seats = std::max<std::size_t>(1, (limits_.seats * part + all - 1) / all);
    level.kept = level.seats * static_cast<std::size_t>(100 - level.spec.lendable_percent) / 100;
  };
  give(*everybody_);
  for (const auto& [name, level] : levels_) give(*level);
}

const FlowSchema* FlowControl::schema_of(const access::User& user, const access::Attributes& wanted) const {
  const auto found = std::find_if(schemas_.begin(), schemas_.end(),
                                  [&](const FlowSchema& schema) { return schema.matches(user, wanted); });
  return found == schemas_.end() ? nullptr : &*found;
}

std::shared_ptr<FlowControl::Level> FlowControl::level_named(std::string_view name) const {
  const auto level = levels_.find(name);
  return level == levels_.end() ? everybody_ : level->second;
}

// --- seats
// ------------------------------------------------------------------------------------------------

Task<FlowControl::Seat> FlowControl::take(access::User user, access::Attributes wanted) {
  const FlowSchema* schema = schema_of(user, wanted);
  const std::shared_ptr<Level> level = schema != nullptr ? level_named(schema->level) : everybody_;
  Seat taken;
  taken.schema_uid = schema != nullptr ? schema->uid : std::string();
  taken.level_uid = level->spec.uid;
  if (level->spec.exempt) co_return taken;
  const std::shared_ptr<Flow> flow =
      flow_of(level, schema != nullptr ? schema->flow_of(user, wanted) : user.name);
  const bool free = level->running < level->seats || may_borrow(*level);
  if (free && level->waiting == 0) {
    seat(flow);
  } else {
    const bool full = flow->waiting >= static_cast<std::size_t>(level->spec.queue_length);
    if (!level->spec.queues || full) {
      leave(flow);
      co_return fail(ErrorKind::exhausted, std::string(too_many));
    }
    Turn turn(*this, flow);
    const Result<void> waited = co_await io::deadline(Turn::wait(turn), limits_.patience).result();
    if (!turn.seated && waited.error().kind() == ErrorKind::cancelled) co_return Failure(waited.error());
    if (!turn.seated) co_return fail(ErrorKind::exhausted, std::string(too_many));
    turn.kept = true;
  }
  taken.control_ = this;
  taken.flow_ = flow;
  co_return taken;
}

std::shared_ptr<FlowControl::Flow> FlowControl::flow_of(const std::shared_ptr<Level>& level,
                                                        std::string name) {
  std::shared_ptr<Flow>& flow = level->flows[name];
  if (flow == nullptr) {
    flow = std::make_shared<Flow>();
    flow->level = level;
    flow->name = std::move(name);
  }
  return flow;
}

// What is not in use, less what the other levels keep for themselves.
bool FlowControl::may_borrow(const Level& borrower) const {
  std::size_t spoken_for = running_;
  const auto keep = [&](const Level& level) {
    if (&level != &borrower && level.running < level.kept) spoken_for += level.kept - level.running;
  };
  keep(*everybody_);
  for (const auto& [name, level] : levels_)
    if (!level->spec.exempt) keep(*level);
  return spoken_for < limits_.seats;
}

void FlowControl::seat(const std::shared_ptr<Flow>& flow) {
  ++flow->running;
  ++flow->level->running;
  ++running_;
}

void FlowControl::stand_up(const std::shared_ptr<Flow>& flow) {
  --flow->running;
  --flow->level->running;
  --running_;
  leave(flow);
  fill_seats();
}

// A flow that neither runs nor waits is forgotten.
void FlowControl::leave(const std::shared_ptr<Flow>& flow) {
  if (flow->running == 0 && flow->waiting == 0) flow->level->flows.erase(flow->name);
}

// First those who are below what is their own, then those who borrow.
void FlowControl::fill_seats() {
  const auto each = [&](auto may) {
    const auto fill = [&](Level& level) {
      while (level.waiting != 0 && may(level) && seat_next(level)) continue;
    };
    fill(*everybody_);
    for (const auto& [name, level] : levels_) fill(*level);
  };
  each([](const Level& level) { return level.running < level.seats; });
  each([this](const Level& level) { return may_borrow(level); });
}

bool FlowControl::seat_next(Level& level) {
  const std::shared_ptr<Flow>* next = nullptr;
  for (const auto& [name, flow] : level.flows) {
    if (flow->waiting == 0) continue;
    if (next == nullptr || flow->running < (*next)->running ||
        (flow->running == (*next)->running && flow->since < (*next)->since))
      next = &flow;
  }
  if (next == nullptr) return false;
  const std::shared_ptr<Flow> flow = *next;
  Turn& turn = *flow->queue.front();
  turn.unlink();
  --flow->waiting;
  --level.waiting;
  --waiting_;
  flow->since = ++level.arrivals;
  seat(flow);
  turn.seated = true;
  turn.called.notify_all();
  return true;
}

FlowControl::Seat::Seat(Seat&& other) noexcept
    : schema_uid(std::move(other.schema_uid)),
      level_uid(std::move(other.level_uid)),
      control_(std::exchange(other.control_, nullptr)),
      flow_(std::move(other.flow_)) {}

FlowControl::Seat& FlowControl::Seat::operator=(Seat&& other) noexcept {
  free();
  schema_uid = std::move(other.schema_uid);
  level_uid = std::move(other.level_uid);
  control_ = std::exchange(other.control_, nullptr);
  flow_ = std::move(other.flow_);
  return *this;
}

void FlowControl::Seat::free() {
  if (control_ != nullptr) std::exchange(control_, nullptr)->stand_up(flow_);
  flow_.reset();
}

}  // namespace podo::apiserver
