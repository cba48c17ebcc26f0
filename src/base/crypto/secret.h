// Secret: bytes that are wiped from memory when they are no longer owned, and that text() and logs do not
// take. It moves and never copies, so that there is one place to wipe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace podo::crypto {

void wipe(std::string& bytes);  // overwrites them, even where the compiler sees no later reader; leaves ""

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);  // a short string moves by copying
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }
  std::string_view reveal() const { return bytes_; }  // for what has to see it as text

 private:
  std::string bytes_;
};

}  // namespace podo::crypto
