// Recent: what was used last, by a text of which only the digest is kept. For what nobody says the end of:
// objects that were spoken about and are gone without a word.
//
//   Recent<int> seen(2000);
//   ++seen.put(text, 0);          seen.find(text) -> int*, null when it is not there, or no more
//
// Half of the most stay at least, those that were forgotten among them; all of them at most. They lie in two
// tables: nodes of a tree would lie among what goes, and each of them keep a page. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "base/crypto/digest.h"

namespace podo::crypto {

template <class Value>
class Recent {
 public:
  explicit Recent(std::size_t most) : half_(most / 2) {}

  // Valid until the next call.
  Value* find(std::string_view text) {
    const Name name = name_of(text);
    if (Place* const place = newer_.find(name)) return place->use == Use::present ? &place->value : nullptr;
    const Place* const place = older_.find(name);
    return place != nullptr && place->use == Use::present ? &put(name, place->value) : nullptr;
  }
  Value& put(std::string_view text, Value value) { return put(name_of(text), std::move(value)); }
  void forget(std::string_view text) {
    const Name name = name_of(text);
    for (Table* table : {&newer_, &older_})
      if (Place* const place = table->find(name)) place->use = Use::forgotten;
  }

 private:
  using Name = std::array<std::uint64_t, 2>;  // 128 bits of SHA-256: nobody can make two texts of one name
  enum class Use : std::uint8_t { empty, present, forgotten };
  struct Place {
    Name name = {};
    Value value = {};
    Use use = Use::empty;
  };
  struct Table {
    std::vector<Place> places = {};  // none before the first is needed; half of them are taken at most
    std::size_t taken = 0;

    Place* find(const Name& name) {
      if (places.empty()) return nullptr;
      Place& place = place_of(name);
      return place.use != Use::empty ? &place : nullptr;
    }
    // Its own, or the empty one that it may have.
    Place& place_of(const Name& name) {
      std::size_t at = name[0] % places.size();
      while (places[at].use != Use::empty && places[at].name != name) at = (at + 1) % places.size();
      return places[at];
    }
    void grow() {
      std::vector<Place> before =
          std::exchange(places, std::vector<Place>(places.empty() ? 64 : 2 * places.size()));
      for (Place& place : before)
        if (place.use != Use::empty) place_of(place.name) = std::move(place);
    }
  };

  static Name name_of(std::string_view text) {
    Digest digest;
    digest.add(text);
    Name name;
    std::memcpy(name.data(), digest.bytes().data(), sizeof name);
    return name;
  }
  Value& put(const Name& name, Value value) {
    if (newer_.taken >= half_) older_ = std::exchange(newer_, {});
    if (newer_.places.size() <= 2 * newer_.taken) newer_.grow();
    Place& place = newer_.place_of(name);
    if (place.use == Use::empty) ++newer_.taken;
    place = {.name = name, .value = std::move(value), .use = Use::present};
    return place.value;
  }

  std::size_t half_;
  Table newer_, older_;
};

}  // namespace podo::crypto
