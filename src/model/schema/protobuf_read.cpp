#include <algorithm>

#include "base/format/base64.h"
#include "base/format/protobuf.h"
#include "base/format/utf8.h"
#include "model/schema/convert.h"
#include "model/schema/instant.h"
#include "model/schema/quantity.h"
#include "model/schema/walk.h"

namespace podo::schema {
namespace {

using protobuf::Reader;

// Of a message of one field, or of two numbers, as times and quantities are.
struct Parts {
  std::int64_t integers[4] = {};
  std::string_view texts[4] = {};
  bool any = false;
};

Result<Parts> parts_of(std::string_view bytes) {
  Parts parts;
  Reader in(bytes);
  while (TRY(in.next())) {
    if (in.number() > 3) continue;
    parts.any = true;
    if (in.wire() == protobuf::Wire::varint) parts.integers[in.number()] = TRY(in.integer());
    else parts.texts[in.number()] = TRY(in.bytes());
  }
  return parts;
}

// Objects hold UTF-8 only; as Go's JSON has it, what is none becomes U+FFFD.
std::string utf8_of(std::string_view text) {
  std::string out;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const std::size_t length = utf8::sequence_length(at, end);
    out += length == 0 ? utf8::replacement : std::string_view(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

void set_text(json::Item& item, std::string_view text) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  item.set_string(ascii ? text : utf8_of(text));
}

Result<> read_into(Reader& in, const Struct& type, json::Item& object, unsigned depth);
Result<> read_value(Reader& in, const Type& type, json::Item& item, unsigned depth);

Result<> read_time(std::string_view bytes, Precision precision, json::Item& item) {
  const Parts parts = TRY(parts_of(bytes));
  const std::int64_t seconds = parts.integers[1], nanos = parts.integers[2];
  if (seconds == 0 && nanos == 0) return {};  // no time, as Go reads it
  if (seconds < Instant::zero_seconds || seconds > 253'402'300'799 || nanos < 0 || nanos > 999'999'999) {
    return invalid("{} seconds and {} nanoseconds are no time", seconds, nanos);
  }
  item.set_string(text_of({seconds, static_cast<std::int32_t>(nanos)}, precision));
  return {};
}

Result<> read_raw(std::string_view bytes, json::Item& item) {
  const std::string_view raw = TRY(parts_of(bytes)).texts[1];
  return raw.empty() ? Result<>() : item.copy_text(raw);
}

// Hours, minutes and seconds without needless zeros, as Go writes a duration.
std::string duration_text(std::int64_t ns) {
  if (ns == 0) return "0s";
  const bool negative = ns < 0;
  const auto size = negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  const auto fraction = [](std::uint64_t value, std::uint64_t unit, std::string_view name) {
    std::string out = text("{}", value / unit);
    std::string rest = text("{}", value % unit + unit).substr(1);
    while (rest.ends_with('0')) rest.pop_back();
    if (!rest.empty() && unit > 1) out += "." + rest;
    return out.append(name);
  };
  std::string out = negative ? "-" : "";
  constexpr std::uint64_t second = 1'000'000'000;
  if (size < 1'000) return out + text("{}ns", size);
  if (size < 1'000'000) return out + fraction(size, 1'000, "\xC2\xB5s");
  if (size < second) return out + fraction(size, 1'000'000, "ms");
  if (size >= 3'600 * second) out += text("{}h", size / (3'600 * second));
  if (size >= 60 * second) out += text("{}m", size / (60 * second) % 60);
  return out + fraction(size % (60 * second), second, "s");
}

Result<> read_message_value(std::string_view bytes, const Type& type, json::Item& item, unsigned depth) {
  switch (type.kind) {
    case Kind::time: return read_time(bytes, Precision::seconds, item);
    case Kind::micro_time: return read_time(bytes, Precision::micros, item);
    case Kind::raw_object:
    case Kind::fields:
    case Kind::json: return read_raw(bytes, item);
    case Kind::duration: item.set_string(duration_text(TRY(parts_of(bytes)).integers[1])); return {};
    case Kind::quantity: {
      const Parts parts = TRY(parts_of(bytes));
      item.set_string(TRY(canonical_quantity(parts.any ? parts.texts[1] : "0")));
      return {};
    }
    case Kind::int_or_string: {
      const Parts parts = TRY(parts_of(bytes));
      if (parts.integers[1] == 1) set_text(item, parts.texts[3]);
      else item.set_number(static_cast<std::int64_t>(static_cast<std::int32_t>(parts.integers[2])));
      return {};
    }
    default: break;
  }
  if (depth >= depth_max) return invalid("exceeded max depth");
  if (!item.is(json::Kind::object)) item.set_object();
  Reader in(bytes);
  return read_into(in, *type.object, item, depth + 1);
}

Result<> read_value(Reader& in, const Type& type, json::Item& item, unsigned depth) {
  switch (type.kind) {
    case Kind::string: set_text(item, TRY(in.bytes())); return {};
    case Kind::int32:
      item.set_number(static_cast<std::int64_t>(static_cast<std::int32_t>(TRY(in.integer()))));
      return {};
    case Kind::int64: item.set_number(TRY(in.integer())); return {};
    case Kind::boolean: item.set_boolean(TRY(in.varint()) != 0); return {};
    case Kind::number: item.set_number(go_number(TRY(in.real()))); return {};
    case Kind::bytes: item.set_string(base64::encode(TRY(in.bytes()))); return {};
    default: return read_message_value(TRY(in.bytes()), type, item, depth);
  }
}

// A list of numbers may come packed.
Result<> read_items(Reader& in, const Type& type, json::Item& list, unsigned depth) {
  const bool numbers = type.kind == Kind::int32 || type.kind == Kind::int64 || type.kind == Kind::boolean;
  if (!numbers || in.wire() != protobuf::Wire::bytes) return read_value(in, type, list.append(), depth);
  std::string unpacked;  // as fields of their own
  for (const std::string_view packed = TRY(in.bytes()); const char c : packed) {
    if (unpacked.empty() || !(unpacked.back() & 0x80)) unpacked.push_back('\x08');
    unpacked.push_back(c);
  }
  Reader single(unpacked);
  while (TRY(single.next())) TRY(read_value(single, type, list.append(), depth));
  return {};
}

Result<> read_wrapped(std::string_view bytes, const Type& type, json::Item& list, unsigned depth) {
  if (!list.is(json::Kind::array)) list.set_array();
  Reader in(bytes);
  while (TRY(in.next())) {
    if (in.number() == 1) TRY(read_items(in, type, list, depth));
  }
  return {};
}

Result<std::string_view> key_of(std::string_view entry) {
  std::string_view key;
  Reader in(entry);
  while (TRY(in.next())) {
    if (in.number() == 1) key = TRY(in.bytes());
  }
  return key;
}

Result<> read_entry(std::string_view bytes, const Field& field, json::Item& map, unsigned depth) {
  const Type& type = *field.type.item;
  if (!map.is(json::Kind::object)) map.set_object();
  json::Item& item = map.member(utf8_of(TRY(key_of(bytes))));
  item.set_null();
  Reader in(bytes);
  while (TRY(in.next())) {
    if (in.number() != 2) continue;
    if (field.items_wrapped) TRY(read_wrapped(TRY(in.bytes()), *type.item, item, depth));
    else TRY(read_value(in, type, item, depth));
  }
  if (!item.is(json::Kind::null)) return {};
  if (type.kind == Kind::string || type.kind == Kind::bytes) item.set_string("");
  else if (type.kind == Kind::quantity) item.set_string("0");
  else if (type.kind == Kind::object) item.set_object();
  return {};
}

Result<> read_custom(Reader& in, const Struct& type, json::Item& item, unsigned depth) {
  const CustomForm form = custom_form(type);
  item.set_null();
  while (TRY(in.next())) {
    if (form.allows != nullptr && in.number() == form.allows->number && !item.is(json::Kind::object)) {
      item.set_boolean(TRY(in.varint()) != 0);
    } else if (in.number() == form.schema->number) {
      TRY(read_value(in, form.schema->type, item, depth));
    } else if (form.list != nullptr && in.number() == form.list->number) {
      if (!item.is(json::Kind::array)) item.set_array();
      TRY(read_value(in, *form.list->type.item, item.append(), depth));
    }
  }
  if (item.is(json::Kind::null) && form.allows != nullptr) item.set_boolean(false);
  return {};
}

Result<> read_field(Reader& in, const Field& field, json::Item& object, unsigned depth) {
  if (field.is_inline) {
    Reader nested(TRY(in.bytes()));
    return depth >= depth_max ? invalid("exceeded max depth")
                              : read_into(nested, *field.type.object, object, depth + 1);
  }
  json::Item& item = object.member(field.name);
  switch (field.type.kind) {
    case Kind::list:
      if (field.wrapped) {
        TRY(read_wrapped(TRY(in.bytes()), *field.type.item, item, depth));
      } else {
        if (!item.is(json::Kind::array)) item.set_array();
        TRY(read_items(in, *field.type.item, item, depth));
      }
      break;
    case Kind::map: TRY(read_entry(TRY(in.bytes()), field, item, depth)); break;
    default: TRY(read_value(in, field.type, item, depth));
  }
  if (item.is(json::Kind::null) || (!field.pointer && is_zero(item, field.type))) object.remove(item);
  return {};
}

Result<> read_into(Reader& in, const Struct& type, json::Item& object, unsigned depth) {
  if (type.custom_json) return read_custom(in, type, object, depth);
  while (TRY(in.next())) {
    const Field* field = type.find_number(in.number());
    if (field != nullptr && !field->hidden && !field->off) TRY(read_field(in, *field, object, depth));
  }
  return {};
}

struct Envelope {
  std::string_view api_version, kind, raw, encoding, content_type;
};

Result<Envelope> open_envelope(std::string_view bytes) {
  if (!bytes.starts_with(protobuf_magic))
    return invalid("provided data does not appear to be a protobuf message");
  Envelope envelope;
  Reader in(bytes.substr(protobuf_magic.size()));
  while (TRY(in.next())) {
    if (in.number() == 1) {
      const Parts meta = TRY(parts_of(TRY(in.bytes())));
      envelope.api_version = meta.texts[1];
      envelope.kind = meta.texts[2];
    } else if (in.number() == 2) {
      envelope.raw = TRY(in.bytes());
    } else if (in.number() == 3) {
      envelope.encoding = TRY(in.bytes());
    } else if (in.number() == 4) {
      envelope.content_type = TRY(in.bytes());
    }
  }
  return envelope;
}

}  // namespace

Result<> read_message(std::string_view bytes, const Struct& type, json::Item& into) {
  into.set_object();
  Reader in(bytes);
  return read_into(in, type, into, 0);
}

Result<json::Tree> from_protobuf(std::string_view bytes, const Schema& schema, const Struct* expected) {
  const Envelope envelope = TRY(open_envelope(bytes));
  if (!envelope.encoding.empty()) return invalid("the content encoding {} is not known", envelope.encoding);
  if (envelope.content_type == "application/json") return json::Tree::parse(std::string(envelope.raw));
  if (!envelope.content_type.empty() && envelope.content_type != "application/vnd.kubernetes.protobuf") {
    return invalid("the content type {} is not known", envelope.content_type);
  }
  const bool named = !envelope.kind.empty() || !envelope.api_version.empty();
  const Struct* type = named ? schema.find_root(envelope.api_version, envelope.kind) : expected;
  if (type == nullptr || type->no_proto) {
    return invalid("no kind \"{}\" is registered for version \"{}\"", envelope.kind, envelope.api_version);
  }
  json::Tree tree;
  TRY(read_message(envelope.raw, *type, tree.root()));
  if (!named) return tree;
  tree.root().member("kind").set_string(envelope.kind);
  tree.root().member("apiVersion").set_string(envelope.api_version);
  return tree;
}

}  // namespace podo::schema
