// The JSON body of an answer that grows: a short one goes out whole, a long one in pieces while it is made.
//
//   AnswerStream answer(request);
//   answer.text() += "...";                               // compact JSON
//   if (answer.is_full()) co_await answer.pass_on();      // waits for the client
//   co_await answer.finish();
//
// Lives in the coroutine that answers.
#pragma once

#include "base/format/gzip_stream.h"
#include "cluster/api_request/answer.h"
#include "cluster/api_request/indent.h"

namespace podo::apiserver {

class AnswerStream {
 public:
  explicit AnswerStream(Request& request) : request_(request) {}
  std::string& text() { return text_; }
  bool is_full() const { return text_.size() >= piece_bytes; }
  Task<void> pass_on();
  Task<void> finish();

 private:
  static constexpr std::size_t piece_bytes = 128 << 10;
  std::string take_piece();
  Task<void> begin();

  Request& request_;
  std::string text_;
  std::optional<Indenter> indenter_;
  std::optional<gzip::Stream> gzip_;
  bool begun_ = false;
};

}  // namespace podo::apiserver
