#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/format/json_writer.h"
#include "base/linux/process.h"
#include "container/cgroup/cgroup_oom.h"
#include "container/cgroup/cgroup_stats.h"
#include "container/runtime/runtime.h"

namespace podo::runtime {
namespace {

// {"type":"stats","id":"web","data":{...}}
std::string event_line(std::string_view type, const std::string& id, std::string_view data) {
  json::Writer out;
  out.object().key("type").string(type).key("id").string(id);
  if (!data.empty()) out.key("data").raw(data);
  return out.end().take();
}

int poll_timeout_ms(Duration left) {
  return static_cast<int>(std::clamp<std::int64_t>((left.ns + 999'999) / 1'000'000, 0, 86'400'000));
}

}  // namespace

Result<std::string> Runtime::statistics(const std::string& id) const {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::none));
  const ContainerState state = TRY(directory.load());
  if (observe(directory, state) == Status::stopped) return conflict("container {} is not running", id);
  return cgroup_statistics(state.cgroups);
}

// Sleeps until the next statistics are due, memory ran out, or the first process ended.
Result<> Runtime::events(const std::string& id, Duration interval, EventSink& sink) const {
  if (interval.ns <= 0) return invalid("the interval between statistics must be longer than nothing");
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::none));
  const ContainerState state = TRY(directory.load());
  const auto process = linux::open_process(state.pid);
  if (!process || observe(directory, state) == Status::stopped)
    return conflict("container {} is not running", id);
  OomWatch memory = TRY(OomWatch::open(state.cgroups));

  for (Monotonic due = clock_.now() + interval;;) {
    pollfd waits[] = {{.fd = process->get(), .events = POLLIN, .revents = 0}, memory.waits_for()};
    if (::poll(waits, 2, poll_timeout_ms(due - clock_.now())) < 0 && errno != EINTR)
      return failed_errno(errno, "poll");
    if (waits[1].revents != 0 && TRY(memory.happened())) sink.emit(event_line("oom", id, ""));
    if (waits[0].revents != 0) return {};
    if (clock_.now() < due) continue;
    // A group that vanishes between its process's end and our seeing that end has no numbers any more.
    if (const auto data = cgroup_statistics(state.cgroups)) sink.emit(event_line("stats", id, *data));
    due = clock_.now() + interval;
  }
}

}  // namespace podo::runtime
