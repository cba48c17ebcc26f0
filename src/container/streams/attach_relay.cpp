#include "container/streams/attach_relay.h"

#include <algorithm>

#include "container/streams/attached_stream.h"

namespace podo::engine {

Result<std::string> parse_detach_keys(std::string_view keys) {
  std::string bytes;
  for (std::size_t begin = 0; begin <= keys.size();) {
    std::size_t end = std::min(keys.find(',', begin), keys.size());
    std::string_view key = keys.substr(begin, end - begin);
    begin = end + 1;
    if (key.size() == 1) {
      bytes += key;
      continue;
    }
    char letter = key.size() == 6 && key.starts_with("ctrl-") ? key[5] : '\0';
    if ((letter >= 'a' && letter <= 'z') ||
        (letter >= '@' && letter <= '_' && (letter < 'A' || letter > 'Z')))
      bytes += static_cast<char>(letter & 0x1f);
    else return invalid("Invalid detach keys ({}) provided", keys);
  }
  return bytes;
}

std::shared_ptr<AttachRelay> AttachRelay::make(Settings settings) {
  return std::shared_ptr<AttachRelay>(new AttachRelay(std::move(settings)));
}

AttachRelay::AttachRelay(Settings settings) : settings_(std::move(settings)) {}

AttachRelay::~AttachRelay() = default;

std::unique_ptr<io::Stream> AttachRelay::attach(AttachWish wish) {
  auto stream = std::make_unique<AttachedStream>(shared_from_this(), std::move(wish));
  if (ended_) stream->end();
  else streams_.push_back(stream.get());
  tell_whether_output_is_wanted();
  return stream;
}

bool AttachRelay::wants_output() const {
  return std::ranges::any_of(streams_, [](const AttachedStream* stream) { return stream->reads(); });
}

void AttachRelay::tell_whether_output_is_wanted() {
  bool wanted = wants_output();
  if (wanted == wanted_) return;
  wanted_ = wanted;
  if (sink_ != nullptr) sink_->forward_output(wanted);
}

void AttachRelay::put_output(std::uint8_t stream, std::span<const std::byte> bytes) {
  for (AttachedStream* attached : streams_) attached->take_output(stream, bytes);
}

void AttachRelay::connect(InputSink* sink) {
  sink_ = sink;
  if (input_ended_) sink_->close_input();
  input_.notify_all();
}

void AttachRelay::disconnect(const InputSink* sink) {
  if (sink_ == sink) sink_ = nullptr;
}

void AttachRelay::end_of(const InputSink* sink) {
  if (sink_ == sink) end();
}

void AttachRelay::end_input() {
  input_ended_ = true;
  if (sink_ != nullptr) sink_->close_input();
}

void AttachRelay::end() {
  ended_ = true;
  sink_ = nullptr;
  for (AttachedStream* stream : std::exchange(streams_, {})) stream->end();
  wanted_ = false;
  input_.notify_all();
}

void AttachRelay::begin_again() { ended_ = input_ended_ = false; }

void AttachRelay::leave(AttachedStream& stream) {
  std::erase(streams_, &stream);
  tell_whether_output_is_wanted();
}

}  // namespace podo::engine
