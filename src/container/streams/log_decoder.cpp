#include "container/streams/log_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/core/timestamp.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"
#include "base/format/utf8.h"
#include "container/monitor/log_format.h"

namespace podo::engine {
namespace {

constexpr std::size_t json_line_max = 4 << 20;  // longer ones are nobody's log
constexpr std::string_view head = R"({"log":")";
constexpr std::string_view out_tail = R"(","stream":"stdout","time":")";
constexpr std::string_view err_tail = R"(","stream":"stderr","time":")";
constexpr std::size_t tail_size = out_tail.size() + monitor::timestamp_size + 2;  // `"}`

// "2006-01-02T15:04:05.999999999Z" exactly; the days are counted in years that begin in March.
std::optional<Wall> parse_timestamp(std::string_view text) {
  std::uint64_t numbers[7] = {};
  constexpr std::uint8_t places[][2] = {{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}, {20, 29}};
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t at = places[i][0]; at < places[i][1]; ++at) {
      unsigned digit = static_cast<unsigned char>(text[at]) - unsigned{'0'};
      if (digit > 9) return {};
      numbers[i] = numbers[i] * 10 + digit;
    }
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text[19] != '.' || text[29] != 'Z' || numbers[1] < 1 || numbers[1] > 12 || numbers[0] < 1970 ||
      numbers[0] > 2261)
    return {};
  std::uint64_t year = numbers[1] > 2 ? numbers[0] : numbers[0] - 1;
  std::uint64_t month = numbers[1] > 2 ? numbers[1] - 3 : numbers[1] + 9;
  std::uint64_t day = (153 * month + 2) / 5 + numbers[2] - 1;
  std::uint64_t days = year * 365 + year / 4 - year / 100 + year / 400 + day - 719'468;
  std::uint64_t seconds = days * 86'400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5];
  return Wall{static_cast<std::int64_t>(seconds * 1'000'000'000 + numbers[6])};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// \uXXXX of one UTF-16 unit that is a character by itself.
bool append_unit(std::string& out, std::string_view digits) {
  unsigned unit = 0;
  for (char c : digits) {
    int digit = hex_digit(c);
    if (digit < 0) return false;
    unit = unit << 4 | static_cast<unsigned>(digit);
  }
  if (digits.size() != 4 || (unit >= 0xd800 && unit < 0xe000)) return false;
  utf8::append(out, unit);
  return true;
}

// False: not what a monitor writes (an unescaped quote, a pair of surrogates); the whole parser is asked
// then.
bool unescape(std::string_view text, std::string& out) {
  out.clear();
  while (!text.empty()) {
    const void* found = std::memchr(text.data(), '\\', text.size());
    std::size_t plain =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
    if (plain > 0 && std::memchr(text.data(), '"', plain) != nullptr) return false;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.size() < 2) return false;
    switch (text[1]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case '"':
      case '\\':
      case '/': out += text[1]; break;
      case 'u':
        if (text.size() < 6 || !append_unit(out, text.substr(2, 4))) return false;
        text.remove_prefix(4);
        break;
      default: return false;
    }
    text.remove_prefix(2);
  }
  return true;
}

std::string as_text(json::Value value) {
  json::Writer writer;
  writer.value(value);
  return writer.take();
}

void append_query_escaped(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-_.~").find(c) != std::string_view::npos;
    if (plain) out += c;
    else if (c == ' ') out += '+';
    else out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
}

// "key=value,key2=value2", sorted.
void append_details(std::string& out, std::string_view attributes) {
  if (attributes.empty()) return;
  Result<json::Document> document = json::parse(std::string(attributes));
  if (!document) return;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (auto [key, value] : document->root().members())
    if (value.is(json::Kind::string)) pairs.emplace_back(key, value.string());
  std::ranges::sort(pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0) out += ',';
    append_query_escaped(out, pairs[i].first);
    out += '=';
    append_query_escaped(out, pairs[i].second);
  }
}

}  // namespace

std::size_t LogDecoder::next(std::string_view bytes, std::optional<LogRecord>& record) {
  record.reset();
  return format_ == LogFormat::local ? next_local(bytes, record) : next_json(bytes, record);
}

std::size_t LogDecoder::next_json(std::string_view bytes, std::optional<LogRecord>& record) {
  const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
  if (newline == nullptr) return bytes.size() > json_line_max ? bytes.size() : 0;
  auto size = static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data());
  std::string_view line = bytes.substr(0, size);
  record = decode_as_written(line);
  if (!record && !line.empty()) record = decode_any(line);
  return size + 1;
}

// The very form that monitors write, without attributes.
std::optional<LogRecord> LogDecoder::decode_as_written(std::string_view line) {
  if (line.size() < head.size() + tail_size || !line.starts_with(head) || !line.ends_with("\"}")) return {};
  std::string_view tail = line.substr(line.size() - tail_size);
  bool is_out = tail.starts_with(out_tail);
  if (!is_out && !tail.starts_with(err_tail)) return {};
  std::optional<Wall> at = parse_timestamp(tail.substr(out_tail.size(), monitor::timestamp_size));
  std::string_view text = line.substr(head.size(), line.size() - head.size() - tail_size);
  if (!at || !unescape(text, text_)) return {};
  return LogRecord{.bytes = text_, .stream = static_cast<std::uint8_t>(is_out ? 1 : 2), .at = *at};
}

// Any JSON object with these members.
std::optional<LogRecord> LogDecoder::decode_any(std::string_view line) {
  Result<json::Document> document = json::parse(std::string(line));
  if (!document || !document->root().is(json::Kind::object)) return {};
  json::Value root = document->root();
  json::Value log = root.find("log"), stream = root.find("stream"), time = root.find("time");
  if (!log.is(json::Kind::string) || !time.is(json::Kind::string)) return {};
  Result<Wall> at = parse_rfc3339(time.string());
  if (!at) return {};
  text_ = log.string();
  bool is_err = stream.is(json::Kind::string) && stream.string() == "stderr";
  LogRecord record{.bytes = text_, .stream = static_cast<std::uint8_t>(is_err ? 2 : 1), .at = *at};
  if (json::Value attributes = root.find("attrs"); attributes.is(json::Kind::object)) {
    attributes_ = as_text(attributes);
    record.attributes = attributes_;
  }
  return record;
}

std::size_t LogDecoder::next_local(std::string_view bytes, std::optional<LogRecord>& record) {
  if (bytes.size() < monitor::local_record_size(0)) return 0;
  std::size_t size = monitor::be32(bytes.data());
  // Nothing tells where the next record is: the rest is passed over.
  if (size > monitor::line_max) return bytes.size();
  std::size_t whole = monitor::local_record_size(size);
  if (bytes.size() < whole) return 0;
  if (monitor::be32(bytes.data() + whole - 4) != size) return bytes.size();
  record = LogRecord{.bytes = bytes.substr(monitor::local_header_size, size),
                     .stream = static_cast<std::uint8_t>(bytes[4] == 2 ? 2 : 1),
                     .at = Wall{static_cast<std::int64_t>(monitor::be64(bytes.data() + 5))}};
  return whole;
}

void append_frame(std::string& out, const LogRecord& record, const LogOptions& options, bool tty) {
  std::size_t begin = out.size();
  if (!tty) out.append(8, '\0');
  if (options.timestamps) {
    char timestamp[monitor::timestamp_size];
    monitor::put_timestamp(timestamp, record.at.ns);
    out.append(timestamp, sizeof timestamp) += ' ';
  }
  if (options.details) {
    append_details(out, record.attributes);
    out += ' ';
  }
  out += record.bytes;
  if (tty) return;
  out[begin] = static_cast<char>(record.stream);
  monitor::put_be32(out.data() + begin + 4, static_cast<std::uint32_t>(out.size() - begin - 8));
}

}  // namespace podo::engine
