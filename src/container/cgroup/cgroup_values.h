// The few shapes in which control group files tell numbers. Pure; what is missing or damaged is absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace podo::runtime {

// "123"; "max" is the most there is.
std::optional<std::uint64_t> parse_count(std::string_view text);

// One line each: "key number".
std::vector<std::pair<std::string_view, std::uint64_t>> parse_flat(std::string_view text);
std::optional<std::uint64_t> count_in(std::string_view text, std::string_view key);

// "0-2,5" -> 0 1 2 5, at most `numbers_max` of them.
std::vector<std::uint64_t> parse_list(std::string_view text, std::size_t numbers_max = 4096);

// Takes the next piece up to one of `separators` off the front; empty pieces are left out. "" at the end.
std::string_view take_word(std::string_view& text, std::string_view separators = " \n");

}  // namespace podo::runtime
