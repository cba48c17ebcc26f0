#include "model/patch/apply.h"

#include <algorithm>
#include <tuple>

#include "base/format/json_writer.h"
#include "model/patch/owners.h"

namespace podo::patch {

using json::Item;
using json::Kind;

namespace {

std::string_view text_at(const Item& object, std::string_view name) {
  const Item* const found = object.find(name);
  return found != nullptr ? found->string_or("") : std::string_view();
}

// "apps/v1, Kind=Deployment", "/v1, Kind=Pod": as Go prints a GroupVersionKind.
std::string kind_text(std::string_view api_version, std::string_view kind) {
  return text("{}{}, Kind={}", api_version.contains('/') ? "" : "/", api_version, kind);
}

Result<> check(Arena& arena, const Place& root, const Item& wanted, const schema::Resource& resource,
               const Manager& by) {
  if (!wanted.is(Kind::object)) return invalid("invalid object type: {}", json::name_of(wanted.kind()));
  const std::string_view version = text_at(wanted, "apiVersion"), kind = text_at(wanted, "kind");
  if (version != by.api_version || kind != resource.kind) {
    return invalid("invalid object type: {}", kind_text(version, kind));
  }
  const Item* const metadata = wanted.find("metadata");
  const Item* const managed = metadata != nullptr ? metadata->find("managedFields") : nullptr;
  if (managed != nullptr && !managed->is(Kind::null)) return invalid("metadata.managedFields must be nil");
  const auto fits = check_typed(arena, root, wanted);
  if (fits) return {};
  return corrupt("failed to create typed patch object ({}/{}; {}): {}",
                 metadata != nullptr ? text_at(*metadata, "namespace") : "",
                 metadata != nullptr ? text_at(*metadata, "name") : "", kind_text(version, kind),
                 fits.error().message());
}

class Application {
 public:
  Application(Arena& arena, const Place& root, const Item& live, Item& object, ResetFields reset,
              const ApplyOptions& options)
      : arena_(arena),
        root_(root),
        live_(live),
        object_(object),
        reset_(reset),
        options_(options),
        managers_(arena, object) {}
  Result<std::vector<Conflict>> run(const Item& wanted);

 private:
  Result<> adopt();
  Result<> prune(PathSet last, PathSet managed, const Item& wanted);
  PathSet managed_with(PathSet mine) const;
  std::vector<Conflict> conflicts(PathSet changed, PathSet allowed);
  const Item& before() const { return live_.is(Kind::null) ? implied : live_; }

  Arena& arena_;
  const Place& root_;
  const Item& live_;
  Item& object_;
  ResetFields reset_;
  const ApplyOptions& options_;
  Managers managers_;
};

// An object nobody managed so far: all of it belongs to a manager of its own.
Result<> Application::adopt() {
  if (!managers_.empty() || live_.is(Kind::null)) return {};
  const Comparison all = TRY(compare(arena_, root_, implied, object_));
  Manager first = options_.by;
  first.name = "before-first-apply";
  first.applies = false;
  const PathSet set = without(arena_, unite(arena_, all.added, all.modified), reset_);
  managers_.put(first, without_system_fields(arena_, set), true);
  if (Entry* const entry = managers_.find(first)) {
    entry->name = "before-first-apply";  // the Manager goes; what it views otherwise is the options'
    entry->api_version = options_.by.api_version;
    entry->subresource = options_.by.subresource;
  }
  return {};
}

PathSet Application::managed_with(PathSet mine) const {
  PathSet all = mine;
  for (const Entry& entry : managers_.entries()) {
    if (entry.gone || (entry.applies && entry.name == name_of(options_.by) &&
                       entry.subresource == options_.by.subresource)) {
      continue;
    }
    all = unite(arena_, all, entry.set);
  }
  return all;
}

// What the manager applied last and gives up now goes, with all that nobody else owns below it. Three
// steps, as upstream has them: without everything of the last time; with what is owned put back; and of
// what is missing then, only what was of the last time.
Result<> Application::prune(PathSet last, PathSet managed, const Item& wanted) {
  if (subtract(arena_, last, managed).empty()) return {};
  const PathSet given = with_parents(arena_, root_, last);
  const PathSet owned = with_parents(arena_, root_, managed);
  const PathSet all = with_parents(arena_, root_, fields_of(arena_, root_, object_));
  json::Tree without_last = json::Tree::copy_of(object_), owned_only = json::Tree::copy_of(object_);
  remove_fields(arena_, root_, without_last.root(), given);
  const PathSet left = with_parents(arena_, root_, fields_of(arena_, root_, without_last.root()));
  remove_fields(arena_, root_, owned_only.root(), subtract(arena_, all, unite(arena_, left, owned)));
  const PathSet kept = with_parents(arena_, root_, fields_of(arena_, root_, owned_only.root()));
  remove_fields(arena_, root_, object_, intersect(arena_, subtract(arena_, all, kept), given));
  return merge(arena_, root_, object_, wanted);  // an empty struct that is wanted is no unset one
}

std::vector<Conflict> Application::conflicts(PathSet changed, PathSet allowed) {
  std::vector<Conflict> found;
  const Entry* const mine = managers_.find(options_.by);
  for (const Entry& entry : managers_.entries()) {
    if (entry.gone || &entry == mine) continue;
    std::vector<std::string> paths;
    append_paths(paths, subtract(arena_, intersect(arena_, entry.set, changed), allowed));
    for (std::string& path : paths) {
      found.push_back({{std::string(entry.name), entry.applies, std::string(entry.api_version),
                        std::string(entry.subresource), Wall{entry.time_s * 1'000'000'000}},
                       std::move(path)});
    }
  }
  std::ranges::stable_sort(found, [](const Conflict& a, const Conflict& b) {
    return std::tie(a.with.name, b.with.applies, a.with.api_version, a.with.subresource) <
           std::tie(b.with.name, a.with.applies, b.with.api_version, b.with.subresource);
  });
  return found;
}

Result<std::vector<Conflict>> Application::run(const Item& wanted) {
  for (Entry& entry : managers_.entries()) entry.set = reconciled(arena_, root_, entry.set);
  TRY(adopt());
  const PathSet mine = without(arena_, fields_of(arena_, root_, wanted), reset_);
  const Entry* const entry = managers_.find(options_.by);
  const PathSet last = entry != nullptr ? entry->set : PathSet();
  TRY(merge(arena_, root_, object_, wanted));
  TRY(prune(last, managed_with(mine), wanted));
  const Comparison differs = TRY(compare(arena_, root_, before(), object_));
  const PathSet changed = without(arena_, unite(arena_, differs.modified, differs.added), reset_);
  if (!options_.force) {
    std::vector<Conflict> found = conflicts(changed, {});
    if (!found.empty() && options_.by.name == "kubectl") {
      // What kubectl has applied by itself before, it may take over.
      const LastApplied known = read_last_applied(arena_, root_, live_, options_.by.api_version);
      found = conflicts(changed, known.fields);
    }
    if (!found.empty()) return found;
  }
  const bool is_changed = live_.is(Kind::null) || !json::same(live_, object_);
  managers_.subtract_from_all(changed, managers_.find(options_.by));
  managers_.subtract_from_all(without(arena_, differs.removed, reset_), managers_.find(options_.by));
  managers_.put(options_.by, without_system_fields(arena_, mine), is_changed);
  managers_.write();
  if (options_.by.name == "kubectl") update_last_applied(object_, wanted);
  return std::vector<Conflict>();
}

}  // namespace

Result<std::vector<Conflict>> apply(json::Tree& live, const Item& wanted, const schema::Resource& resource,
                                    const ApplyOptions& options) {
  ApplyOptions applying = options;
  applying.by.applies = true;
  Arena arena;
  const schema::Type type = {schema::Kind::object, resource.type, nullptr};
  const Place root = {&type, nullptr};
  TRY(check(arena, root, wanted, resource, applying.by));
  json::Tree object = json::Tree::copy_of(live.root());
  if (!object.root().is(Kind::object)) object.root().set_object();
  Application application(arena, root, live.root(), object.root(),
                          reset_fields(resource, applying.by.subresource), applying);
  std::vector<Conflict> conflicts = TRY(application.run(wanted));
  if (conflicts.empty()) live = std::move(object);
  return conflicts;
}

std::string text_of(const Conflict& conflict) {
  std::string out = "conflict with ";
  json::append_quoted(out, conflict.with.name);
  if (!conflict.with.subresource.empty()) {
    out += " with subresource ";
    json::append_quoted(out, conflict.with.subresource);
  }
  if (!conflict.with.applies) out += text(" using {}", conflict.with.api_version);
  return out;
}

std::string text_of(const std::vector<Conflict>& conflicts) {
  if (conflicts.size() == 1) {
    return text("Apply failed with 1 conflict: {}: {}", text_of(conflicts[0]), conflicts[0].path);
  }
  std::string out = text("Apply failed with {} conflicts: ", conflicts.size());
  std::string with;
  for (const Conflict& conflict : conflicts) {
    std::string next = text_of(conflict).insert(std::string_view("conflict").size(), "s") + ":";
    if (next != with) {
      if (!with.empty()) out += '\n';
      out += next;
      with = std::move(next);
    }
    out.append("\n- ").append(conflict.path);
  }
  return out;
}

}  // namespace podo::patch
