// An engine for the tests of this room, whose commands are words with a meaning. Its containers' own
// processes are `cat`.
//
//   "cat"            gives its input back until that ends    "print OUT ERR"   says both, ends with 0
//   "exit N"         ends with N                             "flood N"         N pieces of 32 KB
//   "sizes"          tells each size of its terminal         "wait"            until its input ends, in
// silence
#pragma once

#include <doctest/doctest.h>

#include <charconv>
#include <map>

#include "base/io/condition.h"
#include "base/io/socket.h"
#include "cluster/node_api/refusing_engine_testing.h"

namespace podo::node_api {

class ScriptedEngine final : public RefusingEngine {
 public:
  explicit ScriptedEngine(io::EpollLoop& loop) : loop_(loop), processes_(loop) {}

  std::vector<std::string> log;              // pieces, framed
  bool log_goes_on = false;                  // until `more` is told
  engine::LogOptions log_options;            // as they were asked for
  std::map<std::string, std::string> input;  // of processes: what they have read
  int input_ended = 0, running = 0;
  std::size_t flooded = 0;  // pieces that were taken
  io::Condition more{"more of a scripted log"};

  Task<std::string> create_exec(std::string, docker::ExecConfig config) override {
    engine::Exec exec;
    exec.id = text("e{}", execs_.size() + 1);
    exec.config = std::move(config);
    execs_[exec.id] = exec;
    co_return exec.id;
  }
  Result<engine::ExecPtr> get_exec(std::string_view id) const override {
    return std::make_shared<const engine::Exec>(execs_.at(std::string(id)));
  }
  Task<std::unique_ptr<io::Stream>> start_exec(std::string id, ExecStart how) override {
    engine::Exec& exec = execs_.at(id);
    if (how.console_size) sizes_ += text("{}x{} ", (*how.console_size)[1], (*how.console_size)[0]);
    if (exec.config.cmd[0] == "missing") co_return invalid("no such program");
    co_return begin(exec);
  }
  Task<int> wait_exec(std::string id) override {
    while (!execs_.at(id).exit_code) co_await ended_.wait();
    co_return *execs_.at(id).exit_code;
  }
  Task<void> resize_exec(std::string, std::uint32_t height, std::uint32_t width) override {
    sizes_ += text("{}x{} ", width, height);
    more.notify_all();
    co_return;
  }
  Task<void> resize(std::string id, std::uint32_t height, std::uint32_t width) override {
    return resize_exec(std::move(id), height, width);
  }
  Task<std::unique_ptr<io::Stream>> attach(std::string id, engine::AttachOptions options) override {
    engine::Exec& exec = execs_[id];
    exec.id = id;
    exec.config.cmd = {"cat"};
    exec.config.attach_stdin = options.in;
    co_return begin(exec);
  }
  Task<std::unique_ptr<engine::LogReader>> logs(std::string, engine::LogOptions options) override {
    log_options = options;
    co_return std::make_unique<Reader>(*this);
  }
  // Port 7 echoes, 19 says "hello" and closes; nobody listens elsewhere.
  Task<std::unique_ptr<io::Stream>> connect_in_sandbox(std::string, std::uint16_t port) override {
    if (port != 7 && port != 19) co_return failed_errno(ECONNREFUSED, "connect to port {}", port);
    io::SocketPair pair = co_await io::socket_pair(loop_);
    processes_.spawn(serve_port(std::move(pair.left), port));
    co_return std::unique_ptr<io::Stream>(std::move(pair.right));
  }

  static std::string frame(int stream, std::string_view bytes) {
    std::string out{static_cast<char>(stream), 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift & 0xff);
    return out.append(bytes);
  }

 private:
  class Reader final : public engine::LogReader {
   public:
    explicit Reader(ScriptedEngine& of) : of_(of) {}
    Task<std::string> next() override {
      while (at_ == of_.log.size() && of_.log_goes_on) co_await of_.more.wait();
      co_return at_ == of_.log.size() ? "" : of_.log[at_++];
    }

   private:
    ScriptedEngine& of_;
    std::size_t at_ = 0;
  };

  std::unique_ptr<io::Stream> begin(engine::Exec& exec) {
    auto pair = io::socket_pair(loop_);
    REQUIRE(pair.has_value());
    exec.running = exec.started = true;
    ++running;
    processes_.spawn(run(exec, std::move(pair->left)));
    return std::move(pair->right);
  }

  Task<void> run(engine::Exec& exec, std::unique_ptr<io::Stream> stream) {
    const auto code = co_await process(exec, *stream).result();
    --running;
    stream.reset();
    co_await io::sleep(milliseconds(5));  // its exit code comes after its output has ended
    exec.exit_code = code.value_or(137);
    ended_.notify_all();
  }

  Task<int> process(engine::Exec& exec, io::Stream& stream) {
    const docker::Strings& words = exec.config.cmd;
    auto say = [&](int to, std::string_view bytes) {
      return io::write_text(stream, exec.config.tty ? std::string(bytes) : frame(to, bytes));
    };
    if (words[0] == "print") {
      co_await say(1, words[1]);
      co_await say(2, words[2]);
    } else if (words[0] == "flood") {
      for (int left = number(words[1]); left > 0; --left, ++flooded)
        co_await say(1, std::string(32 << 10, 'x'));
    } else if (words[0] == "sizes") {
      while (sizes_.empty()) co_await more.wait();
      co_await say(1, sizes_);
    } else if (words[0] == "exit") {
      co_return number(words[1]);
    }
    if (words[0] != "cat" && words[0] != "wait") co_return 0;
    std::string bytes(32 << 10, '\0');
    while (const std::size_t count = co_await stream.read(io::writable_bytes_of(bytes))) {
      input[exec.id] += bytes.substr(0, count);
      if (words[0] == "cat") co_await say(1, std::string_view(bytes).substr(0, count));
    }
    ++input_ended;
    co_return 0;
  }

  static Task<void> serve_port(std::unique_ptr<io::Stream> stream, std::uint16_t port) {
    if (port == 19) co_return co_await io::write_text(*stream, "hello");
    std::string bytes(1000, '\0');
    while (const std::size_t count = co_await stream->read(io::writable_bytes_of(bytes)))
      co_await io::write_text(*stream, bytes.substr(0, count));
    co_await io::write_text(*stream, "|end");
  }

  static int number(const std::string& word) {
    int value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  }

  io::EpollLoop& loop_;
  std::map<std::string, engine::Exec> execs_;
  std::string sizes_;
  io::Condition ended_{"the end of an exec"};
  io::TaskGroup processes_;  // dies first
};

}  // namespace podo::node_api
