#include "cli/store_view.h"

#include <algorithm>
#include <map>

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "base/format/json_writer.h"
#include "base/format/utf8.h"
#include "container/oci_cli/columns.h"

namespace podo::cli {
namespace {

using oci_cli::Columns;

constexpr std::size_t page_entries = 1024;
constexpr std::size_t prefixes_max = 20;
constexpr std::size_t piece_bytes = 64 << 10;

Result<> for_each(const store::Contents& contents, std::string_view prefix,
                  const std::function<Result<>(const store::Entry&)>& act) {
  store::Range rest = store::Range::prefix(prefix);
  for (bool more = true; more;) {
    store::Page page = TRY(contents.history->range(rest, page_entries, 0));
    for (const store::Entry& entry : page.entries) TRY(act(entry));
    more = page.more;
    if (more) rest.from = store::Range::key(page.entries.back().key()).to;
  }
  return {};
}

std::uint64_t log_bytes(const store::Contents& contents) {
  std::uint64_t bytes = 0;
  for (const store::SegmentRead& segment : contents.read.segments) bytes += segment.used_bytes;
  return bytes;
}

// --- stat -------------------------------------------------------------------------------------------------

struct Tally {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

struct Census {
  std::map<std::string, Tally, std::less<>> prefixes;
  std::map<store::KeyId, std::uint64_t> sealed;
};

// "pods/" of "pods/a", "/registry/" of "/registry/pods/a"; "" of what has no such part.
std::string_view first_part(std::string_view key) {
  std::size_t slash = key.find('/', 1);
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash + 1);
}

Census take_census(const store::Contents& contents) {
  Census census;
  (void)for_each(contents, "", [&](const store::Entry& entry) -> Result<> {
    std::string_view prefix = first_part(entry.key());
    auto place = census.prefixes.find(prefix);
    if (place == census.prefixes.end()) place = census.prefixes.emplace(prefix, Tally()).first;
    ++place->second.entries;
    place->second.bytes += entry.size();
    if (entry.block()->sealed) ++census.sealed[store::key_id_of(entry.value())];
    return {};
  });
  return census;
}

void describe_files(const store::Contents& contents, Columns& table) {
  const store::FolderRead& read = contents.read;
  table.row({"base", text("{}, {} bytes", store::base_name(read.base_file), read.base_bytes)});
  table.row({"log", text("{} batches, {} bytes", read.batches, log_bytes(contents))});
  std::size_t used = 0;
  std::uint64_t bytes = 0;
  for (const store::SegmentRead& segment : read.segments) {
    bytes += segment.file_bytes;
    if (segment.used_bytes > 0) ++used;
  }
  table.row({"segments", text("{} used, {} ahead, {} spare; {} bytes without the spare ones", used,
                              read.segments.size() - used, read.spares.size(), bytes)});
  table.row({"epoch", text("{}", read.end.epoch)});
  for (const store::LostRevisions& lost : read.lost)
    table.row({"lost", text("revisions {} to {}, in a crash", lost.after + 1, lost.through)});
}

std::string describe_prefixes(const Census& census) {
  std::vector<std::pair<std::string, Tally>> prefixes(census.prefixes.begin(), census.prefixes.end());
  std::ranges::stable_sort(prefixes,
                           [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  Columns table(3);
  table.row({"prefix", "keys", "bytes"});
  for (std::size_t i = 0; i < std::min(prefixes.size(), prefixes_max); ++i) {
    const auto& [prefix, tally] = prefixes[i];
    table.row(
        {prefix.empty() ? "(none)" : text("{}", prefix), text("{}", tally.entries), text("{}", tally.bytes)});
  }
  std::string out = table.take();
  if (prefixes.size() > prefixes_max) out += text("and {} more\n", prefixes.size() - prefixes_max);
  return out;
}

// --- dump -------------------------------------------------------------------------------------------------

bool is_utf8(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at != end) {
    std::size_t length = utf8::sequence_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void put_bytes(json::Writer& out, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes)) out.key(name).string(bytes);
  else out.key(text("{}_base64", name)).string(base64::encode(bytes));
}

std::string line_of(const store::Entry& entry) {
  json::Writer out;
  out.object();
  put_bytes(out, "key", entry.key());
  if (entry.block()->sealed) out.key("sealed").number(store::key_id_of(entry.value()));
  else put_bytes(out, "value", entry.value());
  out.key("created").number(entry.created()).key("modified").number(entry.modified());
  out.key("version").number(entry.version()).end();
  return out.take() + "\n";
}

}  // namespace

std::string counts_of(const store::Contents& contents) {
  store::Status status = contents.history->status();
  Columns table(3);
  table.row({"revision", text("{}", status.revision)});
  table.row({"keys", text("{}, {} bytes", status.entries, status.bytes)});
  if (contents.is_backup) return table.take();
  table.row({"log", text("{} batches, {} bytes, after revision {}", contents.read.batches,
                         log_bytes(contents), contents.read.base.revision)});
  table.row({"torn tail", text("{} bytes", contents.read.torn_bytes)});
  return table.take();
}

std::string describe_store(std::string_view path, const store::Contents& contents) {
  store::Status status = contents.history->status();
  Census census = take_census(contents);
  Columns table(3);
  table.row({contents.is_backup ? "backup" : "folder", std::string(path)});
  table.row({"store", text("{:x}", contents.read.base.store)});
  table.row({"revision", text("{}", status.revision)});
  if (!contents.is_backup) table.row({"history", text("from revision {} on", contents.read.base.revision)});
  table.row({"keys", text("{}, {} bytes", status.entries, status.bytes)});
  for (auto [id, count] : census.sealed) table.row({"sealed", text("{} values with key {}", count, id)});
  table.row({contents.is_backup ? "made" : "last write",
             contents.read.end.wall_ns == 0 ? "never" : rfc3339({contents.read.end.wall_ns})});
  if (contents.is_backup) table.row({"size", text("{} bytes", contents.read.base_bytes)});
  else describe_files(contents, table);
  return text("{}\n{}", table.take(), describe_prefixes(census));
}

Result<> dump_store(const store::Contents& contents, std::string_view prefix,
                    const std::function<Result<>(std::string_view)>& print) {
  std::string piece;
  TRY(for_each(contents, prefix, [&](const store::Entry& entry) -> Result<> {
    piece += line_of(entry);
    if (piece.size() < piece_bytes) return {};
    TRY(print(piece));
    piece.clear();
    return {};
  }));
  return print(piece);
}

}  // namespace podo::cli
