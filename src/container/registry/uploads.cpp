#include "container/registry/uploads.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/combine.h"
#include "container/registry_client/state.h"

namespace podo::registry {
namespace {

constexpr std::string_view keys = "registry/upload/";
constexpr std::size_t piece_bytes = 256 << 10;
constexpr Duration stalled_after = seconds(60);

using Piece = std::shared_ptr<std::string>;

Piece make_piece(std::uint64_t size_hint) {
  const std::uint64_t bytes = size_hint == 0 ? piece_bytes : std::min<std::uint64_t>(size_hint, piece_bytes);
  return std::make_shared<std::string>(static_cast<std::size_t>(bytes), '\0');
}

// Until the piece is full or the body has ended; `filled` also says what came before it broke.
Task<void> fill(http::Body& body, std::string& piece, std::size_t& filled, Clock& clock, Monotonic& moved) {
  while (filled < piece.size()) {
    const std::size_t count = co_await body.read(io::writable_bytes_of(piece).subspan(filled));
    if (count == 0) co_return;
    filled += count;
    moved = clock.now();
  }
}

enum class Last : bool { no, yes };  // the file is closed: many may wait for their clients to go on

Task<void> put_down(io::BlockingPool& pool, std::shared_ptr<UploadFile> file, Piece piece, std::size_t count,
                    Last last) {
  co_await pool.run([file, piece, count, last] {
    Result<> appended = file->append(std::string_view(*piece).substr(0, count));
    if (last == Last::yes) file->file = io::Fd();
    return appended;
  });
}

// Fails as soon as somebody else goes on with the upload.
Task<void> watch_for_others(const Upload& upload, std::uint64_t turn, io::Condition& changed) {
  while (upload.turn == turn) co_await changed.wait();
  co_await conflict("somebody else goes on with this upload");
}

Task<void> joined(io::TaskGroup& group) { co_await group.join(); }

}  // namespace

std::string Uploads::new_id() {
  std::string id = text("{:x}-{:x}", ground_.random.next(), ground_.random.next());
  return id;
}

std::string Uploads::fresh_path() { return path_of("new-" + new_id()); }

Task<void> Uploads::open() {
  std::map<std::string, std::string> known;
  store::Pages pages(ground_.store, store::Range::prefix(keys));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries)
      known.emplace(entry.key().substr(keys.size()), entry.value());
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  if (!folder) co_await failed_errno(errno, "list {}", folder_);
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    struct stat status;
    const auto upload = known.find(name);
    if (upload == known.end() || ::stat(path_of(name).c_str(), &status) != 0) {
      ::unlink(path_of(name).c_str());
      continue;
    }
    auto found = std::make_shared<Upload>(name, upload->second);
    found->file = std::make_shared<UploadFile>(path_of(name), crypto::DigestAlgorithm::sha256);
    found->file->size = static_cast<std::uint64_t>(status.st_size);
    found->file->digested = found->file->size == 0;
    found->recorded = true;
    found->touched = ground_.clock.now();
    uploads_[name] = std::move(found);
    known.erase(upload);
  }
  for (const auto& [id, repository] : known)  // without a file
    co_await store::remove(ground_.store, store::Range::key(std::string(keys) + id),
                           store::Durability::relaxed);
}

Task<UploadPtr> Uploads::begin(std::string repository, crypto::DigestAlgorithm algorithm,
                               Resumable resumable) {
  auto upload = std::make_shared<Upload>(new_id(), std::move(repository));
  upload->file = std::make_shared<UploadFile>(path_of(upload->id), algorithm);
  upload->touched = ground_.clock.now();
  uploads_[upload->id] = upload;
  if (resumable == Resumable::no) co_return upload;
  co_await upload->file->append("");  // the file is there from now on
  upload->recorded = true;
  co_await store::write(ground_.store, std::string(keys) + upload->id, upload->repository,
                        store::Durability::relaxed);
  co_return upload;
}

UploadPtr Uploads::find(std::string_view repository, std::string_view id) const {
  const auto found = uploads_.find(id);
  return found == uploads_.end() || found->second->repository != repository ? nullptr : found->second;
}

Task<std::uint64_t> Uploads::take_over(UploadPtr upload) {
  const std::uint64_t turn = ++upload->turn;
  changed_.notify_all();
  while (upload->busy) co_await changed_.wait();
  if (upload->turn != turn) co_await conflict("somebody else goes on with this upload");
  co_return turn;
}

Task<void> Uploads::receive(UploadPtr upload, std::uint64_t turn, http::Body& body, std::uint64_t size_hint) {
  struct Busy {
    Uploads& uploads;
    Upload& upload;
    ~Busy() {
      upload.busy = false;
      upload.touched = uploads.ground_.clock.now();
      uploads.changed_.notify_all();
    }
  };
  if (upload->turn != turn || upload->busy) co_await conflict("somebody else goes on with this upload");
  upload->busy = true;
  const Busy busy{*this, *upload};
  Monotonic moved = ground_.clock.now();
  co_await io::first(receive_pieces(upload, body, size_hint, moved),
                     image::watch_for_stall(ground_.clock, moved, stalled_after),
                     watch_for_others(*upload, turn, changed_));
}

Task<void> Uploads::receive_pieces(UploadPtr upload, http::Body& body, std::uint64_t size_hint,
                                   Monotonic& moved) {
  io::TaskGroup writing(co_await io::this_loop());
  Piece pieces[2] = {make_piece(size_hint), nullptr};
  for (unsigned i = 0;; i ^= 1) {
    if (pieces[i] == nullptr) pieces[i] = make_piece(size_hint);
    std::size_t filled = 0;
    Result<> read = co_await fill(body, *pieces[i], filled, ground_.clock, moved).result();
    co_await io::shielded(joined(writing));  // the other piece is free
    moved = ground_.clock.now();             // a slow disk is no stalled client
    const bool more = read && filled == pieces[i]->size();
    writing.spawn(put_down(ground_.pool, upload->file, pieces[i], filled, more ? Last::no : Last::yes));
    if (more) continue;
    co_await io::shielded(joined(writing));
    co_await std::move(read);
    co_return;
  }
}

Task<bool> Uploads::has_digest(UploadPtr upload, std::string digest) {
  return ground_.pool.run([file = upload->file, digest] { return file->has(digest); });
}

Task<void> Uploads::remove(UploadPtr upload) {
  ++upload->turn;
  changed_.notify_all();
  uploads_.erase(upload->id);
  ::unlink(upload->file->path.c_str());
  if (upload->recorded)
    co_await store::remove(ground_.store, store::Range::key(std::string(keys) + upload->id),
                           store::Durability::relaxed);
}

Task<void> Uploads::remove_older(Duration kept_for) {
  std::vector<UploadPtr> old;
  for (const auto& [id, upload] : uploads_)
    if (!upload->busy && upload->touched + kept_for < ground_.clock.now()) old.push_back(upload);
  for (UploadPtr& upload : old) {
    ground_.log.info("the upload {} to {} was given up", upload->id, upload->repository);
    co_await remove(std::move(upload));
  }
}

}  // namespace podo::registry
