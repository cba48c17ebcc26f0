#include "container/docker/call.h"

#include "base/core/number.h"
#include "base/core/version.h"
#include "base/io/combine.h"

namespace podo::docker {

bool Call::flag(std::string_view key, bool otherwise) const {
  const auto found = exchange.query().find(key);
  if (!found) return otherwise;
  std::string value(*found);
  for (char& c : value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  while (!value.empty() && value.back() == ' ') value.pop_back();
  return !(value.empty() || value == "0" || value == "no" || value == "false" || value == "none");
}

Result<std::optional<std::int64_t>> Call::number(std::string_view key) const {
  const std::string_view value = exchange.query().get(key);
  if (value.empty()) return std::nullopt;
  const auto number = whole_number<std::int64_t>(value);
  if (!number) return invalid("strconv.Atoi: parsing \"{}\": invalid syntax", value);
  return number;
}

Task<std::string> Call::body_text() {
  auto text = co_await http::read_all(exchange.body(), json_body_max).result();
  if (!text && text.error().kind() == ErrorKind::exhausted)
    co_return invalid("request body too large: more than {} bytes", json_body_max);
  co_return std::move(text);
}

Task<json::Document> Call::body() {
  std::string bytes = co_await body_text();
  const std::string_view type = exchange.headers().get("Content-Type");
  if (!type.empty() && type.substr(0, type.find(';')) != "application/json")
    co_await invalid("unsupported Content-Type header ({}): must be 'application/json'", type);
  if (bytes.empty()) co_await invalid("invalid JSON: got EOF while reading request body");
  auto document = json::parse(std::move(bytes));
  if (!document) co_await invalid("invalid JSON: {}", document.error().message());
  co_return *std::move(document);
}

http::Headers Call::headers() const {
  return {{"Api-Version", text("1.{}", newest_version)},
          {"Docker-Experimental", "false"},
          {"Ostype", "linux"},
          {"Server", text("Podo/{} (linux)", podo::version())}};
}

Task<void> Call::answer(int status, std::string json) {
  http::Headers fields = headers();
  fields.add("Content-Type", "application/json");
  json += '\n';
  co_await exchange.respond(status, std::move(fields), std::move(json));
}

Task<void> Call::nothing(int status) { co_await exchange.respond(status, headers(), ""); }

Task<void> Call::begin(int status, std::string content_type) {
  http::Headers fields = headers();
  fields.add("Content-Type", std::move(content_type));
  co_await exchange.begin(status, std::move(fields));
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return 404;
    case ErrorKind::already_exists:
    case ErrorKind::conflict: return 409;
    case ErrorKind::invalid: return 400;
    case ErrorKind::denied: return 403;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::unsupported: return 501;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::exhausted:
    case ErrorKind::corrupt:
    case ErrorKind::cancelled:
    case ErrorKind::internal: break;
  }
  return 500;
}

// Clients look for what the kernel said as Go words it: "no space left on device", where the C library has a
// capital letter.
std::string message_of(const Error& error) {
  std::string message = error.message();
  if (error.system_errno() == 0) return message;
  const std::size_t at = message.rfind(describe_errno(error.system_errno()));
  if (at != std::string::npos && message[at] >= 'A' && message[at] <= 'Z') message[at] |= 0x20;
  return message;
}

std::string error_json(std::string_view message) {
  json::Writer out;
  out.object().key("message").string(message).end();
  return out.take();
}

Task<void> while_client_stays(Call& call, Task<void> work) {
  co_await io::first(std::move(work), call.exchange.peer_gone());
}

}  // namespace podo::docker
