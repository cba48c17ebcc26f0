#include "container/systemd_scope/systemd.h"

#include <stdlib.h>
#include <unistd.h>

namespace podo::runtime {
namespace {

using dbus::ServerKind;
using dbus::Writer;

constexpr const char* manager_name = "org.freedesktop.systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* job_rule =
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',"
    "member='JobRemoved'";

struct Door {
  std::string path;
  ServerKind kind;
};

Result<std::vector<Door>> doors_of(SystemdManager whose) {
  if (whose == SystemdManager::system) {
    return std::vector<Door>{{"/run/systemd/private", ServerKind::peer},
                             {"/run/dbus/system_bus_socket", ServerKind::bus}};
  }
  const char* own = ::getenv("XDG_RUNTIME_DIR");
  if (own == nullptr || *own == '\0')
    return unavailable("--systemd-cgroup: XDG_RUNTIME_DIR does not say where the user's systemd is");
  std::vector<Door> doors = {{text("{}/systemd/private", own), ServerKind::peer},
                             {text("{}/bus", own), ServerKind::bus}};
  // Only addresses that are a path: the others need a resolver of their own.
  const char* address = ::getenv("DBUS_SESSION_BUS_ADDRESS");
  const std::string_view bus = address == nullptr ? "" : address;
  if (bus.starts_with("unix:path=")) doors[1].path = bus.substr(10, bus.find_first_of(",;") - 10);
  return doors;
}

// Without an error that says so, people look for a daemon that does not run.
Failure no_systemd() {
  return unsupported(
      "--systemd-cgroup: systemd does not run this host (there is no /run/systemd/system); use the cgroupfs "
      "driver "
      "(podman --cgroup-manager=cgroupfs, containerd SystemdCgroup = false)");
}

}  // namespace

Result<Systemd> Systemd::connect(SystemdManager whose, const Clock& clock) {
  std::string problems;
  for (const Door& door : TRY(doors_of(whose))) {
    const Monotonic deadline = clock.now() + time_limit;
    auto opened = dbus::Connection::open(door.path, door.kind, clock, deadline);
    if (opened) {
      Systemd systemd(*std::move(opened), clock);
      TRY(systemd.connection_.keep_signals("JobRemoved", job_rule, deadline));
      return systemd;
    }
    problems += text("{}{}", problems.empty() ? "" : "; ", opened.error().message());
  }
  if (::access("/run/systemd/system", F_OK) != 0) return no_systemd();
  return unavailable("--systemd-cgroup: systemd cannot be reached: {}", problems);
}

Result<dbus::Message> Systemd::call(const char* member, const char* signature, std::string body) {
  deadline_ = clock_.now() + time_limit;
  dbus::Message request{.path = manager_path, .interface = manager_interface, .member = member};
  request.destination = manager_name;
  request.signature = signature;
  request.body = std::move(body);
  return connection_.call(std::move(request), deadline_);
}

// A job is done when systemd says that it is removed: JobRemoved(u id, o job, s unit, s result).
Result<> Systemd::finish(const std::string& what, const dbus::Message& reply) {
  if (reply.signature != "o")
    return corrupt("{}: systemd answered \"{}\" where a job belongs", what, reply.signature);
  const std::string job(TRY_IN(what, dbus::Reader(reply.body).string()));
  for (;;) {
    const dbus::Message signal = TRY_IN(what, connection_.next_signal(deadline_));
    if (signal.signature != "uoss" || signal.interface != manager_interface) continue;
    dbus::Reader in(signal.body);
    TRY_IN(what, in.uint32());
    if (TRY_IN(what, in.string()) != job) continue;
    TRY_IN(what, in.string());
    const std::string_view result = TRY_IN(what, in.string());
    if (result == "done" || result == "skipped") return {};
    return unavailable("{}: systemd's job ended as \"{}\"", what, result);
  }
}

Result<> Systemd::start_scope(const std::string& unit, std::span<const dbus::Property> properties) {
  const std::string what = text("systemd: start {}", unit);
  Writer body;
  body.string(unit).string("fail").properties(properties);
  const std::size_t no_others = body.begin_array(8);
  body.end_array(no_others, 8);
  const std::string bytes = body.take();
  auto started = call("StartTransientUnit", "ssa(sv)a(sa(sv))", bytes);
  if (!started && started.error().kind() == ErrorKind::already_exists) {
    // One of that name that failed is only remembered.
    if (call("ResetFailedUnit", "s", Writer().string(unit).take()))
      started = call("StartTransientUnit", "ssa(sv)a(sa(sv))", bytes);
  }
  return finish(what, TRY_IN(what, std::move(started)));
}

Result<> Systemd::set_properties(const std::string& unit, std::span<const dbus::Property> properties) {
  Writer body;
  body.string(unit).boolean(true).properties(properties);
  const std::string what = text("systemd: change {}", unit);
  TRY_IN(what, call("SetUnitProperties", "sba(sv)", body.take()));
  // It answers before it writes the files; asked again, it has written them.
  TRY_IN(what, call("GetUnit", "s", Writer().string(unit).take()));
  return {};
}

Result<> Systemd::attach(const std::string& unit, pid_t process) {
  Writer body;
  body.string(unit).string("").value(std::vector<std::uint32_t>{static_cast<std::uint32_t>(process)});
  TRY_IN(text("systemd: a process for {}", unit), call("AttachProcessesToUnit", "ssau", body.take()));
  return {};
}

Result<> Systemd::stop(const std::string& unit) {
  const std::string what = text("systemd: stop {}", unit);
  const auto stopped = call("StopUnit", "ss", Writer().string(unit).string("replace").take());
  if (!stopped && stopped.error().kind() == ErrorKind::not_found) return {};
  TRY(finish(what, TRY_IN(what, Result<dbus::Message>(stopped))));
  const auto forgotten = call("ResetFailedUnit", "s", Writer().string(unit).take());
  if (forgotten || forgotten.error().kind() == ErrorKind::not_found) return {};
  return Failure(Error(forgotten.error()).within(what));
}

}  // namespace podo::runtime
