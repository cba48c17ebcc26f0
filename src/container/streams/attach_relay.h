// AttachRelay: the standard streams of one container (or exec), given to any number of attached clients.
//
// Life:  made with the container's first attach or start -> attach(), as often as wished, before it too
//        -> a MonitorClient is its source while the process runs -> end(): every stream ends after its bytes.
//
// Each attached stream has a buffer of its own: 256 KB of memory, then an unlinked file up to 1 GiB, so
// that a client that reads slowly neither loses output nor holds up the container. One that falls further
// behind gets an error. Only while somebody is attached does the monitor forward output at all.
//
// What is read from a stream is in Docker's multiplexed framing (stream:u8 zero:u8[3] size:be32 bytes),
// or the raw bytes for a terminal. What is written to it is standard input; it waits for the process to
// take it. finish(), and the end of a stream that was never finished, close the process's standard input
// if the wish says `ends_input`. Lives on the engine's loop, and longer than the streams' use of it:
// streams share it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/condition.h"
#include "base/io/stream.h"

namespace podo::engine {

struct AttachWish {
  bool in = false, out = false, err = false;
  bool ends_input = false;              // stdin_once of a container; every exec
  std::string detach_keys = {};         // bytes of parse_detach_keys(); "": none, as for all but terminals
  std::function<void()> detached = {};  // called when they came; the stream then ends
};

// "ctrl-p,ctrl-q" -> "\x10\x11". invalid("Invalid detach keys (x) provided").
Result<std::string> parse_detach_keys(std::string_view keys);
inline constexpr std::string_view default_detach_keys = "\x10\x11";

// Where the relay sends what clients type; a MonitorClient.
class InputSink {
 public:
  virtual ~InputSink() = default;
  virtual std::size_t input_room() const = 0;  // bytes that put_input() takes now
  virtual void put_input(std::span<const std::byte> bytes) = 0;
  virtual void close_input() = 0;
  virtual void forward_output(bool wanted) = 0;
};

class AttachedStream;

class AttachRelay : public std::enable_shared_from_this<AttachRelay> {
 public:
  struct Settings {
    bool tty = false;
    std::string spill_folder;  // where an unlinked file may grow
    std::size_t memory_max = 256 << 10;
    std::uint64_t file_max = 1 << 30;
  };
  static std::shared_ptr<AttachRelay> make(Settings settings);
  ~AttachRelay();

  std::unique_ptr<io::Stream> attach(AttachWish wish);
  bool wants_output() const;  // somebody attached reads

  // For the MonitorClient. `stream`: 1 stdout, 2 stderr.
  void put_output(std::uint8_t stream, std::span<const std::byte> bytes);
  void connect(InputSink* sink);
  void disconnect(const InputSink* sink);  // gone for now: writers wait
  void end_of(const InputSink* sink);      // end(), unless another one has been connected
  void input_room_changed() { input_.notify_all(); }
  // All streams end, and later ones are attached to nothing until begin_again() (a container's next start).
  void end();
  void begin_again();

 private:
  friend class AttachedStream;
  explicit AttachRelay(Settings settings);
  void leave(AttachedStream& stream);
  void tell_whether_output_is_wanted();
  void end_input();

  Settings settings_;
  std::vector<AttachedStream*> streams_;
  InputSink* sink_ = nullptr;
  bool wanted_ = false, ended_ = false, input_ended_ = false;
  io::Condition input_{"standard input to be taken"};
};

}  // namespace podo::engine
