// Call: one request of a client on its way through a handler: what it asks for, and how to answer. A
// handler is a function `Task<void> verb(Call& call)`; what it fails with becomes the answer. Private
// to container/docker.
#pragma once

#include "base/format/json.h"
#include "base/format/json_writer.h"
#include "container/docker/api.h"

namespace podo::docker {

inline constexpr std::size_t json_body_max = 4u << 20;

class Builds;  // builds.h

struct Call {
  const ApiGround& ground;
  const ApiOptions& options;
  Builds& builds;
  http::Exchange& exchange;
  int version;            // 44: API 1.44
  std::string name = {};  // what stands for {name} in the path

  engine::Engine& engine() const { return ground.engine; }
  image::Images& images() const { return ground.images; }
  network::Networks& networks() const { return ground.networks; }
  Wall now() const { return ground.clock.wall(); }

  std::string query(std::string_view key) const { return std::string(exchange.query().get(key)); }
  bool has(std::string_view key) const { return exchange.query().find(key).has_value(); }
  // As Docker reads them: "", "0", "no", "false" and "none" are false, whatever else is true.
  bool flag(std::string_view key, bool otherwise = false) const;
  // Invalid `strconv.Atoi: parsing "x": invalid syntax`; absent or empty: absent.
  Result<std::optional<std::int64_t>> number(std::string_view key) const;

  Task<json::Document> body();    // must be there, and be JSON
  Task<std::string> body_text();  // "" when there is none
  Task<void> answer(int status, std::string json);
  Task<void> answer(int status, json::Writer& out) { return answer(status, out.take()); }
  Task<void> nothing(int status = 204);
  Task<void> begin(int status, std::string content_type);
  http::Headers headers() const;  // that every answer has

  void tell(engine::Event event) const { ground.events.publish(std::move(event)); }
};

// What is corrupt in the body of a request is the client's mistake.
template <class T>
Task<T> blame_client(Task<T> work) {
  Result<T> done = co_await work.result();
  if (!done && done.error().kind() == ErrorKind::corrupt)
    done = fail(ErrorKind::invalid, done.error().message());
  if constexpr (std::is_void_v<T>) co_await std::move(done);
  else co_return co_await std::move(done);
}

int status_of(ErrorKind kind);
std::string message_of(const Error& error);
std::string error_json(std::string_view message);

// Ends `work` when the client has gone. Not for requests whose body is still read.
Task<void> while_client_stays(Call& call, Task<void> work);

// Both directions between a client whose connection was taken over and an engine's stream: until the
// engine's side has ended or the client takes no more bytes. The client's half-close is passed on.
Task<void> relay(std::unique_ptr<io::Stream> client, std::unique_ptr<io::Stream> engine);

// The head of a stream that takes the connection over: 101 when the client asked for an upgrade, else
// 200.
Task<std::unique_ptr<io::Stream>> take_over(Call& call, bool terminal);
std::string stream_type(const Call& call, bool terminal);

}  // namespace podo::docker
