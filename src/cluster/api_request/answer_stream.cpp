#include "cluster/api_request/answer_stream.h"

#include "base/io/wait.h"

namespace podo::apiserver {

std::string AnswerStream::take_piece() {
  std::string piece = std::exchange(text_, {});
  if (!request_.media.pretty) return piece;
  if (!indenter_) indenter_.emplace();
  std::string pretty;
  pretty.reserve(piece.size() * 2);
  indenter_->append(pretty, piece);
  return pretty;
}

Task<void> AnswerStream::begin() {
  http::Headers headers = answer_headers(request_, content_type(Encoding::json));
  if (takes_gzip(request_.exchange.headers())) {
    headers.add("Content-Encoding", "gzip");
    headers.add("Vary", "Accept-Encoding");
    gzip_.emplace();
  }
  begun_ = true;
  request_.status = 200;
  co_await request_.exchange.begin(200, std::move(headers));
}

Task<void> AnswerStream::pass_on() {
  if (!begun_) co_await begin();
  std::string piece = take_piece();
  if (gzip_) {
    const std::string packed = gzip_->write(piece);
    if (!packed.empty()) co_await request_.exchange.write(packed);
  } else {
    co_await request_.exchange.write(piece);
  }
  piece.clear();
  text_.swap(piece);     // the next one goes where this one was
  co_await io::yield();  // a client that takes everything at once leaves turns to others, too
}

Task<void> AnswerStream::finish() {
  if (!request_.media.pretty) text_ += '\n';
  if (!begun_) {
    std::string piece = take_piece();
    co_return co_await send(request_, 200, std::string(content_type(Encoding::json)), std::move(piece));
  }
  std::string piece = take_piece();
  if (gzip_) {
    piece = gzip_->write(piece);
    piece += gzip_->end();
  }
  if (!piece.empty()) co_await request_.exchange.write(piece);
  co_await request_.exchange.end();
}

}  // namespace podo::apiserver
