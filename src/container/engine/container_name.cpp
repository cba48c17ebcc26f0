#include "container/engine/container_name.h"

#include <algorithm>

namespace podo::engine {
namespace {

constexpr const char* adjectives[] = {
    "able",   "amber",  "awake", "bold",    "brave",  "breezy",  "bright", "brisk",  "calm",   "candid",
    "clever", "cosy",   "crisp", "curious", "dapper", "deft",    "eager",  "early",  "fair",   "fleet",
    "fond",   "frank",  "fresh", "gentle",  "glad",   "golden",  "grand",  "happy",  "hardy",  "honest",
    "humble", "jolly",  "keen",  "kind",    "lively", "loyal",   "lucid",  "lucky",  "mellow", "merry",
    "mild",   "modest", "neat",  "nimble",  "noble",  "patient", "placid", "plucky", "polite", "proud",
    "quick",  "quiet",  "ready", "robust",  "serene", "sharp",   "silver", "smart",  "snug",   "sober",
    "spry",   "steady", "stout", "sturdy",  "sunny",  "swift",   "tender", "tidy",   "trusty", "upbeat",
    "vivid",  "warm",   "wary",  "wise",    "witty",  "zesty"};
constexpr const char* nouns[] = {
    "acorn",  "alder",   "aspen",   "badger",  "barley",  "beaver",  "birch",   "bramble", "brook",
    "cedar",  "cherry",  "clover",  "comet",   "coral",   "crane",   "cricket", "cypress", "dahlia",
    "delta",  "dolphin", "dune",    "ember",   "falcon",  "fern",    "finch",   "fjord",   "fox",
    "garnet", "ginger",  "glacier", "grape",   "grove",   "harbour", "hazel",   "heron",   "holly",
    "iris",   "island",  "ivy",     "jasmine", "juniper", "kestrel", "lagoon",  "lark",    "laurel",
    "lemon",  "lilac",   "lotus",   "lynx",    "maple",   "marten",  "meadow",  "mistral", "moss",
    "nettle", "oak",     "olive",   "orchid",  "otter",   "pebble",  "pepper",  "pine",    "plover",
    "poppy",  "quail",   "quartz",  "raven",   "reed",    "river",   "robin",   "rowan",   "sage",
    "sorrel", "sparrow", "spruce",  "stork",   "swan",    "thistle", "thyme",   "tulip",   "valley",
    "vine",   "walnut",  "willow",  "wren",    "yarrow"};

template <std::size_t N>
const char* pick(const char* const (&words)[N], Random& random) {
  return words[random.below(N)];
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Result<std::string> check_name(std::string_view name) {
  std::string_view bare = name;
  if (bare.starts_with('/')) bare.remove_prefix(1);
  const auto fits = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; };
  if (bare.size() < 2 || !is_letter_or_digit(bare[0]) || !std::ranges::all_of(bare, fits))
    return invalid("Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
  return std::string(bare);
}

std::string make_name(Random& random, unsigned attempt) {
  std::string name = text("{}_{}", pick(adjectives, random), pick(nouns, random));
  if (attempt >= 10) name += text("{}", random.below(attempt < 100 ? 10 : 1'000'000));
  return name;
}

std::string make_id(Random& random) {
  for (;;) {
    std::byte bytes[32];
    random.fill(bytes);
    std::string id;
    for (const std::byte byte : bytes) {
      id += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
      id += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
    }
    // A short id is a default host name, and one of digits alone would be read as a number.
    const bool number = std::ranges::all_of(short_id(id), [](char c) { return c >= '0' && c <= '9'; });
    if (!number) return id;
  }
}

}  // namespace podo::engine
