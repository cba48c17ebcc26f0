// The monitor's standard streams: output to the log and the daemon, and what comes from the daemon.
#include <errno.h>

#include "container/monitor/program/monitor.h"

namespace podo::monitor {
namespace {

constexpr size_t release_from = 16 << 10;  // less is not worth a timer

}  // namespace

// --- output ---

// The log first: what somebody has seen is in it, as far as the disk allows.
Monitor::Pumped Monitor::pump(Output& output) {
  if (output.fd < 0) return Pumped::ended;
  long count = sys::read(output.fd, chunk_, sizeof chunk_);
  if (count == -EAGAIN || count == -EINTR) return Pumped::nothing;
  if (count <= 0) {  // a terminal that nobody has open any more: EIO
    end_output(output);
    return Pumped::ended;
  }
  log_.set_time(sys::wall_ns());
  size_t size = static_cast<size_t>(count);
  if (size > release_from) buffers_touched_ = true;
  output.cutter.feed({chunk_, size}, [&](Piece record) { log_.add(record, output.stream); });
  log_.flush();
  if (forward_output_) daemon_.forward(output.stream, chunk_, size);
  return Pumped::some;
}

void Monitor::end_output(Output& output) {
  log_.set_time(sys::wall_ns());
  output.cutter.flush([&](Piece record) { log_.add(record, output.stream); });
  log_.flush();
  sys::drop(output.fd);
  if (tty_) in_.close();
}

void Monitor::look_whether_drained() {
  if (!started_ || drained_) return;
  if (ended_ && sys::monotonic_ms() >= drain_until_ms_) give_up_draining();
  if (out_.fd >= 0 || err_.fd >= 0 || daemon_.forwarding()) return;
  drained_ = true;
  report_drained();
}

void Monitor::report_drained() {
  char dropped[8];
  put_be64(dropped, log_.dropped());
  daemon_.tell(Type::drained, dropped, sizeof dropped);
}

// Others still have the pipe open: what they have written until now is taken, as much as a pipe can hold.
void Monitor::give_up_draining() {
  Output* outputs[] = {&out_, &err_};
  for (Output* output : outputs)
    for (; output->fd >= 0; --reads_left_) {
      if (daemon_.forwarding()) return;  // comes back when that is sent
      if (reads_left_ == 0 || pump(*output) == Pumped::nothing) end_output(*output);
    }
}

// --- from the daemon ---

void Monitor::receive() {
  for (;;) {
    if (payload_left_ == 0) {
      char* header = reinterpret_cast<char*>(&incoming_);
      long count = sys::receive(daemon_.fd(), header + incoming_have_, sizeof incoming_ - incoming_have_,
                                MSG_DONTWAIT);
      if (lost(count)) return;
      incoming_have_ += static_cast<size_t>(count);
      if (incoming_have_ < sizeof incoming_) continue;
      payload_left_ = be32(reinterpret_cast<const char*>(incoming_.size));
      payload_have_ = 0;
      bool is_input = incoming_.type == static_cast<uint8_t>(Type::stdin_);
      if (payload_left_ > payload_max || (is_input && payload_left_ > in_.room())) return daemon_.drop();
    }
    if (!receive_payload()) return;
    incoming_have_ = 0;
    obey(static_cast<Type>(incoming_.type));
  }
}

// Whether it is complete.
bool Monitor::receive_payload() {
  bool is_input = incoming_.type == static_cast<uint8_t>(Type::stdin_);
  char unknown[256];
  while (payload_left_ > 0) {
    Piece space = is_input ? in_.space()
                  : payload_have_ < sizeof payload_
                      ? Piece{payload_ + payload_have_, sizeof payload_ - payload_have_}
                      : Piece{unknown, sizeof unknown};
    size_t size = space.size < payload_left_ ? space.size : payload_left_;
    long count = sys::receive(daemon_.fd(), const_cast<char*>(space.data), size, MSG_DONTWAIT);
    if (lost(count)) return false;
    payload_left_ -= static_cast<size_t>(count);
    payload_have_ += static_cast<size_t>(count);
    if (is_input) in_.added(static_cast<size_t>(count));
  }
  return true;
}

bool Monitor::lost(long count) {
  if (count > 0) return false;
  if (count != -EAGAIN && count != -EINTR) daemon_.drop();
  return true;
}

void Monitor::obey(Type type) {
  switch (type) {
    case Type::stdin_: pump_input(); break;
    case Type::close_in:
      if (!tty_) in_.close_when_empty();
      pump_input();
      break;
    case Type::resize:
      rows_ = static_cast<uint16_t>(be32(payload_) >> 16);
      columns_ = static_cast<uint16_t>(be32(payload_) & 0xffff);
      if (out_.fd >= 0) apply_size();
      break;
    case Type::subscribe: forward_output_ = payload_[0] == 1; break;
    case Type::rotate: log_.rotate(); break;
    default: break;  // of a later version
  }
}

void Monitor::pump_input() {
  if (size_t gone = in_.pump(); gone > 0) daemon_.grant(gone);
}

}  // namespace podo::monitor
