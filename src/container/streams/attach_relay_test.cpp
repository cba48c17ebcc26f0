#include "container/streams/attach_relay.h"

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"

namespace podo::engine {
namespace {

using io::Task;

// Keeps what it is given; takes as much as `room` says.
struct Sink final : InputSink {
  std::size_t input_room() const override { return room; }
  void put_input(std::span<const std::byte> bytes) override {
    room -= bytes.size();
    taken.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void close_input() override { closed = true; }
  void forward_output(bool wanted) override { forwarded = wanted; }
  std::size_t room = 0;
  std::string taken;
  bool closed = false, forwarded = false;
};

std::shared_ptr<AttachRelay> relay_of(bool tty, std::size_t memory = 64, std::uint64_t file = 1 << 20) {
  return AttachRelay::make({.tty = tty, .spill_folder = "/tmp", .memory_max = memory, .file_max = file});
}

void put(AttachRelay& relay, std::uint8_t stream, std::string_view bytes) {
  relay.put_output(stream, io::bytes_of(bytes));
}

TEST_CASE("a client that reads late gets everything, from memory and from a file") {
  io::EpollLoop loop;
  auto relay = relay_of(true);
  auto stream = relay->attach({.out = true});
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    std::string line = text("line {}\n", i);
    put(*relay, 1, line);
    expected += line;
    if (i != 500) continue;
    std::string some(100, '\0');  // from both at once
    auto count = loop.run(stream->read(io::writable_bytes_of(some)));
    REQUIRE(count.has_value());
    CHECK(some.substr(0, *count) == expected.substr(0, *count));
    expected.erase(0, *count);
  }
  relay->end();
  CHECK(loop.run(io::read_to_end(*stream, 1 << 20)) == expected);
}

TEST_CASE("a client that falls too far behind gets an error, the others nothing of it") {
  io::EpollLoop loop;
  auto relay = relay_of(true, 64, 100);
  auto slow = relay->attach({.out = true});
  put(*relay, 1, std::string(60, 'x'));
  auto fast = relay->attach({.out = true});
  put(*relay, 1, std::string(60, 'x'));
  put(*relay, 1, std::string(60, 'x'));
  relay->end();
  auto read = loop.run(io::read_to_end(*slow, 1 << 20));
  REQUIRE(!read.has_value());
  CHECK(read.error().kind() == ErrorKind::exhausted);
  CHECK(loop.run(io::read_to_end(*fast, 1 << 20)) == std::string(120, 'x'));
}

TEST_CASE("frames carry their stream, and only what was wished for") {
  io::EpollLoop loop;
  auto relay = relay_of(false);
  Sink sink;
  relay->connect(&sink);
  CHECK(!sink.forwarded);
  auto both = relay->attach({.out = true, .err = true});
  CHECK(sink.forwarded);
  auto errors = relay->attach({.err = true});
  put(*relay, 1, "out");
  put(*relay, 2, "err");
  relay->end();
  CHECK(loop.run(io::read_to_end(*both, 100)) == std::string("\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err", 22));
  CHECK(loop.run(io::read_to_end(*errors, 100)) == std::string("\2\0\0\0\0\0\0\3err", 11));
}

TEST_CASE("output is forwarded only while somebody reads") {
  auto relay = relay_of(false);
  Sink sink;
  relay->connect(&sink);
  auto writer = relay->attach({.in = true});
  CHECK(!sink.forwarded);
  auto reader = relay->attach({.out = true});
  CHECK(sink.forwarded);
  reader.reset();
  CHECK(!sink.forwarded);
}

TEST_CASE("input waits for room, and its end is told once it may be") {
  io::EpollLoop loop;
  auto relay = relay_of(false);
  Sink sink;
  auto stream = relay->attach({.in = true, .ends_input = true});
  auto write = [](io::Stream& to) -> Task<void> {
    co_await to.write(io::bytes_of("0123456789"));
    co_await to.finish();
  };
  auto make_room = [](AttachRelay& its, Sink& to) -> Task<void> {
    co_await io::yield();
    CHECK(to.taken.empty());
    its.connect(&to);
    for (std::size_t room : {4u, 6u}) {
      to.room = room;
      its.input_room_changed();
      co_await io::sleep(milliseconds(1));
    }
  };
  CHECK(loop.run(io::all(write(*stream), make_room(*relay, sink))).has_value());
  CHECK(sink.taken == "0123456789");
  CHECK(sink.closed);
}

TEST_CASE("a client that goes away closes the input only if it was to end it") {
  auto relay = relay_of(false);
  Sink sink;
  relay->connect(&sink);
  relay->attach({.in = true}).reset();
  CHECK(!sink.closed);
  relay->attach({.in = true, .ends_input = true}).reset();
  CHECK(sink.closed);
}

TEST_CASE("detach keys end the stream and nothing else; the beginning of them is passed on") {
  io::EpollLoop loop;
  auto relay = relay_of(true);
  Sink sink;
  sink.room = 100;
  relay->connect(&sink);
  bool detached = false;
  auto stream = relay->attach({.in = true,
                               .out = true,
                               .ends_input = true,
                               .detach_keys = std::string(default_detach_keys),
                               .detached = [&] { detached = true; }});
  auto type = [&](std::string_view keys) { CHECK(loop.run(stream->write(io::bytes_of(keys))).has_value()); };
  type("a\x10");
  CHECK(sink.taken == "a");
  type("b");
  CHECK(sink.taken ==
        "a\x10"
        "b");
  type("\x10\x10");
  CHECK(sink.taken ==
        "a\x10"
        "b\x10");
  CHECK(!detached);
  type("\x11");
  CHECK(detached);
  CHECK(!sink.closed);
  CHECK(loop.run(io::read_to_end(*stream, 100)) == "");
}

TEST_CASE("detach keys are named as in Docker") {
  CHECK(parse_detach_keys("ctrl-p,ctrl-q") == "\x10\x11");
  CHECK(parse_detach_keys("a,ctrl-[,ctrl-@") == std::string("a\x1b\0", 3));
  for (std::string_view wrong : {"ctrl-P", "ctrl-", "ab", "ctrl-p,,x"}) {
    auto parsed = parse_detach_keys(wrong);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().message() == text("Invalid detach keys ({}) provided", wrong));
  }
}

}  // namespace
}  // namespace podo::engine
