#include "container/copy/archive_stream.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/format/tar.h"
#include "base/linux/file.h"
#include "base/linux/spawn.h"

namespace podo::builder {
namespace {

constexpr std::size_t piece_bytes = 256 << 10, magic_bytes = 6;

Result<std::string> find_program(std::string_view name) {
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    const std::string path = text("{}/{}", folder, name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return unsupported("Unsupported: an archive compressed with {}, and the program {} is not installed", name,
                     name);
}

}  // namespace

std::string_view expanding_program(std::string_view beginning) {
  if (beginning.starts_with("BZh")) return "bzip2";
  if (beginning.starts_with("\xfd"
                            "7zXZ"))
    return "xz";
  return "";
}

// NAME -dc < archive
class ArchiveStream::Program {
 public:
  static Result<std::unique_ptr<Program>> start(std::string_view name, int archive);
  Program() = default;
  Program(const Program&) = delete;
  ~Program() {
    if (!runs_) return;
    ::kill(child_.pid, SIGKILL);
    (void)linux::reap(child_);
  }
  int output() const { return output_.get(); }
  Result<> end() {  // its output has ended
    runs_ = false;
    const linux::Ending ending = TRY(linux::reap(child_));
    if (!ending.succeeded()) return invalid("a damaged archive: {}: {}", name_, linux::describe(ending));
    return {};
  }

 private:
  std::string name_;
  linux::Child child_;
  io::Fd output_;
  bool runs_ = false;
};

Result<std::unique_ptr<ArchiveStream::Program>> ArchiveStream::Program::start(std::string_view name,
                                                                              int archive) {
  const std::string path = TRY(find_program(name));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_errno(errno, "make a pipe");
  auto program = std::make_unique<Program>();
  program->output_ = io::Fd(ends[0]);
  const io::Fd written(ends[1]);
  const io::Fd nowhere = TRY(linux::open_at(AT_FDCWD, "/dev/null", O_WRONLY));
  program->name_ = name;
  program->child_ = TRY_IN(path, linux::spawn({.path = path,
                                               .args = {std::string(name), "-dc"},
                                               .env = {"PATH=/usr/bin:/bin", "LC_ALL=C"},
                                               .directory = "/",
                                               .in = archive,
                                               .out = written.get(),
                                               .err = nowhere.get()}));
  program->runs_ = true;
  return program;
}

ArchiveStream::ArchiveStream(int file) : file_(file) {}
ArchiveStream::ArchiveStream(ArchiveStream&&) noexcept = default;
ArchiveStream::~ArchiveStream() = default;

Result<ArchiveStream> ArchiveStream::open(int file) {
  ArchiveStream stream(file);
  char magic[magic_bytes];
  const ssize_t count = ::pread(file, magic, sizeof magic, 0);
  if (count < 0) return failed_errno(errno, "read an archive");
  if (::lseek(file, 0, SEEK_SET) < 0) return failed_errno(errno, "seek");
  const std::string_view name = expanding_program({magic, static_cast<std::size_t>(count)});
  if (!name.empty()) stream.program_ = TRY(Program::start(name, file));
  stream.input_.resize(piece_bytes);
  return stream;
}

Result<std::string_view> ArchiveStream::next() {
  for (;;) {
    if (!program_) {
      if (const std::string_view piece = TRY(decoder_.next()); !piece.empty() || ended_) return piece;
    } else if (ended_) {
      return std::string_view();
    }
    const ssize_t count = ::read(program_ ? program_->output() : file_, input_.data(), input_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "read an archive");
    const std::string_view piece = std::string_view(input_).substr(0, static_cast<std::size_t>(count));
    ended_ = count == 0;
    if (!program_) {
      if (ended_) decoder_.finish();
      else decoder_.feed(piece);
    } else if (!ended_) {
      return piece;
    } else {
      TRY(program_->end());
    }
  }
}

Result<bool> is_archive(int file) {
  ArchiveStream stream = TRY(ArchiveStream::open(file));
  tar::Reader reader;
  for (;;) {
    const auto piece = stream.next();
    if (!piece) return false;  // compressed, but damaged: it is copied as it stands
    if (piece->empty()) return false;
    reader.feed(*piece);
    const auto event = reader.next();
    if (!event || *event == tar::Reader::Event::end) return false;
    if (*event == tar::Reader::Event::entry) return true;
  }
}

}  // namespace podo::builder
