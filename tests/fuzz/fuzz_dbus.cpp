// Any bytes are a D-Bus message that means the same when it is written and read again, or are refused; and
// what a body is read as never lies outside of it.
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/dbus/message.h"
#include "base/dbus/wire.h"
#include "container/systemd_scope/unit_properties.h"

namespace {

using namespace podo;

// As the readers of replies and signals do.
void read_body(const dbus::Message& message) {
  dbus::Reader in(message.body);
  for (const char type : message.signature) {
    const std::size_t before = in.at();
    if (!in.skip(type)) break;
    ENSURE(in.at() >= before && in.at() <= message.body.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size >= dbus::start_bytes) {
    const auto told = dbus::message_size(input);
    ENSURE(!told || *told <= dbus::message_bytes_max);
  }
  if (const auto message = dbus::decode(input)) {
    const auto bytes = dbus::encode(*message);
    ENSURE(bytes.has_value() && bytes->size() <= size);  // unknown fields are gone
    const auto again = dbus::decode(*bytes);
    ENSURE(again.has_value() && *again == *message);
    read_body(*message);
  }
  const auto annotated = runtime::annotated_properties({{"org.systemd.property.Fuzz", std::string(input)}});
  if (annotated) ENSURE(!dbus::Writer().properties(*annotated).take().empty());
  return 0;
}
