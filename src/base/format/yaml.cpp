#include "base/format/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <optional>

#include "base/format/json_arena.h"
#include "base/format/yaml_builder.h"

namespace podo::yaml {
namespace {

// libyaml's parser and the event it stands at.
class Stream {
 public:
  explicit Stream(std::string_view yaml) : bytes_(yaml), ready_(yaml_parser_initialize(&parser_) == 1) {
    if (ready_)
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(yaml.data()),
                                   yaml.size());
  }
  Stream(const Stream&) = delete;
  ~Stream() {
    drop_event();
    if (ready_) yaml_parser_delete(&parser_);
  }

  Result<const yaml_event_t*> next() {
    if (!ready_) return fail(ErrorKind::exhausted, "no memory for the YAML parser");
    drop_event();
    if (yaml_parser_parse(&parser_, &event_) == 0) return problem();
    held_ = true;
    return &event_;
  }

 private:
  void drop_event() {
    if (held_) yaml_event_delete(&event_);
    held_ = false;
  }

  Failure problem() const {
    const char* what = parser_.problem == nullptr ? "no memory" : parser_.problem;
    if (parser_.error == YAML_READER_ERROR) {
      const std::string_view before = bytes_.substr(0, std::min(parser_.problem_offset, bytes_.size()));
      const auto line = static_cast<std::size_t>(std::ranges::count(before, '\n'));
      const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
      return problem_at({before.size(), line, before.size() - start}, what);
    }
    if (parser_.context == nullptr) return problem_at(parser_.problem_mark, what);
    return problem_at(parser_.problem_mark, text("{} {}", what, parser_.context));
  }

  std::string_view bytes_;
  yaml_parser_t parser_;
  yaml_event_t event_;
  bool ready_;
  bool held_ = false;
};

}  // namespace

Result<std::vector<std::string>> to_json(std::string_view yaml, const Limits& limits) {
  Limits left = limits;  // bytes_max: what may still be written
  left.bytes_max = std::min(limits.bytes_max, json::text_bytes_max);
  if (yaml.size() > left.bytes_max) {
    return invalid("{} bytes of YAML are more than the {} allowed", yaml.size(), left.bytes_max);
  }
  std::vector<std::string> documents;
  Stream stream(yaml);
  std::optional<Builder> builder;
  for (;;) {
    const yaml_event_t& event = *TRY(stream.next());
    if (event.type == YAML_STREAM_END_EVENT) return documents;
    if (event.type == YAML_DOCUMENT_START_EVENT) {
      builder.emplace(left);
    } else if (event.type == YAML_DOCUMENT_END_EVENT) {
      auto json = builder->to_json();
      if (!json) continue;
      left.bytes_max -= std::min(left.bytes_max, json->size());
      documents.push_back(std::move(*json));
    } else if (builder) {
      TRY(builder->take(event));
    }
  }
}

}  // namespace podo::yaml
