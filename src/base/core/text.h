// Text from parts: text("{} of {} bytes", done, all). Type-erased, so that a call costs a few instructions to
// compile; <format> costs about a second per file.
//
//   pattern := ( char | "{{" | "}}" | "{}" | "{:x}" | "{:o}" )*        x: lower-case hex, o: octal
//
// The number of places is checked against the number of arguments when the program is compiled.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace podo {

class TextArgument {
 public:
  TextArgument(std::string_view value) : kind_(Kind::string), string_(value) {}
  TextArgument(const std::string& value) : TextArgument(std::string_view(value)) {}
  TextArgument(const char* value) : TextArgument(std::string_view(value)) {}
  TextArgument(char value) : kind_(Kind::character), number_(static_cast<unsigned char>(value)) {}
  TextArgument(bool value) : TextArgument(std::string_view(value ? "true" : "false")) {}
  template <std::signed_integral T>
  TextArgument(T value) : kind_(Kind::negative), number_(static_cast<std::uint64_t>(value)) {
    if (value >= 0) kind_ = Kind::number;
  }
  template <std::unsigned_integral T>
  TextArgument(T value) : kind_(Kind::number), number_(value) {}

  void append_to(std::string& out, char conversion) const;

 private:
  enum class Kind : std::uint8_t { string, character, number, negative };
  Kind kind_;
  union {
    std::string_view string_;
    std::uint64_t number_;
  };
};

void pattern_is_wrong(const char* why);  // defined nowhere: calling it stops the compiler, which shows `why`

// A pattern whose places were counted at compile time.
template <std::size_t Places>
class CountedPattern {
 public:
  template <std::size_t N>
  consteval CountedPattern(const char (&pattern)[N]) : view_(pattern, N - 1) {
    std::size_t places = 0;
    for (std::size_t i = 0; i < view_.size(); ++i) {
      if (view_[i] != '{' && view_[i] != '}') continue;
      if (i + 1 < view_.size() && view_[i + 1] == view_[i]) {
        ++i;
        continue;
      }
      if (view_[i] == '}') pattern_is_wrong("a lone } in the pattern");
      if (view_.substr(i, 2) == "{}") i += 1;
      else if (view_.substr(i, 4) == "{:x}" || view_.substr(i, 4) == "{:o}") i += 3;
      else pattern_is_wrong("unknown conversion in the pattern");
      ++places;
    }
    if (places != Places) pattern_is_wrong("the pattern's places and the arguments differ in number");
  }
  std::string_view view() const { return view_; }

 private:
  std::string_view view_;
};

template <class... A>
using Pattern = CountedPattern<sizeof...(A)>;

void append_text(std::string& out, std::string_view pattern, const TextArgument* arguments);

template <class... A>
std::string text(Pattern<A...> pattern, const A&... arguments) {
  const TextArgument list[] = {TextArgument(arguments)..., TextArgument("")};
  std::string out;
  append_text(out, pattern.view(), list);
  return out;
}

}  // namespace podo
