#include "base/io/pipe.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "base/io/combine.h"

namespace podo::io {

TEST_CASE("a pipe carries more bytes than it holds, then ends") {
  EpollLoop loop;
  Pipe pipe = *open_pipe();
  FdStream reader(loop, std::move(pipe.read_end)), writer(loop, std::move(pipe.write_end));
  std::string sent(3 << 20, 'p');
  auto write_all = [&]() -> Task<void> {
    co_await writer.write(bytes_of(sent));
    co_await writer.finish();
  };
  auto read_all = [&]() -> Task<void> {
    CHECK_EQ((co_await read_to_end(reader, 4 << 20)).size(), sent.size());
  };
  CHECK(loop.run(all(write_all(), read_all())).has_value());
}

TEST_CASE("writing into a pipe nobody reads fails and does not kill") {
  EpollLoop loop;
  Pipe pipe = *open_pipe();
  pipe.read_end.close();
  FdStream writer(loop, std::move(pipe.write_end));
  CHECK_EQ(loop.run(write_text(writer, "x")).error().system_errno(), EPIPE);
}

TEST_CASE("reading stops at the limit and says what is missing") {
  EpollLoop loop;
  Pipe pipe = *open_pipe();
  FdStream reader(loop, std::move(pipe.read_end)), writer(loop, std::move(pipe.write_end));
  CHECK_EQ(reader.finish().error().kind(), ErrorKind::unsupported);
  CHECK(loop.run(write_text(writer, "12345678")).has_value());
  CHECK_EQ(loop.run(read_to_end(reader, 5)).error().kind(), ErrorKind::exhausted);
  CHECK(loop.run(write_text(writer, "abc")).has_value());
  CHECK(writer.finish().has_value());
  Result<std::string> shorter = loop.run(read_exactly(reader, 6));
  CHECK_EQ(shorter.error().kind(), ErrorKind::corrupt);
}

TEST_CASE("a file is a stream that never waits") {
  EpollLoop loop;
  FdStream file(loop, Fd(::open("/proc/self/status", O_RDONLY | O_CLOEXEC)));
  CHECK(loop.run(read_to_end(file, 1 << 20))->starts_with("Name:"));
}

}  // namespace podo::io
