// How a damaged store is made whole: see admin.h.
//
// The new base is complete before it has its name, and with its name it is the store: it is the newest, and
// its log begins behind every segment there is. Only then the old files are moved. A power cut before the
// name leaves the damaged store; one after it leaves some old files where they were, for the next opening
// to use up.
#include <algorithm>

#include "base/io/wait.h"
#include "base/store/admin.h"

namespace podo::store {
namespace {

class Repair {
 public:
  Repair(io::Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  Task<Repaired> perform(OnDamage keep) {
    Repaired repaired;
    FolderRead read = co_await read_what_there_is(keep);
    repaired.damages = read.damages;
    repaired.revision = read.end.last;
    if (read.damages.empty()) {
      repaired.entries = history_.status().entries;
      co_return repaired;
    }
    BaseHeader header = co_await header_behind_all(read);
    history_.skip_to(header.revision);
    BaseWritten written = co_await write(read.base_file + 1, header);
    repaired.revision = header.revision;
    repaired.entries = written.entries;
    repaired.aside = co_await move_aside(read);
    co_return repaired;
  }

 private:
  std::string path(std::string_view name) const { return text("{}/{}", folder_, name); }

  Task<FolderRead> read_what_there_is(OnDamage keep) {
    Result<FolderRead> read = co_await read_folder(disk_, folder_, nullptr, keep, history_).result();
    if (!read && read.error().kind() == ErrorKind::corrupt)
      co_return corrupt("{}; this cannot be repaired: restore a backup (podo store restore)",
                        read.error().message());
    co_return co_await std::move(read);
  }

  // Behind everything that any batch speaks of, those that are not kept too: their revisions were seen.
  Task<BaseHeader> header_behind_all(const FolderRead& read) {
    const LogEnd& end = read.end;
    BaseHeader header{.store = read.base.store,
                      .revision = std::max(end.last, end.reserved_until),
                      .segment = std::max(read.base.segment, last_segment(read)) + 1,
                      .number = end.number,
                      .previous = end.checksum,
                      .epoch = end.epoch,
                      .wall_ns = end.wall_ns};
    for (const SegmentRead& segment : read.segments) co_await look_through(segment, header);
    header.reserved_until = header.revision;
    header.exact_from = header.revision + 1;
    co_return header;
  }

  static std::uint64_t last_segment(const FolderRead& read) {
    std::uint64_t last = 0;
    for (const SegmentRead& segment : read.segments) last = std::max(last, segment.segment);
    return last;
  }

  Task<void> look_through(const SegmentRead& segment, BaseHeader& header) {
    std::string bytes =
        co_await io::read_file(disk_, path(segment_name(segment.segment)), std::size_t{1} << 31);
    Place place{.store = header.store, .segment = segment.segment, .offset = SegmentHeader::size};
    while (std::optional<BatchView> batch = find_batch(bytes, place)) {
      const BatchHeader& found = batch->header;
      header.revision = std::max({header.revision, found.last, found.reserved_until});
      header.number = std::max(header.number, found.number);
      header.epoch = std::max(header.epoch, found.epoch);
      header.wall_ns = std::max(header.wall_ns, found.wall_ns);
      place.offset = batch->offset + encoded_size(batch->payload.size());
    }
  }

  Task<BaseWritten> write(std::uint64_t number, BaseHeader header) {
    std::string unfinished = path(base_name(number) + ".new");
    (void)co_await disk_.remove(unfinished).result();
    std::unique_ptr<io::File> file =
        co_await disk_.open(unfinished, {.create = io::OpenOptions::Create::must_be_new});
    Sealing none;
    Result<BaseWritten> written = co_await write_base(*file, header, history_, none).result();
    if (!written) (void)co_await disk_.remove(unfinished).result();
    BaseWritten done = co_await std::move(written);
    co_await disk_.rename(unfinished, path(base_name(number)));
    co_await disk_.sync_folder(folder_);
    co_return done;
  }

  Task<std::string> move_aside(const FolderRead& read) {
    std::string aside = path(co_await free_name());
    co_await disk_.make_folder(aside);
    std::vector<std::string> names = {base_name(read.base_file)};
    for (std::uint64_t spare : read.spares) names.push_back(segment_name(spare));
    for (const SegmentRead& segment : read.segments) names.push_back(segment_name(segment.segment));
    for (const std::string& name : names) co_await disk_.rename(path(name), text("{}/{}", aside, name));
    co_await disk_.sync_folder(aside);
    co_await disk_.sync_folder(folder_);
    co_return aside;
  }

  Task<std::string> free_name() {
    std::vector<std::string> names = co_await disk_.list(folder_);
    for (unsigned n = 1;; ++n)
      if (std::string name = text("damaged-{}", n); !std::ranges::binary_search(names, name)) co_return name;
  }

  io::Disk& disk_;
  std::string folder_;
  History history_{0};
};

Task<std::unique_ptr<io::Lock>> lock_store(io::Disk& disk, std::string folder) {
  Result<std::unique_ptr<io::Lock>> lock = co_await disk.lock(folder + "/lock").result();
  if (!lock && lock.error().kind() == ErrorKind::conflict)
    co_return conflict("the store in {} is open in another process: stop that first", folder);
  co_return co_await std::move(lock);
}

}  // namespace

Task<Repaired> repair_store(io::Disk& disk, std::string folder, OnDamage keep) {
  std::vector<std::string> names = co_await disk.list(folder);
  if (std::ranges::none_of(names, [](const std::string& name) { return name.starts_with("base-"); }))
    co_return not_found("{} holds no store", folder);
  std::unique_ptr<io::Lock> lock = co_await lock_store(disk, folder);
  Repair repair(disk, std::move(folder));
  co_return co_await repair.perform(keep);
}

}  // namespace podo::store
