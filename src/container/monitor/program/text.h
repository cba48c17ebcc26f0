// A line of text in a fixed buffer, and numbers read from one.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace podo::monitor {

inline size_t length_of(const char* text) {
  size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}

inline bool equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

// Reads digits and leaves `text` behind them.
inline uint64_t take_number(const char*& text) {
  uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + static_cast<uint64_t>(*text - '0');
  return value;
}

// Too long text is cut; there always is a NUL behind it.
template <size_t N>
class Line {
 public:
  Line& operator<<(const char* text) {
    while (*text != '\0' && size_ < N - 1) text_[size_++] = *text++;
    text_[size_] = '\0';
    return *this;
  }
  Line& operator<<(uint64_t value) {
    char digits[21];
    char* at = digits + 20;
    *at = '\0';
    do *--at = static_cast<char>('0' + value % 10);
    while ((value /= 10) > 0);
    return *this << at;
  }
  const char* text() const { return text_; }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
  char text_[N] = {};
};

}  // namespace podo::monitor
