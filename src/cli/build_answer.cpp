#include "cli/build_answer.h"

#include "cli/console/daemon.h"

namespace podo::cli {
namespace {

constexpr std::size_t line_max = 64 << 20;

class Reader {
 public:
  explicit Reader(http::Body& body) : body_(body) {}

  io::Task<std::string> line() {
    for (std::size_t looked = at_;;) {
      std::size_t end = buffer_.find('\n', looked);
      if (end != std::string::npos) {
        std::string line = buffer_.substr(at_, end - at_);
        at_ = end + 1;
        co_return line;
      }
      looked = buffer_.size() - at_;
      if (looked > line_max) co_return corrupt("the daemon's answer has a line without an end");
      co_await more();
    }
  }

  io::Task<void> pass(std::uint64_t count, const BuildTakers& takers) {
    while (count > 0) {
      if (at_ == buffer_.size()) co_await more();
      std::string_view piece = std::string_view(buffer_).substr(at_, count);
      if (takers.archive) co_await takers.archive(piece);
      at_ += piece.size();
      count -= piece.size();
    }
  }

 private:
  // What is left moves to the front.
  io::Task<void> more() {
    buffer_.erase(0, std::exchange(at_, 0));
    std::size_t before = buffer_.size();
    buffer_.resize(before + (64 << 10));
    std::size_t count = co_await body_.read(io::writable_bytes_of(buffer_).subspan(before));
    buffer_.resize(before + count);
    if (count == 0) co_await unavailable("the daemon ended the connection: is it still running?");
  }

  http::Body& body_;
  std::string buffer_;
  std::size_t at_ = 0;
};

std::vector<std::string> texts_of(json::Value list) {
  std::vector<std::string> texts;
  for (json::Value item : list.items()) texts.emplace_back(item.string());
  return texts;
}

BuildEnd result_of(json::Value result) {
  return {.image = get_text(result, "image"),
          .digest = get_text(result, "digest"),
          .named = texts_of(result.find("named")),
          .unused_arguments = texts_of(result.find("unusedArguments"))};
}

}  // namespace

io::Task<BuildEnd> read_build_answer(http::Body& body, const BuildTakers& takers) {
  Reader reader(body);
  for (;;) {
    std::string line = co_await reader.line();
    if (line.find_first_not_of(" \r") == std::string::npos) continue;
    json::Document document = co_await json::parse(std::move(line), {.bytes_max = line_max});
    json::Value value = document.root();
    if (json::Value archive = value.find("archive"); archive.present()) {
      co_await reader.pass(archive.as_uint64().value_or(0), takers);
    } else if (json::Value result = value.find("result"); result.present()) {
      co_return result_of(result);
    } else if (json::Value error = value.find("error"); error.is(json::Kind::object)) {
      co_return BuildEnd{.image = {},
                         .digest = {},
                         .named = {},
                         .unused_arguments = {},
                         .problem = get_text(error, "message"),
                         .exit_code = static_cast<int>(get_number(error, "exitCode"))};
    } else {
      takers.event(value);
    }
  }
}

}  // namespace podo::cli
