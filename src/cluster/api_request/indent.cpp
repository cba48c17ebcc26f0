#include "cluster/api_request/indent.h"

namespace podo::apiserver {

void Indenter::new_line(std::string& out) { out.append(1, '\n').append(depth_ * 2, ' '); }

void Indenter::append(std::string& out, std::string_view compact) {
  for (const char c : compact) {
    if (in_string_) {
      out += c;
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    const bool closes = c == '}' || c == ']';
    const bool was_empty = opened_ && closes;
    if (opened_ && !closes) new_line(out);
    opened_ = c == '{' || c == '[';
    if (opened_) ++depth_;
    if (closes) {
      --depth_;
      if (!was_empty) new_line(out);
    }
    out += c;
    if (c == ',') new_line(out);
    if (c == ':') out += ' ';
    in_string_ = c == '"';
  }
}

}  // namespace podo::apiserver
