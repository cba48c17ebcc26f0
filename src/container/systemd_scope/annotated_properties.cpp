#include "base/core/number.h"
#include "container/systemd_scope/unit_properties.h"

namespace podo::runtime {
namespace {

using dbus::Value;

constexpr std::uint64_t seconds_max = 1'000'000'000'000;
constexpr std::string_view prefix = "org.systemd.property.";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

template <class T>
Result<Value> number_as(std::string_view word) {
  const bool hex = word.starts_with("0x");
  const auto value = hex ? whole_number<T>(word.substr(2), 16) : whole_number<T>(word);
  if (!value) return invalid("\"{}\" is no number of this type", word);
  return Value(*value);
}

// One value in GVariant's text format; the grammar is in unit_properties.h.
class ValueText {
 public:
  explicit ValueText(std::string_view text) : rest_(text) {}

  Result<Value> whole() {
    Value value = TRY(next());
    skip_spaces();
    if (!rest_.empty()) return invalid("\"{}\" is too much", rest_);
    return value;
  }

 private:
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool take(char c) {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    skip_spaces();
    const std::string_view found = rest_.substr(0, rest_.find_first_of(" \t\n,]['\""));
    rest_.remove_prefix(found.size());
    return found;
  }

  Result<Value> next() {
    skip_spaces();
    if (rest_.starts_with('@')) {
      const std::string_view signature = word();
      if (!take('[')) return unsupported("\"{}\" is not before an array", signature);
      return array(signature.substr(1));
    }
    if (take('[')) return array("");
    if (rest_.starts_with('\'') || rest_.starts_with('"')) return Value(TRY(quoted()));
    const std::string_view first = word();
    if (first == "true" || first == "false") return Value(first == "true");
    if (first == "boolean") {
      const std::string_view said = word();
      if (said != "true" && said != "false") return invalid("\"{}\" is no boolean", said);
      return Value(said == "true");
    }
    if (first == "string") return Value(TRY(quoted()));
    if (first == "objectpath") return Value(dbus::ObjectPath{TRY(quoted())});
    if (first == "byte") return number_as<std::uint8_t>(word());
    if (first == "int16") return number_as<std::int16_t>(word());
    if (first == "uint16") return number_as<std::uint16_t>(word());
    if (first == "int32") return number_as<std::int32_t>(word());
    if (first == "uint32") return number_as<std::uint32_t>(word());
    if (first == "int64") return number_as<std::int64_t>(word());
    if (first == "uint64") return number_as<std::uint64_t>(word());
    if (first.empty() || !(first[0] == '-' || (first[0] >= '0' && first[0] <= '9')))
      return unsupported("\"{}\" is a kind of value that is not supported", first.empty() ? rest_ : first);
    return number_as<std::int32_t>(first);
  }

  Result<std::string> quoted() {
    skip_spaces();
    const char quote = rest_.empty() ? '\0' : rest_[0];
    if (quote != '\'' && quote != '"') return invalid("a string has quotes");
    std::string out;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        rest_.remove_prefix(i + 1);
        return out;
      }
      const bool escaped = rest_[i] == '\\' && i + 1 < rest_.size();
      const char c = rest_[escaped ? ++i : i];
      if (escaped && c != '\\' && c != '\'' && c != '"') return unsupported("the escape \\{} in a string", c);
      if (c == '\0') return invalid("a string has no NUL");
      out.push_back(c);
    }
    return invalid("a string has no end");
  }

  // The elements have the type of the first one.
  Result<Value> array(std::string_view signature) {
    Value list = std::vector<std::string>();
    if (signature == "ay") list = std::vector<std::uint8_t>();
    else if (signature == "au") list = std::vector<std::uint32_t>();
    else if (!signature.empty() && signature != "as") return unsupported("an array of type {}", signature);
    if (take(']')) return list;
    for (bool first = signature.empty();; first = false) {
      skip_spaces();
      if (rest_.starts_with('[') || rest_.starts_with('@')) return unsupported("an array within an array");
      TRY(append(list, TRY(next()), first));
      if (take(']')) return list;
      if (!take(',')) return invalid("an array has commas between its values and ] at its end");
    }
  }

  static Result<> append(Value& list, const Value& value, bool first) {
    if (first && std::holds_alternative<std::uint8_t>(value)) list = std::vector<std::uint8_t>();
    if (first && std::holds_alternative<std::uint32_t>(value)) list = std::vector<std::uint32_t>();
    const auto same = [&]<class T>(const T*) {
      auto* into = std::get_if<std::vector<T>>(&list);
      const auto* one = std::get_if<T>(&value);
      if (into == nullptr || one == nullptr) return false;
      into->push_back(*one);
      return true;
    };
    if (same(static_cast<std::string*>(nullptr)) || same(static_cast<std::uint8_t*>(nullptr)) ||
        same(static_cast<std::uint32_t*>(nullptr)))
      return {};
    return unsupported("an array of other than strings, bytes or uint32");
  }

  std::string_view rest_;
};

// "TimeoutStopSec": "12.5" is TimeoutStopUSec=12500000.
Result<Value> microseconds_of(std::string_view seconds) {
  seconds = seconds.substr(seconds.rfind(' ') + 1);  // a type before it does not matter
  const auto point = std::min(seconds.find('.'), seconds.size());
  std::string fraction(seconds.substr(std::min(point + 1, seconds.size())));
  if (fraction.empty() && point == seconds.size()) fraction = "0";
  const bool digits = fraction.find_first_not_of("0123456789") == fraction.npos && !fraction.empty();
  fraction.resize(6, '0');
  const auto whole = whole_number<std::uint64_t>(seconds.substr(0, point));
  if (!whole || !digits || *whole > seconds_max) return invalid("\"{}\" is no number of seconds", seconds);
  return Value(*whole * 1'000'000 + whole_number<std::uint64_t>(fraction).value_or(0));
}

}  // namespace

Result<std::vector<dbus::Property>> annotated_properties(const oci::StringMap& annotations) {
  std::vector<dbus::Property> properties;
  for (const auto& [key, value] : annotations) {
    if (!std::string_view(key).starts_with(prefix)) continue;
    std::string name = key.substr(prefix.size());
    if (name.size() < 3 || name.find_first_not_of(letters) != name.npos)
      return invalid("annotations: {}: \"{}\" is no name of a property", key, name);
    if (name.ends_with("Sec") && !name.ends_with("USec")) {
      name.replace(name.size() - 3, 3, "USec");
      put(properties, {std::move(name), TRY_IN(text("annotations: {}", key), microseconds_of(value))});
    } else {
      put(properties, {std::move(name), TRY_IN(text("annotations: {}", key), ValueText(value).whole())});
    }
  }
  return properties;
}

}  // namespace podo::runtime
