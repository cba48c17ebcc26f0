#include "container/registry_client/challenge.h"

#include <algorithm>

namespace podo::image {
namespace {

constexpr std::size_t parameters_max = 64;

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    std::string out(rest_.begin(), end);
    rest_.remove_prefix(out.size());
    return out;
  }
  // Bare values end at a comma only: some registries do not quote their URLs.
  std::string value() {
    if (take('"')) return quoted();
    const std::size_t end = std::min(rest_.find_first_of(", \t"), rest_.size());
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return out;
  }

 private:
  std::string quoted() {
    std::string out;
    while (!rest_.empty() && !take('"')) {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return out;
  }
  std::string_view rest_;
};

void read_field(std::string_view field, std::vector<Challenge>& out) {
  Reader reader(field);
  bool in_challenge = false;
  for (std::size_t count = 0; count < parameters_max; ++count) {
    reader.skip(" \t,");
    std::string word = reader.token();
    if (word.empty()) return;
    reader.skip(" \t");
    if (in_challenge && reader.take('=')) {
      reader.skip(" \t");
      out.back().parameters.emplace_back(lower(word), reader.value());
    } else {
      out.push_back({.scheme = lower(word), .parameters = {}});
      in_challenge = true;
    }
  }
}

}  // namespace

std::string_view Challenge::get(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return "";
}

std::vector<Challenge> challenges_of(const http::Headers& headers) {
  std::vector<Challenge> out;
  for (const auto& [name, value] : headers)
    if (lower(name) == "www-authenticate") read_field(value, out);
  return out;
}

}  // namespace podo::image
