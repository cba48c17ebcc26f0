#include "cluster/client/events.h"

#include <algorithm>

#include "model/kube/stamp.h"

namespace podo::client {
namespace {

std::string sameness(const Subject& about, std::string_view component, const Said& said) {
  return text("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", component, about.kind, about.name_space, about.name,
              about.uid, about.field_path, said.reason, said.message, said.warning);
}

std::string name_of(const Subject& about, Wall first) { return text("{}.{:x}", about.name, first.ns); }

}  // namespace

// As a bucket that fills by one in `one_more`.
bool Events::may_say(const std::string& speaker) {
  Budget* const there = budgets_.find(speaker);
  Budget& budget = there != nullptr ? *there : budgets_.put(speaker, {});
  const Monotonic now = clock_.now();
  if (budget.since == Monotonic()) budget.since = now;
  const std::int64_t more = (now - budget.since).ns / one_more.ns;
  if (more > 0) {
    budget.left = static_cast<int>(std::min<std::int64_t>(burst, budget.left + more));
    budget.since = budget.since + one_more * more;
  }
  if (budget.left == 0) return false;
  --budget.left;
  return true;
}

void Events::say(const Subject& about, std::string_view component, const Said& said) {
  if (said.reason.empty() || waiting_.size() >= waiting_max) return;
  if (!may_say(text("{}\n{}", component, about.uid))) return;
  waiting_.push_back({about, std::string(component), said, clock_.wall()});
  added_.notify_one();
}

io::Task<void> Events::run() {
  for (;;) {
    while (waiting_.empty()) co_await added_.wait();
    const Due due = std::move(waiting_.front());
    waiting_.pop_front();
    const Result<void> written = co_await write(due).result();
    if (!written && written.error().kind() == ErrorKind::cancelled) co_await Result<void>(written);
  }
}

json::Tree Events::event_of(const Due& due, const Known& known) const {
  json::Tree tree;
  json::Item& event = tree.root();
  event.member("kind").set_string("Event");
  event.member("apiVersion").set_string("v1");
  event.member("metadata").member("name").set_string(name_of(due.about, known.first));
  event.member("metadata")
      .member("namespace")
      .set_string(due.about.name_space.empty() ? "default" : due.about.name_space);
  json::Item& about = event.member("involvedObject");
  about.member("kind").set_string(due.about.kind);
  if (!due.about.name_space.empty()) about.member("namespace").set_string(due.about.name_space);
  about.member("name").set_string(due.about.name);
  about.member("uid").set_string(due.about.uid);
  about.member("apiVersion").set_string(due.about.api_version);
  if (!due.about.field_path.empty()) about.member("fieldPath").set_string(due.about.field_path);
  event.member("reason").set_string(due.said.reason);
  event.member("message").set_string(std::string_view(due.said.message).substr(0, 1024));
  event.member("source").member("component").set_string(due.component);
  if (!host_.empty()) event.member("source").member("host").set_string(host_);
  event.member("firstTimestamp").set_string(kube::time_text(known.first));
  event.member("lastTimestamp").set_string(kube::time_text(due.at));
  event.member("count").set_number(known.count);
  event.member("type").set_string(due.said.warning ? "Warning" : "Normal");
  event.member("reportingComponent").set_string(due.component);
  event.member("reportingInstance").set_string(host_);
  return tree;
}

io::Task<void> Events::write(const Due& due) {
  const std::string same = sameness(due.about, due.component, due.said);
  const std::string name_space = due.about.name_space.empty() ? "default" : due.about.name_space;
  Where where{.resource = client_.resource("", "events"), .name_space = name_space};
  if (Known* const known = known_.find(same); known != nullptr) {
    where.name = name_of(due.about, known->first);
    std::string change =
        text(R"({{"count":{},"lastTimestamp":"{}"}})", ++known->count, kube::time_text(due.at));
    const auto patched = co_await client_.patch(where, Patch::merge, std::move(change)).result();
    if (patched || patched.error().kind() != ErrorKind::not_found) co_return;
    known_.forget(same);  // it has expired: this one begins anew
    where.name.clear();
  }
  const Known known{.first = due.at, .count = 1};
  const json::Tree event = event_of(due, known);
  co_await client_.create(where, event.root());
  known_.put(same, known);
}

}  // namespace podo::client
