#include "base/http/spdy_headers.h"

#include <zlib.h>

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::http {
namespace {

// The dictionary: words as strings of a block, then what often stands in values.
constexpr std::string_view words[] = {"options",
                                      "head",
                                      "post",
                                      "put",
                                      "delete",
                                      "trace",
                                      "accept",
                                      "accept-charset",
                                      "accept-encoding",
                                      "accept-language",
                                      "accept-ranges",
                                      "age",
                                      "allow",
                                      "authorization",
                                      "cache-control",
                                      "connection",
                                      "content-base",
                                      "content-encoding",
                                      "content-language",
                                      "content-length",
                                      "content-location",
                                      "content-md5",
                                      "content-range",
                                      "content-type",
                                      "date",
                                      "etag",
                                      "expect",
                                      "expires",
                                      "from",
                                      "host",
                                      "if-match",
                                      "if-modified-since",
                                      "if-none-match",
                                      "if-range",
                                      "if-unmodified-since",
                                      "last-modified",
                                      "location",
                                      "max-forwards",
                                      "pragma",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "range",
                                      "referer",
                                      "retry-after",
                                      "server",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "user-agent",
                                      "vary",
                                      "via",
                                      "warning",
                                      "www-authenticate",
                                      "method",
                                      "get",
                                      "status",
                                      "200 OK",
                                      "version",
                                      "HTTP/1.1",
                                      "url",
                                      "public",
                                      "set-cookie",
                                      "keep-alive",
                                      "origin"};
constexpr std::string_view values =
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

// Small, for a stream of a few short blocks: 10 KB instead of 256.
constexpr int deflate_window_bits = 11, deflate_memory = 1;
constexpr std::size_t piece = 4 << 10;
constexpr std::size_t fields_max = 256;  // a long name may have many values

Bytef* octets(const void* bytes) { return const_cast<Bytef*>(static_cast<const Bytef*>(bytes)); }

void append_be32(std::string& out, std::size_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

void append_string(std::string& out, std::string_view bytes) {
  append_be32(out, bytes.size());
  out += bytes;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string block_of(const Headers& headers) {
  std::vector<Headers::Field> fields;
  for (const Headers::Field& field : headers) {
    const std::string name = lower(field.name);
    auto same = std::ranges::find(fields, name, &Headers::Field::name);
    if (same == fields.end()) fields.push_back({name, field.value});
    else same->value.append(1, '\0').append(field.value);
  }
  std::string out;
  append_be32(out, fields.size());
  for (const Headers::Field& field : fields) {
    append_string(out, field.name);
    append_string(out, field.value);
  }
  return out;
}

// Takes numbers and strings off the front of a block.
class BlockReader {
 public:
  explicit BlockReader(std::string_view rest) : rest_(rest) {}
  Result<std::uint32_t> number() {
    if (rest_.size() < 4) return corrupt("SPDY: a header block ends within a number");
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(4);
    return value;
  }
  Result<std::string_view> string() {
    const std::uint32_t size = TRY(number());
    if (size > rest_.size()) return corrupt("SPDY: a header block ends within a string");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

Result<Headers> parse_block(std::string_view block) {
  BlockReader reader(block);
  Headers headers;
  for (std::uint32_t left = TRY(reader.number()); left > 0; --left) {
    const std::string_view name = TRY(reader.string());
    std::string_view value = TRY(reader.string());
    if (name.empty()) return corrupt("SPDY: a header without a name");
    for (;;) {
      const std::size_t end = std::min(value.find('\0'), value.size());
      if (headers.size() == fields_max) return exhausted("SPDY: more than {} headers", fields_max);
      headers.add(std::string(name), std::string(value.substr(0, end)));
      if (end == value.size()) break;
      value.remove_prefix(end + 1);
    }
  }
  if (!reader.at_end()) return corrupt("SPDY: bytes behind the last header of a block");
  return headers;
}

}  // namespace

std::string spdy_dictionary() {
  std::string out;
  for (const std::string_view word : words) append_string(out, word);
  return out.append(values);
}

void SpdyInflater::End::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

void SpdyDeflater::End::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

Result<std::string> SpdyInflater::inflate(std::span<const std::byte> block) {
  if (!stream_) {
    stream_.reset(new z_stream_s{});
    ENSURE(::inflateInit(stream_.get()) == Z_OK);
  }
  stream_->next_in = octets(block.data());
  stream_->avail_in = static_cast<uInt>(block.size());
  std::string out;
  char bytes[piece];
  for (;;) {
    stream_->next_out = octets(bytes);
    stream_->avail_out = sizeof bytes;
    const int state = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    if (state == Z_NEED_DICT) {
      const std::string dictionary = spdy_dictionary();
      const auto size = static_cast<uInt>(dictionary.size());
      if (::inflateSetDictionary(stream_.get(), octets(dictionary.data()), size) != Z_OK)
        return corrupt("SPDY: a header block made with another dictionary");
      continue;
    }
    if (state != Z_OK && state != Z_BUF_ERROR) return corrupt("SPDY: a header block that is no zlib stream");
    const std::size_t got = sizeof bytes - stream_->avail_out;
    out.append(bytes, got);
    if (out.size() > bytes_max_) return exhausted("SPDY: a header block of more than {} bytes", bytes_max_);
    if (got < sizeof bytes) break;  // all that this input gives
  }
  if (stream_->avail_in != 0) return corrupt("SPDY: bytes behind the end of a header block");
  return out;
}

Result<Headers> SpdyInflater::read(std::span<const std::byte> block) {
  return parse_block(TRY(inflate(block)));
}

std::string SpdyDeflater::write(const Headers& headers) {
  if (!stream_) {
    stream_.reset(new z_stream_s{});
    ENSURE(::deflateInit2(stream_.get(), Z_BEST_COMPRESSION, Z_DEFLATED, deflate_window_bits, deflate_memory,
                          Z_DEFAULT_STRATEGY) == Z_OK);
    const std::string dictionary = spdy_dictionary();
    ENSURE(::deflateSetDictionary(stream_.get(), octets(dictionary.data()),
                                  static_cast<uInt>(dictionary.size())) == Z_OK);
  }
  const std::string block = block_of(headers);
  stream_->next_in = octets(block.data());
  stream_->avail_in = static_cast<uInt>(block.size());
  std::string out;
  char bytes[piece];
  do {
    stream_->next_out = octets(bytes);
    stream_->avail_out = sizeof bytes;
    const int state = ::deflate(stream_.get(), Z_SYNC_FLUSH);
    ENSURE(state == Z_OK || state == Z_BUF_ERROR);
    out.append(bytes, sizeof bytes - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return out;
}

}  // namespace podo::http
