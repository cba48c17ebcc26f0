// RFC 6902, with the tolerance and the words of the library that API servers use: a member that is absent
// reads as null, "replace" makes it, indices may count from the end.
#include <charconv>

#include "model/patch/patch.h"

namespace podo::patch {
namespace {

using json::Item;

std::string decoded(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const std::string_view escape = token.substr(i, 2);
    if (escape == "~0" || escape == "~1") out += token[++i] == '0' ? '~' : '/';
    else out += token[i];
  }
  return out;
}

// A place in an array, as strconv.Atoi reads it.
Result<std::int64_t> read_index(std::string_view text) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ec == std::errc::result_out_of_range) {
    return conflict("strconv.Atoi: parsing \"{}\": value out of range", text);
  }
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size() || text.starts_with("+-")) {
    return conflict("strconv.Atoi: parsing \"{}\": invalid syntax", text);
  }
  return value;
}

// `size` places; those below 0 count from the end.
Result<std::size_t> place_of(std::int64_t index, std::size_t size) {
  const std::int64_t places = static_cast<std::int64_t>(size);
  if (index >= places || index < -places) {
    return conflict("Unable to access invalid index: {}: invalid index referenced", index);
  }
  return static_cast<std::size_t>(index < 0 ? index + places : index);
}

Result<Item*> get(Item& container, std::string_view key) {
  if (container.is(json::Kind::object)) return container.find(key);
  return container.at(TRY(place_of(TRY(read_index(key)), container.size())));
}

// Absent: null.
void put(Item& into, const Item* value) {
  if (value != nullptr) into.copy(*value);
  else into.set_null();
}

Result<> add_to(Item& container, std::string_view key, const Item* value) {
  if (container.is(json::Kind::object)) return put(container.member(key), value), Result<>();
  if (key == "-") return put(container.append(), value), Result<>();
  const auto index = read_index(key);
  if (!index) {
    return conflict("value was not a proper array index: '{}': {}", key, index.error().message());
  }
  return put(container.insert(TRY(place_of(*index, container.size() + 1))), value), Result<>();
}

Result<> remove_from(Item& container, std::string_view key) {
  if (container.is(json::Kind::object)) {
    if (container.remove(key)) return {};
    return conflict("Unable to remove nonexistent key: {}: missing value", key);
  }
  container.remove(*container.at(TRY(place_of(TRY(read_index(key)), container.size()))));
  return {};
}

struct Target {
  Item* container = nullptr;  // null: the way to it is missing
  std::string key;
};

Target find_target(Item& root, std::string_view path) {
  Item* at = &root;
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  for (path.remove_prefix(slash + 1); (slash = path.find('/')) != std::string_view::npos;) {
    const auto next = get(*at, decoded(path.substr(0, slash)));
    if (!next || *next == nullptr) return {};
    at = *next;
    if (!at->is(json::Kind::object) && !at->is(json::Kind::array)) return {};
    path.remove_prefix(slash + 1);
  }
  return {at, decoded(path)};
}

class JsonPatch {
 public:
  explicit JsonPatch(Item& root) : root_(root) {}
  Result<> run(const Item& operation);

 private:
  Result<> add(std::string_view path, const Item* value);
  Result<> remove(std::string_view path);
  Result<> replace(std::string_view path, const Item* value);
  Result<> move(std::string_view from, std::string_view path, bool has_path);
  Result<> copy(std::string_view from, std::string_view path, bool has_path);
  Result<> test(std::string_view path, const Item* value);

  Item& root_;
  std::size_t copied_bytes_ = 0;
};

Result<> JsonPatch::add(std::string_view path, const Item* value) {
  const Target to = find_target(root_, path);
  if (to.container == nullptr) {
    return conflict("add operation does not apply: doc is missing path: \"{}\": missing value", path);
  }
  TRY_IN(text("error in add for path: '{}'", path), add_to(*to.container, to.key, value));
  return {};
}

Result<> JsonPatch::remove(std::string_view path) {
  const Target to = find_target(root_, path);
  if (to.container == nullptr) {
    return conflict("remove operation does not apply: doc is missing path: \"{}\": missing value", path);
  }
  TRY_IN(text("error in remove for path: '{}'", path), remove_from(*to.container, to.key));
  return {};
}

Result<> JsonPatch::replace(std::string_view path, const Item* value) {
  if (path.empty()) {
    if (value == nullptr || (!value->is(json::Kind::object) && !value->is(json::Kind::array))) {
      return conflict("replace operation value must be object or array");
    }
    root_.copy(*value);
    return {};
  }
  const Target to = find_target(root_, path);
  if (to.container == nullptr) {
    return conflict("replace operation does not apply: doc is missing path: {}: missing value", path);
  }
  const auto found = get(*to.container, to.key);
  if (!found) {
    return conflict("replace operation does not apply: doc is missing key: {}: missing value", path);
  }
  put(*found != nullptr ? **found : to.container->add(to.key), value);
  return {};
}

Result<> JsonPatch::move(std::string_view from, std::string_view path, bool has_path) {
  const Target source = find_target(root_, from);
  if (source.container == nullptr) {
    return conflict("move operation does not apply: doc is missing from path: {}: missing value", from);
  }
  const auto context = [&] { return text("error in move for path: '{}'", source.key); };
  const Item* const found = TRY_IN(context(), get(*source.container, source.key));
  json::Tree value = found != nullptr ? json::Tree::copy_of(*found) : json::Tree();
  TRY_IN(context(), remove_from(*source.container, source.key));
  if (!has_path) {
    return conflict("move operation failed to decode path: operation missing path field: missing value");
  }
  const Target to = find_target(root_, path);
  if (to.container == nullptr) {
    return conflict("move operation does not apply: doc is missing destination path: {}: missing value",
                    path);
  }
  TRY_IN(text("error in move for path: '{}'", path), add_to(*to.container, to.key, &value.root()));
  return {};
}

Result<> JsonPatch::copy(std::string_view from, std::string_view path, bool has_path) {
  const Target source = find_target(root_, from);
  if (source.container == nullptr) {
    return conflict("copy operation does not apply: doc is missing from path: {}: missing value", from);
  }
  const Item* const found =
      TRY_IN(text("error in copy for from: '{}'", from), get(*source.container, source.key));
  if (!has_path) return conflict("copy operation failed to decode path: missing value");
  const Target to = find_target(root_, path);
  if (to.container == nullptr) {
    return conflict("copy operation does not apply: doc is missing destination path: {}: missing value",
                    path);
  }
  std::string bytes;
  if (found != nullptr) json::append_text(bytes, *found);
  copied_bytes_ += bytes.size();
  if (copied_bytes_ > copied_bytes_max) {
    return conflict(
        "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit {}",
        copied_bytes_, copied_bytes_max);
  }
  // A copy of its own first: adding may move what was found.
  json::Tree value = found != nullptr ? json::Tree::copy_of(*found) : json::Tree();
  TRY_IN("error while adding value during copy", add_to(*to.container, to.key, &value.root()));
  return {};
}

Result<> JsonPatch::test(std::string_view path, const Item* value) {
  const auto failed = [&] { return conflict("testing value {} failed: test failed", path); };
  const Item* found = &root_;
  if (!path.empty()) {
    const Target to = find_target(root_, path);
    if (to.container == nullptr) {
      return conflict("test operation does not apply: is missing path: {}: missing value", path);
    }
    found = TRY_IN(text("error in test for path: '{}'", path), get(*to.container, to.key));
  }
  const bool is_null = found == nullptr || found->is(json::Kind::null);
  const bool wants_null = value == nullptr || value->is(json::Kind::null);
  if (is_null || wants_null ? is_null == wants_null : json::same(*found, *value)) return {};
  return failed();
}

Result<> JsonPatch::run(const Item& operation) {
  const auto member = [&](std::string_view name) {
    const Item* found = operation.find(name);
    return found != nullptr && found->is(json::Kind::string) ? found : nullptr;
  };
  const Item *op = member("op"), *path = member("path"), *from = member("from");
  const std::string_view kind = op != nullptr ? op->string() : "unknown";
  const Item* const value = operation.find("value");
  const std::string_view to = path != nullptr ? path->string() : "";
  if (kind == "move" || kind == "copy") {
    if (from == nullptr) {
      return conflict("{} operation failed to decode from: operation, missing from field: missing value",
                      kind);
    }
    return kind == "move" ? move(from->string(), to, path != nullptr)
                          : copy(from->string(), to, path != nullptr);
  }
  if (path == nullptr && (kind == "add" || kind == "remove")) {
    return conflict("{} operation failed to decode path: missing value", kind);
  }
  if (path == nullptr && (kind == "replace" || kind == "test")) {
    return conflict("{} operation failed to decode path: operation missing path field: missing value", kind);
  }
  if (kind == "add") return add(to, value);
  if (kind == "remove") return remove(to);
  if (kind == "replace") return replace(to, value);
  if (kind == "test") return test(to, value);
  return conflict("Unexpected kind: {}", kind);
}

std::string_view go_kind(const Item& item) {
  return item.is(json::Kind::boolean) ? "bool" : json::name_of(item.kind());
}

Result<> check(const Item& operations) {
  if (!operations.is(json::Kind::array)) {
    return invalid(
        "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
        go_kind(operations));
  }
  if (operations.size() > operations_max) {
    return exhausted("The allowed maximum operations in a JSON patch is {}, got {}", operations_max,
                     operations.size());
  }
  for (const Item* operation = operations.first(); operation != nullptr; operation = operation->next()) {
    if (!operation->is(json::Kind::object)) {
      return invalid(
          "error decoding patch: json: cannot unmarshal {} into Go value of type handlers.jsonPatchOp",
          go_kind(*operation));
    }
    for (const std::string_view name : {"op", "path", "from"}) {
      const Item* const found = operation->find(name);
      if (found == nullptr || found->is(json::Kind::string) || found->is(json::Kind::null)) continue;
      return invalid(
          "error decoding patch: json: cannot unmarshal {} into Go struct field jsonPatchOp.{} of type "
          "string",
          go_kind(*found), name);
    }
  }
  return {};
}

}  // namespace

Result<> json_patch(json::Tree& object, const Item& operations) {
  TRY(check(operations));
  json::Tree patched = json::Tree::copy_of(object.root());
  JsonPatch patch(patched.root());
  for (const Item* operation = operations.first(); operation != nullptr; operation = operation->next()) {
    TRY(patch.run(*operation));
  }
  object = std::move(patched);
  return {};
}

Result<Item*> find_pointer(Item& object, std::string_view pointer) {
  if (pointer.empty()) return &object;
  if (!pointer.starts_with('/')) return invalid("JSON pointer must begin with \"/\": {}", pointer);
  const Target target = find_target(object, pointer);
  if (target.container == nullptr) return nullptr;
  const auto found = get(*target.container, target.key);
  return found ? *found : nullptr;
}

}  // namespace podo::patch
