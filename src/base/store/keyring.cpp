#include "base/store/keyring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/core/number.h"
#include "base/format/base64.h"
#include "base/io/fd.h"

namespace podo::store {

namespace {

constexpr std::size_t file_size_max = 64 << 10;

std::optional<KeyId> parse_id(std::string_view text) {
  return text.starts_with('0') ? std::nullopt : whole_number<KeyId>(text);
}

Result<Keyring::Key> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos)
    return invalid("a line is a key's number, a space and the key in base64");
  const auto id = parse_id(line.substr(0, space));
  if (!id) return invalid("a key's number is from 1 to 4294967295");
  auto bytes = TRY_IN(text("key {}", *id), base64::decode(line.substr(space + 1)));
  crypto::Secret secret(std::move(bytes));
  if (secret.size() != crypto::Aead::key_size)
    return invalid("key {} has {} bytes, not {}", *id, secret.size(), crypto::Aead::key_size);
  return Keyring::Key{*id, std::move(secret)};
}

// Whether anybody else could have read the keys, or put theirs there.
Result<> check_owner(const struct stat& file, const std::string& path) {
  if (!S_ISREG(file.st_mode)) return denied("{} is not a plain file", path);
  if (file.st_uid != 0 && file.st_uid != ::geteuid())
    return denied("{} belongs to user {}; a key file belongs to root or to the user who runs this", path,
                  file.st_uid);
  if ((file.st_mode & 077) != 0)
    return denied("others may read or change {} (mode {:o}): chmod 600 {}", path, file.st_mode & 07777, path);
  return {};
}

Result<crypto::Secret> read_key_file(int folder, const std::string& name, const std::string& path) {
  // A link could be turned to other keys by whoever owns it; a pipe would hold us.
  const io::Fd file(
      ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ELOOP) return denied("{} is a symbolic link; name the key file itself", path);
  if (!file) return failed_errno(errno, "open {}", path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed_errno(errno, "fstat {}", path);
  TRY(check_owner(status, path));

  std::string bytes(file_size_max + 1, '\0');  // at once: growing would leave copies of keys behind
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed_errno(errno, "read {}", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  crypto::Secret secret(std::move(bytes));
  if (size > file_size_max) return invalid("{} is larger than {} bytes", path, file_size_max);
  return secret;
}

// The file's folder, and its new contents beside it under another name until keep(). While that name is
// taken, nobody else rotates.
class Replacement {
 public:
  static Result<Replacement> begin(const std::string& path) {
    Replacement made;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    made.path_ = path;
    made.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
    made.folder_ = io::Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!made.folder_) return failed_errno(errno, "open {}", folder);
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    made.file_ = io::Fd(::openat(made.folder_.get(), made.temporary().c_str(), flags, 0600));
    if (!made.file_ && errno == EEXIST)
      return fail(
          ErrorKind::conflict,
          text("{}.new exists: another rotation is under way, or one was cut off; then remove it", path),
          EEXIST);
    if (!made.file_) return failed_errno(errno, "create {}.new", path);
    return made;
  }
  Replacement(Replacement&&) = default;
  Replacement& operator=(Replacement&&) = delete;
  ~Replacement() {
    if (file_) ::unlinkat(folder_.get(), temporary().c_str(), 0);
  }

  int folder() const { return folder_.get(); }
  const std::string& name() const { return name_; }

  Result<> keep(std::string_view contents) {
    while (!contents.empty()) {
      const ssize_t put = ::write(file_.get(), contents.data(), contents.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed_errno(errno, "write {}.new", path_);
      contents.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file_.get()) != 0) return failed_errno(errno, "fsync {}.new", path_);
    if (::renameat(folder_.get(), temporary().c_str(), folder_.get(), name_.c_str()) != 0)
      return failed_errno(errno, "rename {}.new", path_);
    file_.close();
    // Before anything is sealed with the key: it must not be lost while the values are there.
    if (::fsync(folder_.get()) != 0) return failed_errno(errno, "fsync the folder of {}", path_);
    return {};
  }

 private:
  Replacement() = default;
  std::string temporary() const { return name_ + ".new"; }

  std::string path_, name_;
  io::Fd folder_, file_;
};

// Where the first key's line begins: comments above it stay above. The text has a key, or whole lines only.
std::size_t first_key(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (text[at] == '#' || text[at] == '\n')) at = text.find('\n', at) + 1;
  return at;
}

constexpr std::string_view heading =
    "# The keys of a store, the newest first: it seals, the others open. Without them the sealed values are\n"
    "# lost. Keep a copy where the backups are not.\n";

}  // namespace

Result<Keyring> Keyring::parse(std::string_view text, std::string_view file) {
  Keyring ring;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    Key key = TRY_IN(podo::text("{}:{}", file, number), parse_line(line));
    const auto same = [&](const Key& other) { return other.id == key.id; };
    if (std::ranges::any_of(ring.keys_, same))
      return invalid("{}:{}: there is another key {} above", file, number, key.id);
    ring.keys_.push_back(std::move(key));
  }
  if (ring.keys_.empty()) return invalid("{} holds no key", file);
  return ring;
}

Result<Keyring> load_keyring(const std::string& path) {
  const crypto::Secret text = TRY(read_key_file(AT_FDCWD, path, path));
  return Keyring::parse(text.reveal(), path);
}

crypto::Secret make_key(Random& random) {
  std::string bytes(crypto::Aead::key_size, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return crypto::Secret(std::move(bytes));
}

Result<KeyId> rotate_keyring(const std::string& path, Random& random) {
  Replacement replacement = TRY(Replacement::begin(path));  // before reading: then nobody changes it between
  auto present = read_key_file(replacement.folder(), replacement.name(), path);
  if (!present && present.error().kind() != ErrorKind::not_found) return Failure(std::move(present).error());
  const std::string_view old = present ? present->reveal() : heading;
  KeyId id = 0;
  if (present) {
    const Keyring ring = TRY(Keyring::parse(old, path));
    for (const Keyring::Key& key : ring.keys()) id = std::max(id, key.id);
    if (id == UINT32_MAX) return exhausted("{} has key {}, the highest number there is", path, id);
  }
  ++id;
  const crypto::Secret encoded(base64::encode(make_key(random).reveal()));
  std::string contents;
  contents.reserve(old.size() + 80);  // once, so that there is one place to wipe
  contents.append(old.substr(0, first_key(old))).append(text("{} ", id));
  contents.append(encoded.reveal()).append("\n").append(old.substr(first_key(old)));
  const crypto::Secret kept(std::move(contents));
  if (kept.size() > file_size_max)
    return exhausted("{} would be larger than {} bytes: take out keys no value needs any more", path,
                     file_size_max);
  TRY(replacement.keep(kept.reveal()));
  return id;
}

}  // namespace podo::store
