#include "container/builder/download.h"

#include <fcntl.h>

#include <algorithm>

#include "base/core/timestamp.h"
#include "base/crypto/digest.h"
#include "base/format/base64.h"
#include "base/linux/file.h"
#include "container/copy/content_copy.h"

namespace podo::builder {
namespace {

constexpr int redirects_max = 10;
constexpr std::size_t piece_bytes = 256 << 10, told_bytes_max = 4096;

// What comes, on the pool: digested and written.
struct Arriving {
  io::Fd file;
  crypto::Digest digest;
  Result<> take(std::string_view bytes) {
    digest.add(bytes);
    return write_all(file.get(), bytes);
  }
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The last part of a path from elsewhere as a name in one folder; "" when it is none.
std::string as_name(std::string_view path) {
  const std::string name(path.substr(path.find_last_of("/\\") + 1));
  return name == "." || name == ".." || name.contains('\0') ? "" : name;
}

// attachment; filename="x.tar"
std::string_view filename_of(std::string_view disposition) {
  constexpr std::string_view key = "filename=";
  const std::size_t at = disposition.find(key);
  if (at == disposition.npos) return {};
  std::string_view value = disposition.substr(at + key.size());
  if (!value.starts_with('"')) return value.substr(0, value.find_first_of("; "));
  value.remove_prefix(1);
  return value.substr(0, value.find('"'));
}

Task<http::Response> get(ContextGround ground, std::string url) {
  Credentialed from = split_credentials(url);
  http::Url at = co_await http::Url::parse(from.url);
  for (int redirects = 0; redirects <= redirects_max; ++redirects) {
    http::Request request{.method = "GET", .url = at.to_text()};
    request.headers.add("User-Agent", "podo");
    request.headers.add("Accept-Encoding", "identity");
    if (!from.authorization.empty()) request.headers.add("Authorization", from.authorization);
    http::Response answer = co_await ground.client.send(std::move(request));
    const std::string location(answer.headers.get("Location"));
    if (!is_redirect(answer.status) || location.empty()) co_return std::move(answer);
    const http::Url next = co_await at.resolve(location);
    if (next.scheme != "http" && next.scheme != "https")
      co_return invalid("failed to GET {}: it redirects to {}", url, location);
    if (next.origin() != at.origin()) from.authorization.clear();  // not another host's business
    at = next;
  }
  co_return invalid("failed to GET {}: more than {} redirects", url, redirects_max);
}

Task<void> refuse(http::Response answer, std::string url) {
  const auto told = co_await http::read_all(*answer.body, told_bytes_max).result();
  const std::string_view reason = http::reason_of(answer.status);
  const std::string message = text("failed to GET {} with status {} {}: {}", url, answer.status, reason,
                                   told ? std::string_view(*told) : std::string_view());
  co_await fail(answer.status == 404 ? ErrorKind::not_found : ErrorKind::invalid, message);
}

}  // namespace

std::string name_of_download(std::string_view target, std::string_view content_disposition) {
  const std::string path = http::percent_decode(target.substr(0, target.find_first_of("?#")));
  if (std::string name = as_name(path); !name.empty()) return name;
  if (std::string name = as_name(filename_of(content_disposition)); !name.empty()) return name;
  return "download";
}

Credentialed split_credentials(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == url.npos) return {std::string(url), ""};
  const std::size_t end = std::min(url.find_first_of("/?#", begin + 3), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == url.npos || at < begin) return {std::string(url), ""};
  const std::string user = http::percent_decode(url.substr(begin + 3, at - begin - 3));
  return {text("{}{}", url.substr(0, begin + 3), url.substr(at + 1)),
          "Basic " + base64::encode(user.contains(':') ? user : user + ":")};
}

std::optional<std::int64_t> parse_http_date(std::string_view date) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (date.size() != 29 || !date.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = months.find(date.substr(8, 3));
  if (month == months.npos || month % 3 != 0) return std::nullopt;
  const std::size_t number = month / 3 + 1;
  const auto at = parse_rfc3339(text("{}-{}{}-{}T{}Z", date.substr(12, 4), number < 10 ? "0" : "", number,
                                     date.substr(5, 2), date.substr(17, 8)));
  if (!at) return std::nullopt;
  return at->ns / 1'000'000'000;
}

Task<Download> download(ContextGround ground, std::string url, std::string path) {
  http::Response answer = co_await get(ground, url);
  if (answer.status != 200) co_await refuse(std::move(answer), url);
  auto arriving = std::make_shared<Arriving>();
  arriving->file = co_await ground.pool.run([path] {
    return linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  });
  for (;;) {
    auto piece = std::make_shared<std::string>(piece_bytes, '\0');
    std::size_t filled = 0;
    while (filled < piece_bytes) {
      const std::size_t count = co_await answer.body->read(io::writable_bytes_of(*piece).subspan(filled));
      if (count == 0) break;
      filled += count;
    }
    piece->resize(filled);
    if (filled == 0) break;
    co_await ground.pool.run([arriving, piece] { return arriving->take(*piece); });
  }
  const http::Url parsed = co_await http::Url::parse(split_credentials(url).url);
  co_return Download{.name = name_of_download(parsed.target, answer.headers.get("Content-Disposition")),
                     .digest = arriving->digest.text(),
                     .modified = parse_http_date(answer.headers.get("Last-Modified"))};
}

}  // namespace podo::builder
