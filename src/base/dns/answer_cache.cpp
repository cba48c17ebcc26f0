#include "base/dns/answer_cache.h"

#include <algorithm>
#include <cstring>

#include "base/dns/records.h"

namespace podo::dns {
namespace {

constexpr std::uint32_t stale_ttl_s = 30;  // RFC 8767, 4
constexpr std::size_t node_bytes = 64;     // of the map, about
constexpr std::int64_t ns_per_s = 1'000'000'000;

unsigned number_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(bytes[at]) << 8 |
                               static_cast<unsigned char>(bytes[at + 1]));
}
void put32(char* at, std::uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) at[i] = static_cast<char>(value);
}
std::uint32_t get32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

std::size_t behind_name(std::string_view bytes, std::size_t at) {
  for (;;) {
    const auto length = static_cast<unsigned char>(bytes[at]);
    if (length >= 0xc0) return at + 2;
    if (length == 0) return at + 1;
    at += length + 1u;
  }
}

// Where the records' times to live stand; and which of the answers are the addresses of one name.
struct Places {
  std::vector<std::uint16_t> ttl_at;
  std::uint16_t first_address = 0, addresses = 0;
};
Places places_of(std::string_view bytes, const Message& answer) {
  Places places;
  std::size_t at = behind_name(bytes, header_bytes) + 4;
  const std::size_t count = number_at(bytes, 6) + number_at(bytes, 8) + number_at(bytes, 10);
  for (std::size_t i = 0; i < count; ++i) {
    at = behind_name(bytes, at) + 4;
    places.ttl_at.push_back(static_cast<std::uint16_t>(at));
    at += 6 + number_at(bytes, at + 4);
  }
  const auto is_address = [&](const Record& r) {
    return r.type == answer.questions[0].type && (r.type == Type::a || r.type == Type::aaaa);
  };
  const auto first = std::ranges::find_if(answer.answers, is_address);
  for (auto next = first; next != answer.answers.end() && is_address(*next); ++next)
    if (next->name == first->name && next->data.size() == first->data.size()) ++places.addresses;
    else break;
  places.first_address = static_cast<std::uint16_t>(first - answer.answers.begin());
  return places;
}

std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

// data of addresses are at ttl_at + 6.
struct AnswerCache::Entry : io::Link<Recency> {
  std::string key, answer;  // the answer without OPT, its id 0
  Places places;
  std::uint32_t turn = 0;
  Lifetime lifetime = Lifetime::by_records;
  bool negative = false;
  Monotonic kept, expires;
  std::uint64_t world = 0;

  std::size_t bytes() const {
    return sizeof(Entry) + node_bytes + key.size() + answer.size() + 2 * places.ttl_at.size();
  }
  void copy_to(char* into, Monotonic now);
  void age(char* message, Monotonic now) const;
  void rotate(char* message);
};

// Multiplied and folded, eight bytes at a time, from a secret on: who asks does not choose the buckets.
std::size_t AnswerCache::Hash::operator()(std::string_view key) const {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::uint64_t state = seed ^ key.size();
  for (; key.size() >= 8; key.remove_prefix(8)) {
    std::uint64_t part;
    std::memcpy(&part, key.data(), 8);
    state = folded(state ^ part, odd ^ seed);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, key.data(), key.size());
  return folded(state ^ rest, odd);
}

AnswerCache::AnswerCache(Clock& clock, Random& random, AnswerCacheLimits limits)
    : clock_(clock), limits_(limits), entries_(16, Hash{random.next() | 1}) {}

AnswerCache::~AnswerCache() = default;

bool AnswerCache::is_expired(const Entry& entry) const {
  if (entry.lifetime != Lifetime::by_records && entry.world != world_) return true;
  return entry.lifetime != Lifetime::until_change && clock_.now() >= entry.expires;
}

void AnswerCache::remove(Entry& entry) {
  bytes_ -= entry.bytes();
  entries_.erase(std::string_view(entry.key));
}

AnswerCache::Entry* AnswerCache::fresh(std::string_view key, Stale stale) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  Entry& entry = *found->second;
  if (is_expired(entry)) {
    const bool may_stand_in = entry.lifetime == Lifetime::by_records && limits_.stale_s > 0 &&
                              clock_.now() < entry.expires + seconds(limits_.stale_s);
    if (!may_stand_in) remove(entry);
    if (!may_stand_in || stale == Stale::refused) return nullptr;
  }
  by_recency_.push_back(entry);
  return &entry;
}

void AnswerCache::Entry::age(char* message, Monotonic now) const {
  if (lifetime == Lifetime::until_change) return;
  const auto passed = static_cast<std::uint32_t>((now - kept).ns / ns_per_s);
  const bool is_stale = now >= expires;
  const auto life = static_cast<std::uint32_t>((expires - kept).ns / ns_per_s);  // what is capped is told so
  for (const std::uint16_t at : places.ttl_at) {
    const std::uint32_t ttl_s = std::min(get32(message + at), life);
    put32(message + at, is_stale ? stale_ttl_s : ttl_s > passed ? ttl_s - passed : 0);
  }
}

void AnswerCache::Entry::rotate(char* message) {
  const unsigned count = places.addresses;
  if (count < 2) return;
  const unsigned shift = turn++ % count;
  if (shift == 0) return;
  const std::uint16_t* first = &places.ttl_at[places.first_address];
  const std::size_t size = number_at(answer, *first + 4u);
  for (unsigned i = 0; i < count; ++i)
    std::memcpy(message + first[i] + 6, answer.data() + first[(i + shift) % count] + 6, size);
}

void AnswerCache::Entry::copy_to(char* into, Monotonic now) {
  std::memcpy(into, answer.data(), answer.size());
  age(into, now);
  rotate(into);
}

std::size_t AnswerCache::recall(const QueryView& query, std::span<char> into) {
  constexpr unsigned desired_bit = 0x01, authentic_bit = 0x20, checking_bit = 0x10;
  const AnswerKey key(query);
  Entry* const entry = fresh(key.bytes(), Stale::refused);
  if (entry == nullptr) {
    ++counts_.misses;
    return 0;
  }
  const std::size_t size = entry->answer.size() + (query.edns ? opt_bytes : 0);
  if (size > into.size()) return 0;
  entry->copy_to(into.data(), clock_.now());
  ++(entry->negative ? counts_.negative_hits : counts_.hits);
  std::memcpy(into.data(), query.bytes.data(), 2);
  into[2] = static_cast<char>(into[2] | (query.bytes[2] & desired_bit));
  into[3] = static_cast<char>(into[3] | (query.bytes[3] & checking_bit));
  if (!query.authentic_data() && !query.dnssec_ok) into[3] = static_cast<char>(into[3] & ~authentic_bit);
  std::memcpy(into.data() + header_bytes, query.question().data(), query.question_bytes);
  if (!query.edns) return size;
  const char opt[opt_bytes] = {0,
                               0,
                               static_cast<char>(Type::opt),
                               static_cast<char>(udp_bytes_max >> 8),
                               static_cast<char>(udp_bytes_max & 0xff),
                               0,
                               0,
                               static_cast<char>(query.dnssec_ok ? 0x80 : 0),
                               0,
                               0,
                               0};
  std::memcpy(into.data() + entry->answer.size(), opt, opt_bytes);
  const unsigned additional = number_at(entry->answer, 10) + 1;
  into[10] = static_cast<char>(additional >> 8);
  into[11] = static_cast<char>(additional);
  return size;
}

std::optional<Message> AnswerCache::find(const AnswerKey& key, Stale stale) {
  Entry* const entry = fresh(key.bytes(), stale);
  if (entry == nullptr) return {};
  std::string bytes(entry->answer.size(), '\0');
  entry->copy_to(bytes.data(), clock_.now());
  auto message = parse(bytes);
  if (!message) return {};
  return *std::move(message);
}

namespace {

std::optional<std::uint32_t> life_of(const Message& answer, const AnswerCacheLimits& limits) {
  if (answer.extended_code != 0) return {};
  if (answer.code == Code::server_failure) return limits.failure_s;
  if (answer.code != Code::no_error && answer.code != Code::no_such_name) return {};
  const auto ttl_s = time_to_live(answer);
  if (!ttl_s) return {};
  return std::min(*ttl_s, is_negative(answer) ? limits.negative_s : limits.positive_s);
}

}  // namespace

void AnswerCache::keep(const AnswerKey& key, const Message& answer, Lifetime lifetime) {
  if (const auto found = entries_.find(key.bytes()); found != entries_.end()) remove(*found->second);
  if (answer.truncated || answer.questions.size() != 1) return;
  const auto life_s = life_of(answer, limits_);
  if (lifetime != Lifetime::until_change && life_s.value_or(0) == 0) return;
  Message plain = answer;
  plain.id = 0;
  plain.recursion_desired = plain.checking_disabled = false;
  plain.edns_udp_bytes.reset();
  plain.extended_code = 0;
  auto entry = std::make_unique<Entry>();
  entry->key = key.bytes();
  entry->answer = encode(plain);
  if ((static_cast<unsigned char>(entry->answer[2]) & 0x02) != 0) return;  // longer than any message
  entry->places = places_of(entry->answer, plain);
  entry->lifetime = lifetime;
  entry->negative = is_negative(answer);
  entry->world = world_;
  entry->kept = clock_.now();
  entry->expires = entry->kept + seconds(life_s.value_or(0));
  const std::size_t size = entry->bytes();
  if (size > limits_.bytes_max / 4) return;
  while (bytes_ + size > limits_.bytes_max) {
    remove(*by_recency_.front());
    ++counts_.evictions;
  }
  bytes_ += size;
  by_recency_.push_back(*entry);
  const std::string_view stored = entry->key;
  entries_.emplace(stored, std::move(entry));
}

}  // namespace podo::dns
