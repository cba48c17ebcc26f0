// Memory of a Schema, or of a computation: values without destructors, side by side, given back all at once.
// For model/schema, model/patch and who makes Structs of custom kinds.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace podo::schema {

class Arena {
 public:
  template <class T>
  std::span<T> array(std::size_t size) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(take(size * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < size; ++i) new (first + i) T();
    return {first, size};
  }
  template <class T>
  std::span<const T> copy(std::span<const T> values) {
    const std::span<T> made = array<T>(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) made[i] = values[i];
    return made;
  }
  template <class T>
  std::span<const T> copy(const std::vector<T>& values) {
    return copy(std::span<const T>(values));
  }
  template <class T>
  T& one(const T& value) {
    T& made = array<T>(1)[0];
    made = value;
    return made;
  }
  std::string_view text(std::string_view a, std::string_view b = {}, std::string_view c = {}) {
    char* made = static_cast<char*>(take(a.size() + b.size() + c.size(), 1));
    a.copy(made, a.size());
    b.copy(made + a.size(), b.size());
    c.copy(made + a.size() + b.size(), c.size());
    return {made, a.size() + b.size() + c.size()};
  }
  std::size_t memory_bytes() const { return taken_; }

 private:
  void* take(std::size_t size, std::size_t alignment) {
    const std::size_t skip = -reinterpret_cast<std::uintptr_t>(free_) % alignment;
    if (left_ < skip + size) {
      const std::size_t chunk = size > chunk_bytes ? size : chunk_bytes;
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk));
      free_ = chunks_.back().get();
      left_ = chunk;
      taken_ += chunk;
    } else {
      free_ += skip;
      left_ -= skip;
    }
    void* const found = free_;
    free_ += size;
    left_ -= size;
    return found;
  }

  static constexpr std::size_t chunk_bytes = 16 << 10;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace podo::schema
