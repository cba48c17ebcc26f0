// open_context(): from wherever it is, to a folder with its ignore rules.
#include "container/builder/context.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/builder/context_unpacker.h"
#include "container/builder/download.h"
#include "container/builder/git.h"
#include "container/copy/archive_stream.h"
#include "container/copy/content_copy.h"
#include "container/copy/stat_cache.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

constexpr std::size_t dockerfile_bytes_max = 16 << 20, ignore_bytes_max = 16 << 20;
constexpr std::size_t piece_bytes = 1 << 20, magic_bytes = 6;
constexpr std::string_view default_name = "Dockerfile";

// A file of the context, symlinks inside it followed; nothing if there is none.
Result<std::optional<std::string>> read_in(const std::string& folder, const std::string& name,
                                           std::size_t bytes_max) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY));
  const auto file = linux::open_below(root.get(), name.c_str(), O_RDONLY | O_NONBLOCK, linux::in_root);
  struct stat status{};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return TRY_IN(name, linux::read_all(file->get(), bytes_max));
}

class FolderContext final : public Context {
 public:
  FolderContext(io::BlockingPool& pool, std::string name, std::optional<std::string> text)
      : pool_(pool), name_(std::move(name)), text_(std::move(text)) {}
  Task<void> use(std::string folder, StatCache* digests);
  const Tree& tree() const override { return tree_; }
  Task<std::string> dockerfile() override { return read_dockerfile(); }
  StatCache& own_digests() { return *own_digests_; }
  const std::shared_ptr<StatCache>& shared_digests() { return own_digests_; }
  void use_default_name() { name_ = default_name; }

 private:
  Task<std::string> read_dockerfile();

  io::BlockingPool& pool_;
  std::string name_;
  std::optional<std::string> text_;
  std::shared_ptr<StatCache> own_digests_ = std::make_shared<StatCache>();
  dockerfile::IgnoreRules ignore_;
  Tree tree_;
};

// The rules of this Dockerfile alone, or else those of the folder.
Result<dockerfile::IgnoreRules> read_ignore_rules(const std::string& folder, const std::string& dockerfile) {
  for (const std::string& name : {dockerfile + ".dockerignore", std::string(".dockerignore")}) {
    const auto found = TRY(read_in(folder, name, ignore_bytes_max));
    if (found) return TRY_IN("error checking context", dockerfile::IgnoreRules::parse(*found));
  }
  return dockerfile::IgnoreRules();
}

Task<void> FolderContext::use(std::string folder, StatCache* digests) {
  ignore_ = co_await pool_.run([folder, name = name_] { return read_ignore_rules(folder, name); });
  tree_ = {.path = std::move(folder),
           .ignore = ignore_.empty() ? nullptr : &ignore_,
           .digests = digests,
           .keep_owner = false};
}

Result<std::string> find_dockerfile(const std::string& folder, const std::string& name) {
  auto found = TRY(read_in(folder, name, dockerfile_bytes_max));
  if (!found && name == default_name) found = TRY(read_in(folder, "dockerfile", dockerfile_bytes_max));
  if (!found) return invalid("Cannot locate specified Dockerfile: {}", name);
  if (found->empty()) return invalid("the Dockerfile ({}) cannot be empty", name);
  return *std::move(found);
}

Task<std::string> FolderContext::read_dockerfile() {
  if (text_) co_return *text_;
  co_return co_await pool_.run([folder = tree_.path, name = name_] { return find_dockerfile(folder, name); });
}

// --- an archive that comes

// Not compressed by anything that needs a program: unpacked as it comes.
struct Unpacking {
  std::shared_ptr<StatCache> digests;  // outlives a cancelled build's last piece
  std::unique_ptr<ContextUnpacker> unpacker;
  image::Decoder decoder;

  Result<> take(std::string_view bytes) {
    decoder.feed(bytes);
    return drain();
  }
  Result<> finish() {
    decoder.finish();
    TRY(drain());
    return unpacker->finish();
  }
  Result<> drain() {
    for (;;) {
      const std::string_view piece = TRY(decoder.next());
      if (piece.empty()) return {};
      TRY(unpacker->take(piece));
    }
  }
};

using Piece = std::shared_ptr<std::string>;

// At least `least` bytes unless the end comes before.
Task<Piece> read_piece(http::Body& body, std::size_t least) {
  auto piece = std::make_shared<std::string>(piece_bytes, '\0');
  std::size_t filled = 0;
  do {
    const std::size_t count = co_await body.read(io::writable_bytes_of(*piece).subspan(filled));
    filled += count;
    if (count == 0) break;
  } while (filled < least);
  piece->resize(filled);
  co_return piece;
}

// The next piece is read while one is worked on.
template <class Take>
Task<void> for_each_piece(io::BlockingPool& pool, http::Body& body, Piece piece, Take take) {
  while (!piece->empty()) {
    auto both = co_await io::all(read_piece(body, piece_bytes / 4),
                                 pool.run([take, piece]() -> Result<> { return take(*piece); }));
    piece = std::move(std::get<0>(both));
  }
}

Task<void> unpack_body(ContextGround ground, http::Body& body, std::string folder,
                       std::shared_ptr<StatCache> digests) {
  Piece piece = co_await read_piece(body, magic_bytes);
  if (!expanding_program(*piece).empty()) {
    const std::string path = folder + ".archive";
    auto file = std::make_shared<io::Fd>(
        co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    ::unlink(path.c_str());  // it lives as long as it is open
    co_await for_each_piece(ground.pool, body, piece,
                            [file](std::string_view bytes) { return write_all(file->get(), bytes); });
    co_await ground.pool.run([=, most = ground.bytes_max]() -> Result<> {
      return unpack_context(file->get(), folder, *digests, most);
    });
    co_return;
  }
  auto unpacking = std::make_shared<Unpacking>(
      digests, co_await ContextUnpacker::open(folder, *digests, ground.bytes_max), image::Decoder());
  co_await for_each_piece(ground.pool, body, piece,
                          [unpacking](std::string_view bytes) { return unpacking->take(bytes); });
  co_await ground.pool.run([unpacking] { return unpacking->finish(); });
}

// --- a remote

// An archive, or a Dockerfile without anything else: true.
Result<bool> use_download(const std::string& path, const std::string& folder, StatCache& digests,
                          std::uint64_t bytes_max, const std::string& url) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW));
  if (TRY(is_archive(file.get()))) {
    TRY(unpack_context(file.get(), folder, digests, bytes_max));
    return false;
  }
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return failed_errno(errno, "seek");
  const std::string text = TRY_IN(url, linux::read_all(file.get(), dockerfile_bytes_max));
  if (text.contains('\0')) return invalid("{} is neither a Dockerfile nor an archive", url);
  const std::string place = folder + "/" + std::string(default_name);
  const io::Fd out = TRY(linux::open_at(AT_FDCWD, place.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
  TRY(write_all(out.get(), text));
  return true;
}

Task<std::string> fetch_remote(ContextGround ground, std::string folder, std::string url,
                               FolderContext& context) {
  if (auto git = parse_git_url(url, GitShorthand::github)) {
    const Checkout checkout = co_await check_out(ground, folder, co_await std::move(*git), false);
    co_return checkout.folder;
  }
  if (!is_url(url))
    co_return invalid("unable to prepare context: \"{}\" is neither a URL nor a git repository", url);
  const std::string path = folder + ".download";
  const auto got = co_await download(ground, url, path).result();
  if (!got) co_return Failure(Error(got.error()).within(text("error downloading remote context {}", url)));
  const std::shared_ptr<StatCache> digests = context.shared_digests();
  const bool lone = co_await ground.pool.run([=, most = ground.bytes_max]() -> Result<bool> {
    const auto used = use_download(path, folder, *digests, most, url);
    ::unlink(path.c_str());
    return used;
  });
  if (lone) context.use_default_name();  // whatever it would be called in a context
  co_return folder;
}

Result<> check_folder(const std::string& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0)
    return not_found("unable to prepare context: path \"{}\" not found", folder);
  if (!S_ISDIR(status.st_mode))
    return invalid("unable to prepare context: \"{}\" is not a directory", folder);
  return {};
}

}  // namespace

Task<std::unique_ptr<Context>> open_context(ContextGround ground, std::string folder, ContextSource source,
                                            std::string dockerfile,
                                            std::optional<std::string> dockerfile_text) {
  auto context =
      std::make_unique<FolderContext>(ground.pool, std::move(dockerfile), std::move(dockerfile_text));
  if (!source.folder.empty()) {
    co_await ground.pool.run([folder = source.folder] { return check_folder(folder); });
    co_await context->use(source.folder, ground.digests);
    co_return std::unique_ptr<Context>(std::move(context));
  }
  co_await ground.pool.run([folder] { return image::make_folders(folder, 0700); });
  if (source.archive != nullptr)
    co_await unpack_body(ground, *source.archive, folder, context->shared_digests());
  else if (!source.remote.empty()) folder = co_await fetch_remote(ground, folder, source.remote, *context);
  co_await context->use(folder, &context->own_digests());
  co_return std::unique_ptr<Context>(std::move(context));
}

}  // namespace podo::builder
