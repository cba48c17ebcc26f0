// Any bytes as an archive, in pieces of any size: the reader ends, keeps within its memory, gives what lies
// in the files it told of, and never depends on how the bytes were cut.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/core/ensure.h"
#include "base/format/tar.h"

namespace {

using podo::tar::Reader;

// A line for every event; equal transcripts are equal readings.
std::string transcript(std::string_view archive, std::size_t piece_bytes) {
  Reader reader;
  std::string out;
  std::uint64_t end = 0;
  bool in_data = false;
  const std::uint64_t turns_max = 4 * archive.size() + 1000;
  for (std::uint64_t turns = 0;; ++turns) {
    ENSURE(turns < turns_max);
    auto event = reader.next();
    if (!event) return out + "\n" + event.error().message();
    if (*event != Reader::Event::data && *event != Reader::Event::want_more) in_data = false;
    switch (*event) {
      case Reader::Event::want_more:
        if (archive.empty()) reader.finish();
        reader.feed(archive.substr(0, piece_bytes));
        archive.remove_prefix(std::min(piece_bytes, archive.size()));
        break;
      case Reader::Event::entry:
        ENSURE(reader.entry().path.find('\0') == std::string::npos);
        ENSURE(reader.entry().link.find('\0') == std::string::npos);
        out += podo::text("\n{} {} {} {}", reader.entry().path, reader.entry().link, reader.entry().mode,
                          reader.entry().size);
        end = 0;
        break;
      case Reader::Event::data:
        ENSURE(!reader.data().empty() && reader.data_offset() >= end);
        if (!in_data || reader.data_offset() != end) out += podo::text(" @{} ", reader.data_offset());
        in_data = true;
        end = reader.data_offset() + reader.data().size();
        ENSURE(end <= reader.entry().size);
        out += reader.data();
        break;
      case Reader::Event::end: return out;
    }
  }
}

// Headers with true checksums, so that more is tried than being refused by them.
std::string with_checksums(std::string archive) {
  for (std::size_t at = 0; at + 512 <= archive.size(); at += 512) {
    if (archive.compare(at + 257, 5, "ustar") != 0) continue;
    archive.replace(at + 148, 8, "        ");
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(archive[at + i]);
    const std::string octal = podo::text("0000000{:o}", sum);
    archive.replace(at + 148, 7, octal.substr(octal.size() - 7));
  }
  return archive;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string given(reinterpret_cast<const char*>(data), size);
  for (const std::string& archive : {given, with_checksums(given)}) {
    const std::string whole = transcript(archive, size + 1);
    ENSURE(transcript(archive, 1 + size % 700) == whole);
  }
  return 0;
}
