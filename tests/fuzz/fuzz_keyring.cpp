// A key file is refused without a word of what stands in it, or is a ring that reads the same when
// written again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "base/core/text.h"
#include "base/format/base64.h"
#include "base/store/keyring.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto ring = store::Keyring::parse(input, "keys");
  if (!ring) {
    ENSURE(ring.error().kind() == ErrorKind::invalid);
    ENSURE(ring.error().message().size() < 100);
    return 0;
  }
  std::string written;
  for (const store::Keyring::Key& key : ring->keys()) {
    ENSURE(key.id != 0 && key.secret.size() == crypto::Aead::key_size);
    const std::string encoded = base64::encode(key.secret.reveal());
    ENSURE(input.find(encoded) != std::string_view::npos);  // base64 has one spelling
    written += text("{} {}\n", key.id, encoded);
  }
  const auto again = store::Keyring::parse(written, "keys");
  ENSURE(again.has_value() && again->keys().size() == ring->keys().size());
  for (std::size_t i = 0; i < ring->keys().size(); ++i) {
    ENSURE(again->keys()[i].id == ring->keys()[i].id);
    ENSURE(again->keys()[i].secret.reveal() == ring->keys()[i].secret.reveal());
  }
  return 0;
}
