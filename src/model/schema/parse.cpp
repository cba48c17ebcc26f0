// Schema source files, one per group-version:
//
//   file     := header line*
//   header   := "group" NAME-or-"-" "version" NAME-or-"-" "prefix" NAME "openapi" NAME "proto" NAME
//               [ "types-only" ] newline
//   line     := empty | "#" comment | resource | enum | type
//   resource := "resource" PLURAL KIND ( "namespaced" | "cluster" ) word* newline sub*
//   sub      := "  sub" NAME KIND word* newline
//               words: verbs(a,b) or verbs(*)   short(a,b)   categories(a,b)   selector(a)*
//               stored(API-VERSION)   hash(BASE64)   of(API-VERSION): a subresource's kind of another group
//   enum     := "enum" NAME [ "published" ] newline ( "  " ( VALUE | '""' ) newline )*
//   type     := "type" NAME word* newline doc? field*
//               words: root   list   no-proto   custom-json   atomic   union(DISCRIMINATOR-or-"-",a,b)
//   field    := "  " ( NAME ":" | "+" ) TYPE [ "=" NUMBER ] word* newline doc?         "+": inline
//               words: pointer   always   required   nullable   hidden   off   wrapped   items-wrapped
//               atomic, granular (map or object)   set, list, map(a,b) (list)
//               default(JSON): published   server-default(JSON)   default-by-rule
//               merge, merge(KEY)   retain-keys   replace   enum(NAME)   keys(NAME)
//   A line goes on in the next one when that is indented by six spaces.
//   doc      := ( deeper than what it tells of ) "# " one line for people: `kubectl explain` shows it
//   TYPE     := primitive | NAME | "[]" TYPE | "map[]" TYPE
//
// NAMEs of types and enums of the same file stand alone, those of others with their prefix: "meta.v1.Time".
#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/core/ensure.h"
#include "model/schema/state.h"

namespace podo::schema {
namespace {

constexpr std::pair<std::string_view, Kind> primitives[] = {
    {"string", Kind::string},     {"int32", Kind::int32},
    {"int64", Kind::int64},       {"bool", Kind::boolean},
    {"double", Kind::number},     {"bytes", Kind::bytes},
    {"quantity", Kind::quantity}, {"int-or-string", Kind::int_or_string},
    {"time", Kind::time},         {"micro-time", Kind::micro_time},
    {"duration", Kind::duration}, {"raw-object", Kind::raw_object},
    {"fields", Kind::fields},     {"json", Kind::json},
    {"any", Kind::any},
};

struct Word {
  std::string_view name, argument;
};

// The rest of a line, a word at a time; words with arguments have no spaces in them.
class Words {
 public:
  explicit Words(std::string_view rest) : rest_(rest) {}
  bool more() {
    while (rest_.starts_with(' ') || rest_.starts_with('\n')) rest_.remove_prefix(1);
    return !rest_.empty();
  }
  std::string_view plain() {
    if (!more()) return {};
    const std::size_t end = std::min(rest_.find_first_of(" \n"), rest_.size());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return found;
  }
  Word word() {
    const std::string_view found = plain();
    const std::size_t open = found.find('(');
    if (open == std::string_view::npos || !found.ends_with(')')) return {found, {}};
    return {found.substr(0, open), found.substr(open + 1, found.size() - open - 2)};
  }

 private:
  std::string_view rest_;
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

constexpr unsigned nesting_max = 32;  // of structs that are no pointers

class Parser {
 public:
  explicit Parser(State& state) : state_(state), arena_(state.arena) {}
  Result<> source(std::string_view text);
  Result<> finish();

 private:
  struct Reference {  // to a type or enum that may come later
    std::string_view name, prefix;
    std::size_t line;
  };
  Result<> header(Words words);
  Result<> line(std::string_view text);
  Result<> resource(Words words);
  Result<> subresource(Words words);
  Result<> enumeration(Words words);
  Result<> type(Words words);
  Result<> type_word(Struct& type, Word word);
  Result<> field(std::string_view text);
  Result<> field_word(Field& field, Word word);
  Result<> field_type(Field& field, std::string_view text);
  void doc(std::string_view text, bool deep);
  void close();  // what was open gets what was gathered for it

  Result<> resolve();
  Result<> resolve_resources();
  Result<> index(Struct& type, unsigned depth);

  std::span<const std::string_view> list_of(std::string_view text);
  std::string_view full(std::string_view name) {
    return name.contains('.') ? name : arena_.text(prefix_, ".", name);
  }
  template <class... A>
  Failure wrong(Pattern<A...> pattern, const A&... arguments) const {
    return invalid("{}, line {}: {}", prefix_, line_, text(pattern, arguments...));
  }

  State& state_;
  Arena& arena_;
  std::vector<GroupVersion> groups_;
  std::vector<std::vector<Resource>> resources_;
  std::vector<Struct*> structs_;
  std::unordered_map<std::string_view, Struct*> types_;
  std::unordered_map<std::string_view, Enum*> enums_;
  std::vector<std::pair<Type*, Reference>> wanted_types_;
  std::vector<std::pair<const Enum**, Reference>> wanted_enums_;

  std::string_view prefix_;
  std::size_t line_ = 0;
  Struct* type_ = nullptr;  // what is open
  Enum* enum_ = nullptr;
  std::vector<Field> fields_;
  std::vector<Union> unions_;
  std::vector<std::string_view> values_;
  std::vector<Subresource> subresources_;
  // Of the fields gathered: they move when the type is closed.
  struct Pending {
    std::size_t field;
    enum class Of : std::uint8_t { type, values, keys } of;
    std::string_view name;
    std::size_t line;
  };
  std::vector<Pending> pending_;
};

Result<> Parser::source(std::string_view text) {
  line_ = 0;
  prefix_ = "schema";
  while (!text.empty()) {
    std::size_t end = text.find('\n'), lines = 1;
    for (; end != std::string_view::npos && text.substr(end + 1).starts_with("      "); ++lines) {
      end = text.find('\n', end + 1);
    }
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(std::min(found.size() + 1, text.size()));
    ++line_;
    if (line_ == 1) TRY(header(Words(found)));
    else TRY(line(found));
    line_ += lines - 1;
  }
  close();
  return {};
}

Result<> Parser::header(Words words) {
  GroupVersion made;
  const auto next = [&](std::string_view word, std::string_view& value) {
    if (words.plain() != word) return false;
    value = words.plain();
    if (value == "-") value = {};
    return true;
  };
  if (!next("group", made.group) || !next("version", made.version) || !next("prefix", made.prefix) ||
      !next("openapi", made.openapi) || !next("proto", made.proto)) {
    return wrong("expected group, version, prefix, openapi and proto");
  }
  made.served = words.plain() != "types-only";
  made.api_version = made.group.empty() ? made.version : arena_.text(made.group, "/", made.version);
  prefix_ = made.prefix;
  groups_.push_back(made);
  resources_.emplace_back();
  return {};
}

Result<> Parser::line(std::string_view text) {
  if (text.empty() || text.starts_with('#')) return {};
  if (take_prefix(text, "    # ")) return doc(text, true), Result<>();
  if (take_prefix(text, "  # ")) return doc(text, false), Result<>();
  if (take_prefix(text, "  sub ")) return subresource(Words(text));
  if (take_prefix(text, "  ")) {
    if (enum_ == nullptr) return field(text);
    values_.push_back(text == "\"\"" ? std::string_view() : text);
    return {};
  }
  close();
  if (take_prefix(text, "resource ")) return resource(Words(text));
  if (take_prefix(text, "enum ")) return enumeration(Words(text));
  if (take_prefix(text, "type ")) return type(Words(text));
  return wrong("expected a resource, an enum or a type");
}

void Parser::doc(std::string_view text, bool deep) {
  if (deep && !fields_.empty()) fields_.back().doc = text;
  else if (type_ != nullptr) type_->doc = text;
}

std::span<const std::string_view> Parser::list_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arena_.copy(parts);
}

Result<std::uint32_t> verbs_of(std::span<const std::string_view> names) {
  std::uint32_t verbs = 0;
  for (const std::string_view name : names) {
    const std::uint32_t verb = name == "*" ? 0xFF : verb_named(name);
    if (verb == 0) return invalid("{} is no verb", name);
    verbs |= verb;
  }
  return verbs;
}

Result<> Parser::resource(Words words) {
  Resource made;
  made.plural = words.plain();
  made.kind = words.plain();
  std::string lower(made.kind);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  made.singular = arena_.text(lower);
  const std::string_view scope = words.plain();
  if (scope != "namespaced" && scope != "cluster") return wrong("expected namespaced or cluster");
  made.namespaced = scope == "namespaced";
  std::vector<std::string_view> selectors;
  while (words.more()) {
    const auto [name, argument] = words.word();
    if (name == "verbs") made.verbs = TRY(verbs_of(list_of(argument)));
    else if (name == "short") made.short_names = list_of(argument);
    else if (name == "categories") made.categories = list_of(argument);
    else if (name == "selector") selectors.push_back(argument);
    else if (name == "stored") made.stored_as = argument;
    else if (name == "hash") made.storage_hash = argument;
    else return wrong("a resource knows no word {}", name);
  }
  made.field_selectors = arena_.copy(selectors);
  resources_.back().push_back(made);
  return {};
}

Result<> Parser::subresource(Words words) {
  if (resources_.empty() || resources_.back().empty()) return wrong("a subresource of no resource");
  Subresource made;
  made.name = words.plain();
  made.kind = words.plain();
  made.group = groups_.back().group;
  made.version = groups_.back().version;
  while (words.more()) {
    const auto [name, argument] = words.word();
    if (name == "verbs") {
      made.verbs = TRY(verbs_of(list_of(argument)));
    } else if (name == "of") {
      const std::size_t slash = argument.find('/');
      made.group = slash == std::string_view::npos ? std::string_view() : argument.substr(0, slash);
      made.version = slash == std::string_view::npos ? argument : argument.substr(slash + 1);
    } else {
      return wrong("a subresource knows no word {}", name);
    }
  }
  subresources_.push_back(made);
  return {};
}

Result<> Parser::enumeration(Words words) {
  Enum& made = arena_.one(Enum());
  made.name = full(words.plain());
  made.published = words.plain() == "published";
  if (!enums_.emplace(made.name, &made).second) return wrong("the enum {} comes twice", made.name);
  enum_ = &made;
  return {};
}

Result<> Parser::type(Words words) {
  Struct& made = arena_.one(Struct());
  made.name = full(words.plain());
  if (!types_.emplace(made.name, &made).second) return wrong("the type {} comes twice", made.name);
  structs_.push_back(&made);
  type_ = &made;
  while (words.more()) TRY(type_word(made, words.word()));
  return {};
}

Result<> Parser::type_word(Struct& type, Word word) {
  if (word.name == "root") type.root = true;
  else if (word.name == "list") type.list = true;
  else if (word.name == "no-proto") type.no_proto = true;
  else if (word.name == "custom-json") type.custom_json = true;
  else if (word.name == "atomic") type.atomic = true;
  else if (word.name == "union") {
    const auto parts = list_of(word.argument);
    if (parts.empty()) return wrong("a union of what?");
    unions_.push_back({parts[0] == "-" ? std::string_view() : parts[0], parts.subspan(1)});
  } else {
    return wrong("a type knows no word {}", word.name);
  }
  return {};
}

Result<> Parser::field(std::string_view text) {
  if (type_ == nullptr) return wrong("a field of no type");
  Field& made = fields_.emplace_back();
  Words words(text);
  std::string_view name = words.plain();
  if (name == "+") {
    made.is_inline = true;
  } else {
    if (!name.ends_with(':')) return wrong("expected a field's name and a colon");
    name.remove_suffix(1);
    made.name = name;
  }
  TRY(field_type(made, words.plain()));
  while (words.more()) {
    const Word word = words.word();
    if (word.name != "=") {
      TRY(field_word(made, word));
      continue;
    }
    const std::string_view digits = words.plain();
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), made.number);
    if (read.ec != std::errc() || made.number == 0) return wrong("{} is no field number", digits);
  }
  return {};
}

Result<> Parser::field_type(Field& field, std::string_view text) {
  std::string_view base = text;
  std::vector<Kind> around;
  for (;;) {
    if (take_prefix(base, "[]")) around.push_back(Kind::list);
    else if (take_prefix(base, "map[]")) around.push_back(Kind::map);
    else break;
  }
  Type type;
  const auto primitive = std::ranges::find(primitives, base, &std::pair<std::string_view, Kind>::first);
  if (primitive != std::end(primitives)) type.kind = primitive->second;
  else type.kind = Kind::object;
  Type* innermost = nullptr;
  for (std::size_t i = around.size(); i-- > 0;) {
    Type& item = arena_.one(type);
    if (innermost == nullptr) innermost = &item;
    type = {around[i], nullptr, &item};
  }
  field.type = type;
  if (primitive != std::end(primitives)) return {};
  if (innermost != nullptr) wanted_types_.push_back({innermost, {full(base), prefix_, line_}});
  else pending_.push_back({fields_.size() - 1, Pending::Of::type, full(base), line_});
  return {};
}

Result<> Parser::field_word(Field& field, Word word) {
  const auto [name, argument] = word;
  const auto pend = [&](Pending::Of of) {
    pending_.push_back({fields_.size() - 1, of, full(argument), line_});
  };
  if (name == "pointer") field.pointer = true;
  else if (name == "always") field.always = true;
  else if (name == "required") field.required = true;
  else if (name == "nullable") field.nullable = true;
  else if (name == "hidden") field.hidden = true;
  else if (name == "off") field.off = true;
  else if (name == "wrapped") field.wrapped = true;
  else if (name == "items-wrapped") field.items_wrapped = true;
  else if (name == "atomic") field.granular = false;
  else if (name == "granular") field.granular = field.granular_here = true;
  else if (name == "list") field.list_type = ListType::atomic;
  else if (name == "set") field.list_type = ListType::set;
  else if (name == "map") field.list_type = ListType::map, field.list_keys = list_of(argument);
  else if (name == "default") field.default_json = argument, field.published_default = true;
  else if (name == "server-default") field.default_json = argument;
  else if (name == "default-by-rule") field.conditional_default = true;
  else if (name == "merge") field.patch_merge = true, field.patch_key = argument;
  else if (name == "retain-keys") field.patch_retain_keys = true;
  else if (name == "replace") field.patch_replace = true;
  else if (name == "enum") pend(Pending::Of::values);
  else if (name == "keys") pend(Pending::Of::keys);
  else return wrong("a field knows no word {}", name);
  return {};
}

void Parser::close() {
  if (enum_ != nullptr) enum_->values = arena_.copy(values_);
  if (type_ != nullptr) {
    const std::span<Field> fields = arena_.array<Field>(fields_.size());
    std::ranges::copy(fields_, fields.begin());
    for (const Pending& pending : pending_) {
      Field& field = fields[pending.field];
      const Reference to = {pending.name, prefix_, pending.line};
      if (pending.of == Pending::Of::type) wanted_types_.push_back({&field.type, to});
      else
        wanted_enums_.push_back({pending.of == Pending::Of::values ? &field.values : &field.key_values, to});
    }
    type_->fields = fields;
    type_->unions = arena_.copy(unions_);
  }
  if (!subresources_.empty()) resources_.back().back().subresources = arena_.copy(subresources_);
  enum_ = nullptr;
  type_ = nullptr;
  values_.clear();
  fields_.clear();
  unions_.clear();
  pending_.clear();
  subresources_.clear();
}

Result<> Parser::resolve() {
  const auto missing = [](const Reference& to, std::string_view what) {
    return invalid("{}, line {}: there is no {} {}", to.prefix, to.line, what, to.name);
  };
  for (const auto& [type, to] : wanted_types_) {
    const auto found = types_.find(to.name);
    if (found == types_.end()) return missing(to, "type");
    type->object = found->second;
  }
  for (const auto& [values, to] : wanted_enums_) {
    const auto found = enums_.find(to.name);
    if (found == enums_.end()) return missing(to, "enum");
    *values = found->second;
  }
  return {};
}

Result<> Parser::resolve_resources() {
  const auto find = [&](std::string_view group, std::string_view version, std::string_view kind) -> Struct* {
    for (const GroupVersion& known : groups_) {
      if (known.group != group || known.version != version) continue;
      const auto found = types_.find(text("{}.{}", known.prefix, kind));
      return found == types_.end() ? nullptr : found->second;
    }
    return nullptr;
  };
  state_.group_versions = arena_.array<GroupVersion>(groups_.size());
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    state_.group_versions[i] = groups_[i];
    for (Resource& resource : resources_[i]) {
      resource.group_version = &state_.group_versions[i];
      resource.type = find(groups_[i].group, groups_[i].version, resource.kind);
      if (resource.type == nullptr)
        return invalid("{}: there is no type {}", groups_[i].prefix, resource.kind);
      const std::span<Subresource> subresources = arena_.array<Subresource>(resource.subresources.size());
      for (std::size_t k = 0; k < subresources.size(); ++k) {
        Subresource& sub = subresources[k] = resource.subresources[k];
        sub.type = find(sub.group, sub.version, sub.kind);
        if (sub.type == nullptr) return invalid("{}: there is no type {}", groups_[i].prefix, sub.kind);
      }
      resource.subresources = subresources;
    }
    state_.group_versions[i].resources = arena_.copy(resources_[i]);
  }
  return {};
}

Result<> Parser::index(Struct& type, unsigned depth) {
  if (!type.by_name.empty() || type.fields.empty()) return {};
  if (depth > nesting_max) return invalid("{} stands in itself", type.name);
  for (const Field& field : type.fields) {
    if (field.type.kind == Kind::object && !field.pointer) {
      TRY(index(const_cast<Struct&>(*field.type.object), depth + 1));
    } else if (field.is_inline) {
      return invalid("{}: only an object can be inline", type.name);
    }
  }
  index_fields(type, arena_);
  return {};
}

Result<> Parser::finish() {
  TRY(resolve());
  TRY(resolve_resources());
  for (Struct* type : structs_) TRY(index(*type, 0));
  mark_defaults(structs_);
  state_.types.assign(structs_.begin(), structs_.end());
  std::ranges::sort(state_.types, {}, &Struct::name);
  return {};
}

}  // namespace

Result<Schema> parse(std::span<const std::string_view> sources) {
  auto state = std::make_unique<State>();
  Parser parser(*state);
  for (const std::string_view source : sources) TRY(parser.source(source));
  TRY(parser.finish());
  return Schema(std::move(state));
}

}  // namespace podo::schema
