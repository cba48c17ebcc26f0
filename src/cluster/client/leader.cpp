#include "cluster/client/leader.h"

#include <algorithm>

#include "base/io/combine.h"
#include "model/schema/instant.h"

namespace podo::client {
namespace {

std::string micro_time(Wall at) {
  constexpr std::int64_t per_second = 1'000'000'000;
  return schema::text_of(
      {.seconds = at.ns / per_second, .nanos = static_cast<std::int32_t>(at.ns % per_second)},
      schema::Precision::micros);
}

std::string_view text_of(const json::Item* item) {
  return item != nullptr ? item->string_or("") : std::string_view();
}

constexpr Duration first_wait = milliseconds(20);

class Leadership {
 public:
  Leadership(Client& client, Clock& clock, LeaderOptions options)
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
        lease_{.resource = client.resource("coordination.k8s.io", "leases"),
               .name_space = options_.name_space,
               .name = options_.name} {}

  // An API that has just begun may not let us ask yet: the first tries come soon after each other.
  Task<void> acquire() {
    Duration wait = first_wait;
    while (!co_await try_to_hold()) {
      co_await io::sleep(wait);
      wait = std::min(wait * 2, options_.renew_every);
    }
  }

  // Ends when it is ours no longer, for what we know.
  Task<void> hold() {
    const Duration safe = options_.lasts - options_.margin;
    while (clock_.now() - held_at_ < safe) {
      co_await io::sleep(options_.renew_every);
      const Duration left = safe - (clock_.now() - held_at_);
      if (left.ns <= 0) co_return;
      const auto held = co_await io::deadline(try_to_hold(), left).result();
      if (held && !*held) co_return;
    }
  }

  Task<void> give_back() {
    auto lease = co_await client_.find(lease_);
    if (!lease || text_of(lease->root().find("spec", "holderIdentity")) != options_.identity) co_return;
    lease->root().member("spec").member("holderIdentity").set_string("");
    lease->root().member("spec").member("leaseDurationSeconds").set_number(1);
    co_await client_.update(lease_, lease->root());
  }

 private:
  // False: somebody else has it. What fails counts as that, too.
  Task<bool> try_to_hold() {
    const Monotonic asked_at = clock_.now();
    auto found = co_await client_.find(lease_).result();
    if (!found) co_return false;
    Result<json::Tree> written;
    if (!*found) {
      json::Tree fresh;
      fresh.root().member("metadata").member("name").set_string(options_.name);
      fresh.root().member("metadata").member("namespace").set_string(options_.name_space);
      fill(fresh.root().member("spec"), true);
      written = co_await client_.create(lease_, fresh.root()).result();
    } else {
      json::Item& spec = (*found)->root().member("spec");
      const std::string_view holder = text_of(spec.find("holderIdentity"));
      const bool ours = holder == options_.identity;
      if (!ours && !holder.empty() && !has_lapsed(spec)) co_return false;
      fill(spec, !ours);
      written = co_await client_.update(lease_, (*found)->root()).result();
    }
    if (!written) co_return false;
    held_at_ = asked_at;
    co_return true;
  }

  // Nothing about it has changed for as long as it lasts, on our clock.
  bool has_lapsed(const json::Item& spec) {
    std::string seen = text("{} {}", text_of(spec.find("holderIdentity")), text_of(spec.find("renewTime")));
    if (seen != seen_) {
      seen_ = std::move(seen);
      seen_at_ = clock_.now();
      return false;
    }
    return clock_.now() - seen_at_ >= options_.lasts;
  }

  void fill(json::Item& spec, bool taken_over) {
    const std::string now = micro_time(clock_.wall());
    spec.member("holderIdentity").set_string(options_.identity);
    spec.member("leaseDurationSeconds").set_number(options_.lasts.ns / 1'000'000'000);
    spec.member("renewTime").set_string(now);
    if (!taken_over) return;
    spec.member("acquireTime").set_string(now);
    const json::Item* before = spec.find("leaseTransitions");
    const std::int64_t transitions = before != nullptr ? before->as_int64().value_or(0) + 1 : 0;
    spec.member("leaseTransitions").set_number(transitions);
  }

  Client& client_;
  Clock& clock_;
  const LeaderOptions options_;
  const Where lease_;
  Monotonic held_at_, seen_at_;
  std::string seen_;
};

}  // namespace

Task<void> lead(Client& client, Clock& clock, LeaderOptions options, std::function<Task<void>()> work) {
  Leadership leadership(client, clock, std::move(options));
  for (;;) {
    co_await leadership.acquire();
    bool lost = false;
    const auto watch_over = [](Leadership& held, bool& gone) -> Task<void> {
      co_await held.hold();
      gone = true;
    };
    const auto ended = co_await io::first(work(), watch_over(leadership, lost)).result();
    if (lost) continue;
    (void)co_await io::shielded(leadership.give_back()).result();
    co_await Result<void>(ended);
    co_return;
  }
}

}  // namespace podo::client
