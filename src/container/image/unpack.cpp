#include "container/image/unpack.h"

#include <fcntl.h>

#include "base/crypto/digest.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/image/decoder.h"

namespace podo::image {
namespace {

constexpr std::size_t batch_bytes = 1 << 20, read_bytes = 256 << 10;

// The first half. One call at a time, on any thread.
class Source {
 public:
  static Result<std::shared_ptr<Source>> open(const std::string& blob) {
    auto source = std::make_shared<Source>();
    source->file_ = TRY(linux::open_at(AT_FDCWD, blob.c_str(), O_RDONLY));
    source->input_.resize(read_bytes);
    return source;
  }
  // About batch_bytes of the tar stream; nothing at its end. `batch` lends its memory.
  Result<std::string> expand(std::string batch) {
    batch.clear();
    batch.reserve(batch_bytes + read_bytes);
    while (batch.size() < batch_bytes) {
      std::string_view piece = TRY(decoder_.next());
      batch += piece;
      if (!piece.empty()) continue;
      if (at_end_) break;
      const ssize_t count = ::read(file_.get(), input_.data(), input_.size());
      if (count < 0) return failed_errno(errno, "read a blob");
      at_end_ = count == 0;
      if (at_end_) decoder_.finish();
      else decoder_.feed(std::string_view(input_).substr(0, static_cast<std::size_t>(count)));
      read_ += static_cast<std::uint64_t>(count);
    }
    digest_.add(batch);
    return batch;
  }
  std::string diff_id() const { return digest_.text(); }
  std::uint64_t bytes_read() const { return read_; }

 private:
  io::Fd file_;
  std::string input_;
  Decoder decoder_;
  crypto::Digest digest_;
  std::uint64_t read_ = 0;
  bool at_end_ = false;
};

// The second half.
struct Sink {
  tar::Reader reader;
  LayerWriter writer;

  Result<> take(std::string_view bytes) {
    reader.feed(bytes);
    for (;;) {
      switch (TRY(reader.next())) {
        case tar::Reader::Event::want_more: return {};
        case tar::Reader::Event::entry: TRY(writer.add(reader.entry())); break;
        case tar::Reader::Event::data: TRY(writer.write(reader.data_offset(), reader.data())); break;
        case tar::Reader::Event::end: return {};
      }
    }
  }
  Result<> finish() {
    reader.finish();
    TRY(take({}));
    return writer.finish();
  }
};

}  // namespace

Task<Unpacked> unpack_blob(io::BlockingPool& pool, std::string blob, std::string folder, LayerLimits limits,
                           UnpackProgress progress) {
  auto source = co_await Source::open(blob);
  auto sink = std::make_shared<Sink>(tar::Reader(), co_await LayerWriter::open(folder, limits));
  std::string batch = co_await pool.run([source] { return source->expand({}); });
  std::string spare;
  while (!batch.empty()) {
    progress(source->bytes_read());
    // The work owns what it touches, so it keeps halves and batch alive when this task is cancelled.
    auto full = std::make_shared<std::string>(std::move(batch));
    auto lent = std::make_shared<std::string>(std::move(spare));
    auto both = co_await io::all(pool.run([source, lent] { return source->expand(std::move(*lent)); }),
                                 pool.run([sink, full] { return sink->take(*full); }));
    batch = std::move(std::get<0>(both));
    spare = std::move(*full);
  }
  co_await pool.run([sink] { return sink->finish(); });
  progress(source->bytes_read());
  co_return Unpacked{source->diff_id(), sink->writer.bytes()};
}

}  // namespace podo::image
