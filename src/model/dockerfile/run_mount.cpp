#include <algorithm>
#include <iterator>

#include "base/core/number.h"
#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

constexpr std::string_view types[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
constexpr std::string_view sharings[] = {"shared", "private", "locked"};
constexpr std::string_view keys[] = {"type",     "from", "source", "src", "target",    "dst", "destination",
                                     "readonly", "ro",   "rw",     "id",  "readwrite", "env", "sharing",
                                     "required", "mode", "uid",    "gid", "size"};

struct Text {
  std::string_view key;
  std::string RunMount::* member;
};
constexpr Text texts[] = {{"from", &RunMount::from},  {"source", &RunMount::source},
                          {"src", &RunMount::source}, {"target", &RunMount::target},
                          {"dst", &RunMount::target}, {"destination", &RunMount::target},
                          {"id", &RunMount::id},      {"env", &RunMount::env}};

std::optional<bool> yes_or_no(std::string_view text) {
  constexpr std::string_view yes[] = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::string_view no[] = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::ranges::contains(yes, text)) return true;
  if (std::ranges::contains(no, text)) return false;
  return std::nullopt;
}

// "64m", "1.5GiB", "4096": units of 1024.
std::optional<std::int64_t> bytes(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string unit = lower(trimmed(text.substr(digits)));
  if (unit.ends_with('b')) unit.pop_back();
  if (unit.size() == 2 && unit.ends_with('i')) unit.pop_back();
  constexpr std::string_view units = "kmgtp";
  const std::size_t power = unit.empty() ? 0 : units.find(unit) + 1;  // npos + 1: 0
  if (unit.size() > 1 || (!unit.empty() && power == 0)) return std::nullopt;
  const std::string_view number = text.substr(0, digits);
  const std::size_t point = std::min(number.find('.'), number.size());
  const auto whole = whole_number<std::uint64_t>(number.substr(0, point), 10);
  const std::uint64_t scale = 1ull << (10 * power);
  if (!whole || *whole > (1ull << 62) / scale) return std::nullopt;
  const std::string_view decimals = number.substr(std::min(point + 1, number.size()), 6);
  double part = 0, of = 1;
  for (const char c : decimals) {
    if (c == '.') return std::nullopt;
    part = part * 10 + (c - '0');
    of *= 10;
  }
  return static_cast<std::int64_t>(*whole * scale) +
         static_cast<std::int64_t>(part / of * static_cast<double>(scale));
}

// Fields at commas; one that begins with a double quote ends at the next, and "" in it is one.
Result<std::vector<std::string>> fields_of(std::string_view value) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',') {
      fields.emplace_back();
    } else if (value[i] != '"') {
      fields.back() += value[i];
    } else {
      if (!fields.back().empty()) return invalid("failed to parse csv mounts: a quote inside of a field");
      for (++i; i < value.size(); ++i) {
        if (value[i] != '"') fields.back() += value[i];
        else if (value.substr(i + 1, 1) != "\"") break;
        else fields.back() += value[i++];
      }
      if (i >= value.size()) return invalid("failed to parse csv mounts: a quote is open");
      if (i + 1 < value.size() && value[i + 1] != ',')
        return invalid("failed to parse csv mounts: something is behind a quote");
    }
  }
  return fields;
}

// What was said, before it is known whether it goes together.
struct Fields {
  RunMount mount;
  std::optional<bool> read_only, required;
  std::optional<std::int64_t> size;
  bool shares = false;

  Result<> take(std::string_view field, const ExpandValue& expand);

 private:
  Result<> take_yes_no(std::string_view key, std::string_view value);
  Result<> take_number(std::string_view key, std::string_view value);
};

Result<> Fields::take_yes_no(std::string_view key, std::string_view value) {
  const auto yes = yes_or_no(value);
  if (!yes) return invalid("invalid value for {}: {}", key, value);
  const bool reads = key == "readonly" || key == "ro";
  (key == "required" ? required : read_only) = key == "required" ? *yes : *yes == reads;
  return {};
}

Result<> Fields::take_number(std::string_view key, std::string_view value) {
  const auto number = whole_number<std::uint32_t>(value, key == "mode" ? 8 : 10);
  if (!number) return invalid("invalid value {} for {}", value, key);
  (key == "mode" ? mount.mode : key == "uid" ? mount.uid : mount.gid) = number;
  return {};
}

// Stages are put in order before any variable has a value.
Result<> check_from(const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    if (lower(field).starts_with("from=") && field.contains('$'))
      return invalid("'from' doesn't support variable expansion, define alias stage instead");
  }
  return {};
}

Result<> Fields::take(std::string_view field, const ExpandValue& expand) {
  const std::size_t equals = std::min(field.find('='), field.size());
  const std::string key = lower(field.substr(0, equals));
  const bool is_yes_no = std::ranges::contains(
      std::initializer_list<std::string_view>{"readonly", "ro", "readwrite", "rw", "required"}, key);
  if (equals == field.size()) {
    if (is_yes_no) return take_yes_no(key, "true");
    return invalid("invalid field '{}' must be a key=value pair", field);
  }
  std::string value(field.substr(equals + 1));
  if (expand && key != "from") value = TRY(expand(value));
  if (is_yes_no) return take_yes_no(key, value);
  if (key == "mode" || key == "uid" || key == "gid") return take_number(key, value);
  if (key == "type" || key == "sharing") {
    std::span<const std::string_view> known = types;
    if (key == "sharing") known = sharings;
    const auto found = std::ranges::find(known, lower(value));
    if (found == known.end()) {
      return invalid("unsupported {} {}{}", key == "type" ? "mount type" : "sharing value", quoted(value),
                     suggestion(value, known));
    }
    const auto index = found - known.begin();
    if (key == "type") mount.type = static_cast<RunMount::Type>(index);
    else mount.sharing = static_cast<RunMount::Sharing>(index);
    shares = shares || key == "sharing";
  } else if (key == "size") {
    size = bytes(value);
    if (!size) return invalid("invalid value for {}: {}", key, value);
  } else if (const auto named = std::ranges::find(texts, key, &Text::key); named != std::end(texts)) {
    mount.*named->member = std::move(value);
  } else {
    return invalid("unexpected key '{}' in '{}'{}", key, field, suggestion(key, keys));
  }
  return {};
}

Result<> check(const Fields& fields) {
  using enum RunMount::Type;
  const RunMount& mount = fields.mount;
  const std::string_view type = types[static_cast<std::size_t>(mount.type)];
  const bool has_owner = mount.type == secret || mount.type == ssh || mount.type == cache;
  const std::pair<bool, std::string_view> owner[] = {
      {mount.mode.has_value(), "mode"}, {mount.uid.has_value(), "uid"}, {mount.gid.has_value(), "gid"}};
  for (const auto& [given, key] : owner) {
    if (given && !has_owner) return invalid("{} not allowed for \"{}\" type mounts", key, type);
  }
  const std::pair<bool, std::string_view> of_some[] = {
      {fields.required && mount.type != secret && mount.type != ssh, "required"},
      {fields.size && mount.type != tmpfs, "size"},
      {!mount.env.empty() && mount.type != secret, "env"}};
  for (const auto& [wrong, key] : of_some) {
    if (wrong) return invalid("unexpected key '{}' for mount type '{}'", key, type);
  }
  if (mount.type == secret) {
    if (!mount.from.empty()) return invalid("secret mount should not have a from");
    if (fields.shares) return invalid("secret mount should not define sharing");
    if (mount.source.empty() && mount.target.empty() && mount.id.empty() && mount.env.empty())
      return invalid("invalid secret mount. one of source, target required");
    if (!mount.source.empty() && !mount.id.empty()) return invalid("both source and id can't be set");
  }
  if (fields.shares && mount.type != cache) return invalid("invalid cache sharing set for {} mount", type);
  if (mount.target == "/") return invalid("invalid mount target \"/\"");
  return {};
}

}  // namespace

Result<RunMount> parse_run_mount(std::string_view value, const ExpandValue& expand) {
  const std::vector<std::string> written = TRY(fields_of(value));
  TRY(check_from(written));
  Fields fields;
  for (const std::string& field : written) TRY(fields.take(field, expand));
  TRY(check(fields));
  RunMount& mount = fields.mount;
  const bool written_to = mount.type == RunMount::Type::cache || mount.type == RunMount::Type::tmpfs;
  mount.read_only = fields.read_only.value_or(!written_to);
  mount.required = fields.required.value_or(false);
  mount.size_bytes = fields.size.value_or(0);
  return std::move(mount);
}

}  // namespace podo::dockerfile
