#include "base/format/tar.h"

#include <doctest/doctest.h>

#include "base/core/random.h"
#include "base/format/tar_number.h"

namespace podo::tar {
namespace {

struct Member {
  Entry entry;
  std::string content;  // holes as zeros
};

Result<std::vector<Member>> read(std::string_view archive, std::size_t piece_bytes = 1 << 20) {
  Reader reader;
  std::vector<Member> members;
  for (;;) {
    switch (TRY(reader.next())) {
      case Reader::Event::want_more: {
        const std::size_t count = std::min(piece_bytes, archive.size());
        reader.feed(archive.substr(0, count));
        archive.remove_prefix(count);
        if (count == 0) reader.finish();
        break;
      }
      case Reader::Event::entry:
        members.push_back({reader.entry(), {}});
        members.back().content.resize(std::min<std::uint64_t>(reader.entry().size, 1 << 20));
        break;
      case Reader::Event::data:
        members.back().content.replace(reader.data_offset(), reader.data().size(), reader.data());
        break;
      case Reader::Event::end: return members;
    }
  }
}

std::string padded(std::string content) {
  content.append(padding_of(content.size()), '\0');
  return content;
}
std::string member(const Entry& entry, const std::string& content = "") {
  auto header = header_of(entry);
  REQUIRE(header.has_value());
  return *header + padded(content);
}

// A header made by hand, for what the writer does not write.
std::string raw(char type, std::string_view name, std::uint64_t size, std::string_view magic,
                const std::vector<std::pair<std::size_t, std::string>>& fields = {}) {
  std::string block(512, '\0');
  auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  write_number(block.data() + 124, 12, static_cast<std::int64_t>(size));
  put(136, "00000000012");
  block[156] = type;
  put(257, magic);
  for (const auto& [at, text] : fields) put(at, text);
  put(148, "        ");
  std::int64_t sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  write_number(block.data() + 148, 7, sum);
  return block;
}
const std::string gnu("ustar  \0", 8), posix(
                                           "ustar\0"
                                           "00",
                                           8);

std::string records(const std::vector<std::pair<std::string, std::string>>& list) {
  std::string out;
  for (const auto& [key, value] : list) {
    std::size_t length = key.size() + value.size() + 3;
    while (text("{}", length).size() + key.size() + value.size() + 3 != length) ++length;
    out += text("{} {}={}\n", length, key, value);
  }
  return raw('x', "records", out.size(), posix) + padded(out);
}

template <class T>
std::optional<ErrorKind> kind(const Result<T>& result) {
  if (result) return {};
  return result.error().kind();
}

}  // namespace

TEST_CASE("what the writer writes the reader reads, whatever the pieces") {
  std::vector<Member> wanted;
  auto add = [&](Entry entry, std::string content = "") {
    entry.size = content.size();
    wanted.push_back({std::move(entry), std::move(content)});
  };
  add({.path = "plain", .mode = 0644, .uid = 1, .gid = 2, .mtime_s = 1700000000}, "hello");
  add({.path = "empty", .mode = 04755});
  add({.type = Type::directory, .path = "folder/", .mode = 01777});
  add({.type = Type::symlink, .path = "link", .link = "../" + std::string(300, 'l'), .mode = 0777});
  add({.type = Type::hard_link, .path = "hard", .link = "plain"});
  add({.type = Type::character_device, .path = "null", .mode = 0666, .device_major = 1, .device_minor = 3});
  add({.type = Type::block_device, .path = "disk", .device_major = 259, .device_minor = 1048575});
  add({.type = Type::fifo, .path = "pipe"});
  add({.path = std::string(90, 'a') + "/" + std::string(90, 'b')}, std::string(512, 'x'));     // a prefix
  add({.path = std::string(200, 'c') + "/" + std::string(200, 'd')}, std::string(1000, 'y'));  // a record
  add({.path = "ids", .uid = 4000000000u, .gid = 2097152});
  add({.path = "times", .mtime_s = -2, .mtime_ns = 750'000'000});
  add({.path = "late", .mtime_s = 9'000'000'000, .mtime_ns = 1});
  add({.path = "xattr",
       .xattrs = {{"user.a", "b\nc=\0d"}, {"security.capability", std::string("\1\0\0\2", 4)}}},
      "1");
  std::string archive;
  for (const Member& m : wanted) archive += member(m.entry, m.content);
  archive += end_of_archive() + "whatever follows";
  for (std::size_t piece : {1, 100, 511, 512, 1000, 1 << 20}) {
    auto got = read(archive, piece);
    REQUIRE_MESSAGE(got.has_value(), got.error().message());
    REQUIRE_EQ(got->size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Entry &a = wanted[i].entry, &b = (*got)[i].entry;
      CHECK_EQ(a.type, b.type);
      CHECK_EQ(a.path, b.path);
      CHECK_EQ(a.link, b.link);
      CHECK_EQ(a.mode, b.mode);
      CHECK_EQ(a.uid, b.uid);
      CHECK_EQ(a.gid, b.gid);
      CHECK_EQ(a.size, b.size);
      CHECK_EQ(a.mtime_s, b.mtime_s);
      CHECK_EQ(a.mtime_ns, b.mtime_ns);
      CHECK_EQ(a.device_major, b.device_major);
      CHECK_EQ(a.device_minor, b.device_minor);
      CHECK((a.xattrs == b.xattrs));
      CHECK_EQ(wanted[i].content, (*got)[i].content);
    }
  }
}

TEST_CASE("long names of GNU, the old v7 folders, and numbers in base 256") {
  const std::string name(400, 'n'), target(300, 't');
  std::string archive = raw('L', "././@LongLink", 401, gnu) + padded(name + '\0') +
                        raw('K', "././@LongLink", 301, gnu) + padded(target + '\0') +
                        raw('2', "short", 0, gnu);
  archive += raw('\0', "old/", 0, "");
  archive += raw('0', "big", 0, gnu, {{108, std::string("\x80\0\0\0\xff\xff\xff\xf0", 8)}});
  auto got = read(archive);
  REQUIRE_MESSAGE(got.has_value(), got.error().message());
  CHECK_EQ((*got)[0].entry.path, name);
  CHECK_EQ((*got)[0].entry.link, target);
  CHECK_EQ((*got)[1].entry.type, Type::directory);
  CHECK_EQ((*got)[2].entry.uid, 0xfffffff0u);
}

TEST_CASE("sparse files of every spelling have their holes") {
  const std::string data(1024, 'd');
  std::string wanted =
      std::string(4096, '\0') + std::string(512, 'd') + std::string(4096, '\0') + std::string(512, 'd');
  wanted.resize(20000);
  auto number = [](std::uint64_t value) {
    std::string field(12, '\0');
    write_number(field.data(), 12, static_cast<std::int64_t>(value));
    return field;
  };
  const std::string first = number(4096) + number(512), second = number(8704) + number(512);
  std::vector<std::string> archives = {
      raw('S', "f", 1024, gnu, {{386, first + second}, {483, number(20000)}}) + data,
      raw('S', "f", 1024, gnu,
          {{386, first + number(4608) + number(0) + number(4608) + number(0) + number(4608) + number(0)},
           {482, "\1"},
           {483, number(20000)}}) +
          padded(second) + data,
      records({{"GNU.sparse.size", "20000"},
               {"GNU.sparse.numblocks", "2"},
               {"GNU.sparse.offset", "4096"},
               {"GNU.sparse.numbytes", "512"},
               {"GNU.sparse.offset", "8704"},
               {"GNU.sparse.numbytes", "512"}}) +
          raw('0', "f", 1024, posix) + data,
      records(
          {{"GNU.sparse.size", "20000"}, {"GNU.sparse.map", "4096,512,8704,512"}, {"GNU.sparse.name", "f"}}) +
          raw('0', "GNUSparseFile.1/f", 1024, posix) + data,
      records({{"GNU.sparse.major", "1"},
               {"GNU.sparse.minor", "0"},
               {"GNU.sparse.name", "f"},
               {"GNU.sparse.realsize", "20000"}}) +
          raw('0', "GNUSparseFile.1/f", 1536, posix) + padded("2\n4096\n512\n8704\n512\n") + data,
  };
  for (const std::string& archive : archives)
    for (std::size_t piece : {7, 512, 1 << 20}) {
      auto got = read(archive, piece);
      REQUIRE_MESSAGE(got.has_value(), got.error().message());
      REQUIRE_EQ(got->size(), 1);
      CHECK_EQ((*got)[0].entry.path, "f");
      CHECK_EQ((*got)[0].entry.size, 20000);
      CHECK((*got)[0].content == wanted);
    }
}

TEST_CASE("damaged archives are refused") {
  const std::string good = member({.path = "file", .size = 700}, std::string(700, 'f'));
  for (std::size_t cut = 1; cut < 512 + 700; ++cut)
    CHECK_EQ(kind(read(good.substr(0, cut))), ErrorKind::corrupt);
  CHECK(read(good.substr(0, 512 + 700)).has_value());  // the last padding may be missing
  std::string wrong = good;
  wrong[3] ^= 1;
  CHECK_EQ(read(wrong).error().message(), "tar: a header's checksum is wrong");
  CHECK_EQ(kind(read(raw('Z', "f", 0, posix))), ErrorKind::unsupported);
  CHECK_EQ(kind(read(raw('x', "f", 2 << 20, posix))), ErrorKind::exhausted);
  CHECK_EQ(kind(read(raw('L', "f", 5, gnu) + padded("name"))), ErrorKind::corrupt);  // of nothing
  CHECK_EQ(kind(read(raw('0', "f", 0, posix, {{108, "99999"}}))), ErrorKind::corrupt);
  CHECK_EQ(kind(read(raw('0', "f", 0, posix, {{124, std::string(12, '\xff')}}))), ErrorKind::corrupt);
  for (const char* record : {"5 a=b\n", "99 a=b\n", "6 ab\n\n", "6 a=bc", "x a=b\n"})
    CHECK_EQ(kind(read(raw('x', "r", 6, posix) + padded(record) + raw('0', "f", 0, posix))),
             ErrorKind::corrupt);
  CHECK_EQ(kind(read(records({{"path", std::string("a\0b", 3)}}) + good)), ErrorKind::corrupt);
  for (const char* map : {"0,600", "4096,512,0,188", "19999,700", "0,700,5"})
    CHECK_EQ(kind(read(records({{"GNU.sparse.size", "20000"}, {"GNU.sparse.map", map}}) + good)),
             ErrorKind::corrupt);
  CHECK_EQ(kind(header_of({.path = std::string("a\0b", 3)})), ErrorKind::invalid);
}

}  // namespace podo::tar
