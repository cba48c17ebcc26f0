// tar: file trees as a stream. Reads v7, ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU archives, sparse
// files of all their spellings included; writes ustar, with pax records where ustar has no room.
//
//   archive := member* zeros(512) zeros(512) anything
//   member  := header content padding to 512
//   header  := name:100 mode:8 uid:8 gid:8 size:12 mtime:12 checksum:8 type:1 link:100 magic:6 version:2
//              user:32 group:32 major:8 minor:8 prefix:155 unused:12
//   number  := octal digits, blanks or zeros around them | 80 big-endian | ff two's complement
//   magic   := "ustar\0" (with a prefix) | "ustar " (GNU: 386 holds sparse pieces instead) | else v7
//   type    := '0' '\0' '7' file  '1' hard link  '2' symlink  '3' '4' devices  '5' directory  '6' fifo
//            | 'x' pax records for the next member  'g' for all that follow
//            | 'L' 'K' the next member's name, link
//            | 'S' GNU sparse file
//   record  := length ' ' key '=' value '\n'           length counts all of it, in decimal
//
// Values only: no I/O. The input is hostile; what is damaged, too large for its place or of an unknown kind
// is refused, and memory stays within metadata_bytes_max. Names are given as they stand: whoever makes files
// of them must keep them from leading elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/error.h"

namespace podo::tar {

inline constexpr std::size_t block_bytes = 512;
inline constexpr std::size_t metadata_bytes_max = 1 << 20;  // of one member's names and records

enum class Type : std::uint8_t { file, hard_link, symlink, character_device, block_device, directory, fifo };

struct Entry {
  Type type = Type::file;
  std::string path = {}, link = {};  // link: of symlinks and hard links
  std::uint32_t mode = 0;            // the lower twelve bits
  std::uint32_t uid = 0, gid = 0, device_major = 0, device_minor = 0;
  std::uint64_t size = 0;    // of a file, its holes included
  std::int64_t mtime_s = 0;  // since 1970, may be before it
  std::uint32_t mtime_ns = 0;
  std::vector<std::pair<std::string, std::string>> xattrs = {};
};

// The reader: bytes are fed as they come, events are taken until it wants more.
//
//   reader.feed(bytes);                       // must stay until the next want_more
//   switch (Reader::Event event = TRY(reader.next()); event) ...
//
//   events := ( entry data* )* end;  want_more anywhere
class Reader {
 public:
  enum class Event : std::uint8_t { want_more, entry, data, end };

  void feed(std::string_view bytes) { input_ = bytes; }
  void finish() { finished_ = true; }  // nothing more comes: the next answer is end, or corrupt
  Result<Event> next();

  const Entry& entry() const { return entry_; }
  // A piece of the file that the last `entry` told of, and where it lies in it. What no piece covers is zero.
  std::string_view data() const { return data_; }
  std::uint64_t data_offset() const { return data_offset_; }

 private:
  struct Piece {
    std::uint64_t offset, bytes;
  };
  // What pax records and long names say of the next member.
  struct Ahead {
    std::string path, link, sparse_name;
    bool has_path = false, has_link = false, has_size = false, has_mtime = false, has_uid = false,
         has_gid = false;
    std::uint64_t size = 0, uid = 0, gid = 0, sparse_size = 0;
    std::int64_t mtime_s = 0;
    std::uint32_t mtime_ns = 0;
    bool has_sparse_size = false;
    std::uint32_t sparse_major = 0;
    std::vector<Piece> pieces;  // sparse 0.0 and 0.1
    bool sparse = false;
    std::vector<std::pair<std::string, std::string>> xattrs;
  };
  enum class State : std::uint8_t { header, metadata, sparse_header, sparse_map, content, padding, ended };

  Result<Event> content();
  const char* take_block();  // null: not all of it has come
  Result<bool> read_header(const char* block);
  Result<> read_member(const char* block);
  void read_names(const char* block);
  Result<> read_owner(const char* block);
  Result<> start_content(const char* block, std::uint64_t stored);
  Result<> read_sparse_header(const char* block);
  Result<bool> add_sparse_pieces(const char* at, std::size_t count);
  Result<bool> read_sparse_map();
  Result<> use_pieces();
  Result<bool> gather_metadata();
  Result<> read_record(std::string_view key, std::string_view value);
  Result<> read_sparse_record(std::string_view key, std::string_view value);
  Result<> read_records();

  std::string_view input_, data_;
  std::string partial_;   // the beginning of a block
  std::string metadata_;  // of an x, L or K member; the map of a sparse file
  char metadata_type_ = 0;
  std::uint64_t left_ = 0;     // of the content, as it is stored
  std::uint64_t padding_ = 0;  // behind it
  std::uint64_t data_offset_ = 0;
  std::vector<Piece> pieces_;  // of this member; one for a file without holes
  std::size_t piece_ = 0;
  std::uint64_t piece_done_ = 0;
  Entry entry_;
  Ahead ahead_;
  State state_ = State::header;
  bool finished_ = false, saw_zeros_ = false;
};

// The writer: what stands before a member's content; pax records come first when ustar has no room.
Result<std::string> header_of(const Entry& entry);  // Invalid: a name with a zero byte, a time out of range
constexpr std::size_t padding_of(std::uint64_t size) {
  return static_cast<std::size_t>((block_bytes - size % block_bytes) % block_bytes);
}
inline std::string end_of_archive() { return std::string(2 * block_bytes, '\0'); }

}  // namespace podo::tar
