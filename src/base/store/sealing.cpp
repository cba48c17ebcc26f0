#include "base/store/sealing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/core/ensure.h"

namespace podo::store {

namespace {

constexpr std::size_t id_size = 4;

template <class Integer>
void append_le(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::string associated_with(std::string_view key, Revision modified) {
  std::string bytes;
  bytes.reserve(4 + key.size() + 8);
  append_le(bytes, static_cast<std::uint32_t>(key.size()));
  bytes.append(key);
  append_le(bytes, modified);
  return bytes;
}

}  // namespace

Sealing::Sealing(const Keyring& keyring, std::vector<std::string> prefixes, Random& random)
    : prefixes_(std::move(prefixes)), random_(&random) {
  for (const Keyring::Key& key : keyring.keys())
    locks_.push_back({key.id, crypto::Aead(key.secret.bytes().first<crypto::Aead::key_size>())});
}

bool Sealing::covers(std::string_view key) const {
  return std::ranges::any_of(prefixes_, [&](const std::string& prefix) { return key.starts_with(prefix); });
}

std::string Sealing::seal(std::string_view key, Revision modified, std::string_view value) {
  ENSURE(!locks_.empty());
  std::array<std::byte, crypto::Aead::nonce_size> nonce;
  random_->fill(nonce);
  std::string sealed;
  sealed.reserve(overhead + value.size());
  append_le(sealed, locks_.front().id);
  sealed.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  return sealed.append(locks_.front().aead.seal(nonce, associated_with(key, modified), value));
}

Result<std::string> Sealing::open(std::string_view key, Revision modified, std::string_view sealed) {
  if (locks_.empty()) return denied("this store has encrypted values: give its key file");
  if (sealed.size() < overhead) return corrupt("the encrypted value of {} is cut short", key);
  const KeyId id = key_id_of(sealed);
  const auto lock = std::ranges::find(locks_, id, &Lock::id);
  if (lock == locks_.end())
    return denied("the value of {} is sealed with key {}, which the key file does not have", key, id);
  const auto nonce = std::as_bytes(std::span(sealed)).subspan<id_size, crypto::Aead::nonce_size>();
  auto value = lock->aead.open(nonce, associated_with(key, modified), sealed.substr(id_size + nonce.size()));
  if (!value)
    return corrupt("the encrypted value of {} is not what was sealed with key {} at revision {}", key, id,
                   modified);
  return value;
}

KeyId key_id_of(std::string_view sealed) {
  if (sealed.size() < id_size) return 0;
  KeyId id = 0;
  for (std::size_t i = 0; i < id_size; ++i) id |= KeyId{static_cast<unsigned char>(sealed[i])} << (8 * i);
  return id;
}

}  // namespace podo::store
