// The monitor: one thread, one poll(2), all memory fixed.
//
// Life: reads `start` -> runs the runtime -> says `started` (or `failed`, and ends) -> passes output on and
// input in, until the first process has ended and its output too -> says so -> ends. What comes from the
// daemon, the process and the disk can fail at any time; nothing of that ends it earlier.
#pragma once

#include "container/monitor/program/birth.h"
#include "container/monitor/program/connection.h"
#include "container/monitor/program/standard_input.h"

struct pollfd;

namespace podo::monitor {

class Monitor {
 public:
  [[noreturn]] void run(char** environment);

 private:
  struct Output {
    int fd = -1;
    unsigned stream = 1;
    LineCutter cutter;
  };
  enum class Pumped : uint8_t { some, nothing, ended };

  void read_start(Settings& settings);
  void prepare();
  void begin(const Settings& settings, char** environment);
  [[noreturn]] void fail(const char* message, size_t size);
  [[noreturn]] void fail(const char* message);

  void watch(pollfd* watched);
  void handle(const pollfd* watched);
  int timeout_ms() const;
  void release_buffers();
  void accept_daemon();
  void greet(bool forward_output);

  void receive();
  bool receive_payload();
  bool lost(long count);
  void obey(Type type);

  void reap();
  void runtime_ended(int status);
  [[noreturn]] void runtime_failed();
  void adopt_terminal();
  void first_process_ended(int status);
  void report_exit();
  void report_drained();

  Pumped pump(Output& output);
  void pump_input();
  void end_output(Output& output);
  void look_whether_drained();
  void give_up_draining();
  void apply_size();
  [[noreturn]] void leave();

  Connection daemon_;
  bool forward_output_ = false;
  Header incoming_ = {};
  size_t incoming_have_ = 0, payload_left_ = 0, payload_have_ = 0;
  char payload_[8] = {};

  LogFile log_;
  Output out_ = {.fd = -1, .stream = 1, .cutter = {}}, err_ = {.fd = -1, .stream = 2, .cutter = {}};
  StandardInput in_;
  bool tty_ = false;
  uint16_t rows_ = 0, columns_ = 0;
  int console_ = -1, runtime_errors_ = -1;

  int listener_ = -1, signals_ = -1;
  long runtime_ = 0, first_ = 0;  // processes
  bool started_ = false, ended_ = false, drained_ = false;
  uint64_t code_ = 0, signal_ = 0, ended_at_ns_ = 0;
  int64_t drain_until_ms_ = 0;
  size_t reads_left_ = 2 * (1 << 20) / payload_max;  // after that: two full pipes

  bool buffers_touched_ = false;
  alignas(4096) char chunk_[payload_max];  // output on its way: log, then daemon
};

[[noreturn]] void run(char** environment);

}  // namespace podo::monitor
