#include "model/oci/decode_members.h"

namespace podo::oci {
namespace {

Result<std::string> text_of(const Field& from) {
  const auto view = TRY(from.string());
  if (view.find('\0') != view.npos) return from.wrong("contains a NUL character");
  return std::string(view);
}

template <class T>
Result<> read_map(const Field& from, std::vector<T>& to,
                  Result<> (*entry)(const Field&, std::string key, T&)) {
  TRY(from.object());
  to.reserve(from.size());
  for (const auto [key, value] : from.value().members()) {
    if (key.find('\0') != key.npos) return from.wrong("has a key with a NUL character");
    const Field field = from[key];
    TRY(entry(field, std::string(key), to.emplace_back()));
  }
  return {};
}

}  // namespace

Result<> read(const Field& from, std::string& to) {
  to = TRY(text_of(from));
  return {};
}
Result<> read(const Field& from, bool& to) {
  to = TRY(from.boolean());
  return {};
}
Result<> read(const Field& from, std::int64_t& to) {
  to = TRY(from.int64());
  return {};
}
Result<> read(const Field& from, std::uint64_t& to) {
  to = TRY(from.uint64());
  return {};
}
Result<> read(const Field& from, std::uint32_t& to) {
  to = TRY(from.uint32());
  return {};
}
Result<> read(const Field& from, std::uint16_t& to) {
  const auto number = TRY(from.uint64());
  if (number > UINT16_MAX) return from.wrong(text("expected an integer from 0 to 65535, got {}", number));
  to = static_cast<std::uint16_t>(number);
  return {};
}

Result<> read(const Field& from, StringMap& to) {
  return read_map<StringMap::value_type>(from, to,
                                         [](const Field& field, std::string key, auto& entry) -> Result<> {
                                           entry = {std::move(key), TRY(text_of(field))};
                                           return {};
                                         });
}

Result<> read(const Field& from, std::map<std::string, std::string>& to) {
  StringMap entries;
  TRY(read_map<StringMap::value_type>(from, entries,
                                      [](const Field& field, std::string key, auto& entry) -> Result<> {
                                        entry = {std::move(key), field ? TRY(text_of(field)) : std::string()};
                                        return {};
                                      }));
  for (auto& [key, value] : entries) to.insert_or_assign(std::move(key), std::move(value));
  return {};
}

Result<> read(const Field& from, std::map<std::string, bool>& to) {
  std::vector<std::string> names;
  TRY(read_map<std::string>(from, names, [](const Field&, std::string key, std::string& name) -> Result<> {
    name = std::move(key);
    return {};
  }));
  for (auto& name : names) to.insert_or_assign(std::move(name), true);
  return {};
}

Result<> read(const Field& from, std::vector<NetDevice>& to) {
  return read_map<NetDevice>(
      from, to, [](const Field& field, std::string key, NetDevice& device) -> Result<> {
        device.name = std::move(key);
        return field ? std::move(Members(field).may("name", device.rename)).result() : Result<>();
      });
}

Result<> read(const Field& from, std::vector<RdmaLimit>& to) {
  return read_map<RdmaLimit>(from, to, [](const Field& field, std::string key, RdmaLimit& limit) -> Result<> {
    limit.device = std::move(key);
    return std::move(Members(field).may("hcaHandles", limit.hca_handles).may("hcaObjects", limit.hca_objects))
        .result();
  });
}

}  // namespace podo::oci
