#include <algorithm>
#include <cstring>

#include "base/format/tar.h"
#include "base/format/tar_number.h"

namespace podo::tar {
namespace {

constexpr std::size_t pieces_max = 1 << 17;  // of a sparse file

std::string_view field(const char* block, std::size_t at, std::size_t bytes) { return {block + at, bytes}; }
std::string_view name_in(const char* block, std::size_t at, std::size_t bytes) {
  std::string_view text = field(block, at, bytes);
  return text.substr(0, text.find('\0'));
}

bool is_zero(const char* block) {
  return std::all_of(block, block + block_bytes, [](char c) { return c == 0; });
}

Result<> check_sum(const char* block) {
  const std::int64_t told = TRY(read_number(field(block, 148, 8)));
  std::int64_t sum = 0, signed_sum = 0;  // some old writers added signed characters
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const char c = i >= 148 && i < 156 ? ' ' : block[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  if (told != sum && told != signed_sum) return corrupt("tar: a header's checksum is wrong");
  return {};
}

Result<Type> type_of(char flag) {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
    case 'S': return Type::file;
    case '1': return Type::hard_link;
    case '2': return Type::symlink;
    case '3': return Type::character_device;
    case '4': return Type::block_device;
    case '5': return Type::directory;
    case '6': return Type::fifo;
  }
  return unsupported("tar: a member of the unknown type '{}'", flag);
}

bool is_metadata(char flag) {
  return flag == 'x' || flag == 'X' || flag == 'g' || flag == 'L' || flag == 'K';
}

}  // namespace

Result<Reader::Event> Reader::next() {
  for (;;) {
    switch (state_) {
      case State::header: {
        const char* block = take_block();
        if (block == nullptr) {
          if (!finished_) return Event::want_more;
          if (!partial_.empty() || metadata_type_ != 0) return corrupt("tar: the archive is cut off");
          state_ = State::ended;
          break;
        }
        if (TRY(read_header(block))) return Event::entry;
        break;
      }
      case State::metadata:
        if (!TRY(gather_metadata())) return Event::want_more;
        break;
      case State::sparse_header: {
        const char* block = take_block();
        if (block == nullptr)
          return finished_ ? Result<Event>(corrupt("tar: the archive is cut off")) : Event::want_more;
        TRY(read_sparse_header(block));
        if (state_ == State::content) return Event::entry;
        break;
      }
      case State::sparse_map:
        if (!TRY(read_sparse_map())) return Event::want_more;
        return Event::entry;
      case State::content: {
        const Event event = TRY(content());
        if (state_ == State::content) return event;
        break;
      }
      case State::padding: {
        const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(padding_, input_.size()));
        input_.remove_prefix(count);
        padding_ -= count;
        if (padding_ == 0) state_ = State::header;
        else if (finished_) state_ = State::ended;  // some writers leave the last padding away
        else return Event::want_more;
        break;
      }
      case State::ended: input_ = {}; return Event::end;
    }
  }
}

const char* Reader::take_block() {
  if (partial_.size() == block_bytes) partial_.clear();  // the one before
  if (partial_.empty() && input_.size() >= block_bytes) {
    const char* block = input_.data();
    input_.remove_prefix(block_bytes);
    return block;
  }
  const std::size_t count = std::min(block_bytes - partial_.size(), input_.size());
  partial_.append(input_.substr(0, count));
  input_.remove_prefix(count);
  return partial_.size() == block_bytes ? partial_.data() : nullptr;
}

// True: entry_ is complete.
Result<bool> Reader::read_header(const char* block) {
  if (is_zero(block)) {
    if (saw_zeros_) state_ = State::ended;
    saw_zeros_ = true;
    return false;
  }
  saw_zeros_ = false;
  TRY(check_sum(block));
  const char flag = block[156];
  if (!is_metadata(flag)) {
    metadata_type_ = 0;
    TRY(read_member(block));
    return state_ == State::content;
  }
  left_ = TRY(read_size(field(block, 124, 12)));
  if (left_ > metadata_bytes_max)
    return exhausted("tar: {} bytes of names and records for one member", left_);
  padding_ = padding_of(left_);
  metadata_.clear();
  metadata_type_ = flag;
  state_ = State::metadata;
  return false;
}

Result<bool> Reader::gather_metadata() {
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size()));
  metadata_.append(input_.substr(0, count));
  input_.remove_prefix(count);
  left_ -= count;
  if (left_ > 0) return finished_ ? Result<bool>(corrupt("tar: the archive is cut off")) : false;
  state_ = State::padding;
  if (metadata_type_ == 'x' || metadata_type_ == 'X') {
    TRY(read_records());
  } else if (metadata_type_ == 'L' || metadata_type_ == 'K') {
    std::string name = metadata_.substr(0, metadata_.find('\0'));
    (metadata_type_ == 'L' ? ahead_.path : ahead_.link) = std::move(name);
    (metadata_type_ == 'L' ? ahead_.has_path : ahead_.has_link) = true;
  }  // records for all members hold nothing a file needs: a comment, a revision
  if (metadata_type_ == 'g') metadata_type_ = 0;
  return true;
}

Result<> Reader::read_member(const char* block) {
  entry_ = Entry();
  entry_.type = TRY(type_of(block[156]));
  read_names(block);
  TRY(read_owner(block));
  entry_.xattrs = std::move(ahead_.xattrs);
  if (entry_.type == Type::character_device || entry_.type == Type::block_device) {
    const std::uint64_t high = TRY(read_size(field(block, 329, 8))),
                        low = TRY(read_size(field(block, 337, 8)));
    if (high > UINT32_MAX || low > UINT32_MAX) return corrupt("tar: a device number is too large");
    entry_.device_major = static_cast<std::uint32_t>(high);
    entry_.device_minor = static_cast<std::uint32_t>(low);
  }
  std::uint64_t stored = ahead_.has_size ? ahead_.size : TRY(read_size(field(block, 124, 12)));
  if (entry_.type == Type::file && entry_.path.ends_with('/') && block[156] != '7')
    entry_.type = Type::directory;
  // POSIX lets a hard link carry its content again; those who write that are rare, and a size without content
  // is common. Nothing else has any.
  if (entry_.type != Type::file) stored = 0;
  TRY(start_content(block, stored));
  return {};
}

void Reader::read_names(const char* block) {
  const bool posix = std::memcmp(block + 257, "ustar\0", 6) == 0;
  if (ahead_.has_path) {
    entry_.path = std::move(ahead_.path);
  } else {
    entry_.path = name_in(block, 0, 100);
    std::string_view prefix = posix ? name_in(block, 345, 155) : std::string_view();
    if (!prefix.empty()) entry_.path.insert(0, "/").insert(0, prefix);
  }
  if (!ahead_.sparse_name.empty()) entry_.path = std::move(ahead_.sparse_name);
  if (ahead_.has_link) entry_.link = std::move(ahead_.link);
  else entry_.link = name_in(block, 157, 100);
}

Result<> Reader::read_owner(const char* block) {
  entry_.mode = static_cast<std::uint32_t>(TRY(read_number(field(block, 100, 8)))) & 07777;
  const std::int64_t uid = TRY(read_number(field(block, 108, 8))),
                     gid = TRY(read_number(field(block, 116, 8)));
  const std::uint64_t user = ahead_.has_uid ? ahead_.uid : static_cast<std::uint64_t>(uid);
  const std::uint64_t group = ahead_.has_gid ? ahead_.gid : static_cast<std::uint64_t>(gid);
  if (user >= UINT32_MAX || group >= UINT32_MAX) return corrupt("tar: an owner's id is too large");
  entry_.uid = static_cast<std::uint32_t>(user);
  entry_.gid = static_cast<std::uint32_t>(group);
  entry_.mtime_s = ahead_.has_mtime ? ahead_.mtime_s : TRY(read_number(field(block, 136, 12)));
  entry_.mtime_ns = ahead_.mtime_ns;
  return {};
}

Result<> Reader::start_content(const char* block, std::uint64_t stored) {
  const bool gnu_sparse = block[156] == 'S';
  left_ = entry_.size = stored;
  padding_ = padding_of(stored);
  pieces_.clear();
  piece_ = 0;
  piece_done_ = 0;
  Ahead ahead = std::exchange(ahead_, {});
  state_ = State::content;
  if (gnu_sparse) {
    entry_.size = TRY(read_size(field(block, 483, 12)));
    if (TRY(add_sparse_pieces(block + 386, 4)) && block[482] != 0) state_ = State::sparse_header;
    else TRY(use_pieces());
    return {};
  }
  if (!ahead.sparse || entry_.type != Type::file) {
    pieces_.push_back({0, stored});
    return {};
  }
  if (ahead.has_sparse_size) entry_.size = ahead.sparse_size;
  pieces_ = std::move(ahead.pieces);
  if (ahead.sparse_major == 1) {
    metadata_.clear();
    state_ = State::sparse_map;
    return {};
  }
  return use_pieces();
}

// False: the list ended here.
Result<bool> Reader::add_sparse_pieces(const char* at, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, at += 24) {
    if (at[0] == 0) return false;
    const std::uint64_t offset = TRY(read_size({at, 12})), bytes = TRY(read_size({at + 12, 12}));
    if (pieces_.size() == pieces_max) return exhausted("tar: a file of more than {} pieces", pieces_max);
    pieces_.push_back({offset, bytes});
  }
  return true;
}

Result<> Reader::read_sparse_header(const char* block) {
  if (TRY(add_sparse_pieces(block, 21)) && block[504] != 0) return {};
  state_ = State::content;
  return use_pieces();
}

// The map of GNU's format 1.0 stands before the content: lines with a count, then offsets and sizes, then
// zeros to the end of the block. False: more of it is to come.
Result<bool> Reader::read_sparse_map() {
  for (;;) {
    const std::size_t wanted = block_bytes - metadata_.size() % block_bytes;
    const std::size_t count = std::min(wanted, input_.size());
    if (left_ < wanted || metadata_.size() > metadata_bytes_max)
      return corrupt("tar: the map of a sparse file is damaged");
    metadata_.append(input_.substr(0, count));
    input_.remove_prefix(count);
    if (count < wanted && finished_) return corrupt("tar: the archive is cut off");
    if (count == 0 || metadata_.size() % block_bytes != 0) return false;
    left_ -= block_bytes;
    const auto lines = static_cast<std::size_t>(std::count(metadata_.begin(), metadata_.end(), '\n'));
    if (lines == 0) continue;
    std::string_view rest = metadata_;
    auto line = [&rest]() -> Result<std::uint64_t> {
      const std::size_t end = rest.find('\n');
      std::uint64_t value = TRY(read_decimal(rest.substr(0, end)));
      rest.remove_prefix(end + 1);
      return value;
    };
    const std::uint64_t pieces = TRY(line());
    if (pieces > pieces_max) return exhausted("tar: a file of more than {} pieces", pieces_max);
    if (lines < 1 + 2 * pieces) continue;
    for (std::uint64_t i = 0; i < pieces; ++i) {
      const std::uint64_t offset = TRY(line());
      pieces_.push_back({offset, TRY(line())});
    }
    state_ = State::content;
    TRY(use_pieces());
    return true;
  }
}

// In order, within the file, and together as long as what is stored.
Result<> Reader::use_pieces() {
  std::uint64_t end = 0, sum = 0;
  for (const Piece& piece : pieces_) {
    if (piece.offset < end || piece.offset > entry_.size || piece.bytes > entry_.size - piece.offset)
      return corrupt("tar: the pieces of a sparse file do not fit it");
    end = piece.offset + piece.bytes;
    sum += piece.bytes;
  }
  if (sum != left_) return corrupt("tar: the pieces of a sparse file do not fit it");
  return {};
}

// Leaves State::content when the member is through.
Result<Reader::Event> Reader::content() {
  if (left_ == 0) {
    state_ = State::padding;
    return Event::data;
  }
  while (piece_done_ == pieces_[piece_].bytes) {
    ++piece_;
    piece_done_ = 0;
  }
  if (input_.empty())
    return finished_ ? Result<Event>(corrupt("tar: the archive is cut off")) : Event::want_more;
  const Piece& piece = pieces_[piece_];
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(piece.bytes - piece_done_, input_.size()));
  data_ = input_.substr(0, count);
  data_offset_ = piece.offset + piece_done_;
  input_.remove_prefix(count);
  piece_done_ += count;
  left_ -= count;
  return Event::data;
}

}  // namespace podo::tar
