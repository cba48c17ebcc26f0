// Pipes, terminals and whatever else is a descriptor with bytes in it, as streams on an EpollLoop.
#pragma once

#include "base/io/epoll_loop.h"
#include "base/io/stream.h"

namespace podo::io {

// A stream over one descriptor, which is made non-blocking: so never one whose open file another process
// shares and expects to block (the terminal that came as standard input). finish() closes it when it can only
// be written. A terminal whose other side is gone (EIO) has ended.
class FdStream final : public Stream {
 public:
  FdStream(EpollLoop& loop, Fd fd);

  Task<std::size_t> read(std::span<std::byte> into) override;
  Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  std::optional<Readiness> ready_;
};

struct Pipe {  // both ends close-on-exec and blocking: an end may become a child's stdio
  Fd read_end, write_end;
};
Result<Pipe> open_pipe();

}  // namespace podo::io
