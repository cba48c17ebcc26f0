// systemd's manager, of the system or of a user, asked over D-Bus (org.freedesktop.systemd1(5)): first at
// its own socket, which needs no bus daemon, then at the bus.
//
// Life:  Systemd::connect(whose, clock) -> start_scope, set_properties, stop
//
// Blocking; each call ends within `time_limit`. Errors carry systemd's own words: AlreadyExists (a unit of
// that name), Denied, Invalid (a property), Unavailable (nobody there, time is up, the job failed),
// Unsupported (no systemd on this host).
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/dbus/connection.h"
#include "base/dbus/wire.h"
#include "container/systemd_scope/scope_name.h"

namespace podo::runtime {

class Systemd {
 public:
  static constexpr Duration time_limit = seconds(30);

  static Result<Systemd> connect(SystemdManager whose, const Clock& clock);

  // Returns when it is active, with the processes of its property PIDs in it.
  Result<> start_scope(const std::string& unit, std::span<const dbus::Property> properties);
  // In force until the unit is gone; its files are written when this returns.
  Result<> set_properties(const std::string& unit, std::span<const dbus::Property> properties);
  // Into a unit of a user's manager, who may ask the system's to move what he may not.
  Result<> attach(const std::string& unit, pid_t process);
  // Returns when nothing of it is left, in systemd's lists neither. One that is gone is fine.
  Result<> stop(const std::string& unit);

 private:
  Systemd(dbus::Connection connection, const Clock& clock)
      : connection_(std::move(connection)), clock_(clock), deadline_(clock.now() + time_limit) {}
  Result<dbus::Message> call(const char* member, const char* signature, std::string body);
  Result<> finish(const std::string& what, const dbus::Message& job);

  dbus::Connection connection_;
  const Clock& clock_;
  Monotonic deadline_;
};

}  // namespace podo::runtime
