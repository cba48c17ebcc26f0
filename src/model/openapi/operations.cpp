#include "model/openapi/operations.h"

#include "base/core/ensure.h"
#include "base/core/text.h"

namespace podo::openapi {
namespace {

using schema::Field;
using schema::GroupVersion;
using schema::Kind;
using schema::Resource;
using schema::Schema;
using schema::Struct;
using schema::Subresource;

// Sets of parameters that verbs take, in bits: a parameter is in all sets that its row names.
enum Set : unsigned { in_list = 1, in_collection = 2, in_write = 4, in_patch = 8, in_delete = 16 };

struct Row {
  unsigned sets;
  Parameter parameter;
};

constexpr Row rows[] = {
    {in_list, {"allowWatchBookmarks", ParameterType::boolean, "A watch may send BOOKMARK events."}},
    {in_list | in_collection,
     {"continue", ParameterType::string, "Where to go on: what the last answer of a limited list said."}},
    {in_collection | in_write | in_patch | in_delete,
     {"dryRun", ParameterType::string, "All: everything is done except for keeping the result."}},
    {in_write | in_patch,
     {"fieldManager", ParameterType::string,
      "Who makes the change; needed to apply. At most 128 characters."}},
    {in_list | in_collection,
     {"fieldSelector", ParameterType::string, "Only objects with these values of fields."}},
    {in_write | in_patch,
     {"fieldValidation", ParameterType::string,
      "What becomes of unknown and duplicate fields: Ignore, Warn or Strict."}},
    {in_patch, {"force", ParameterType::boolean, "Apply takes fields over from other managers."}},
    {in_collection | in_delete,
     {"gracePeriodSeconds", ParameterType::integer, "Seconds until the object goes; 0: at once."}},
    {in_collection | in_delete,
     {"ignoreStoreReadErrorWithClusterBreakingPotential", ParameterType::boolean,
      "Delete also what cannot be read; finalizers and preconditions are skipped."}},
    {in_list | in_collection, {"labelSelector", ParameterType::string, "Only objects with these labels."}},
    {in_list | in_collection,
     {"limit", ParameterType::integer, "At most so many objects; the answer tells how to go on."}},
    {in_collection | in_delete,
     {"orphanDependents", ParameterType::boolean, "Deprecated: propagationPolicy says the same."}},
    {in_collection | in_delete,
     {"propagationPolicy", ParameterType::string,
      "What becomes of dependents: Orphan, Background or Foreground."}},
    {in_list | in_collection,
     {"resourceVersion", ParameterType::string, "Which versions may be answered from."}},
    {in_list | in_collection,
     {"resourceVersionMatch", ParameterType::string, "How resourceVersion is meant: Exact or NotOlderThan."}},
    {in_list | in_collection,
     {"sendInitialEvents", ParameterType::boolean, "A watch starts with what there is, and a bookmark."}},
    {in_list | in_collection, {"timeoutSeconds", ParameterType::integer, "The call ends after that time."}},
    {in_list, {"watch", ParameterType::boolean, "A stream of changes instead of a list."}},
};

constexpr Parameter pretty = {"pretty", ParameterType::string, "Indented output."};

std::vector<Parameter> set_of(unsigned set) {
  std::vector<Parameter> found;
  for (const Row& row : rows) {
    if ((row.sets & set) != 0) found.push_back(row.parameter);
  }
  return found;
}

// Those of an options kind: its fields, each a parameter of the query.
void append_fields(std::vector<Parameter>& into, const Struct& options) {
  for (const Field& field : options.fields) {
    if (field.hidden || field.is_inline) continue;
    ParameterType type = ParameterType::string;
    if (field.type.kind == Kind::boolean) type = ParameterType::boolean;
    if (field.type.kind == Kind::int32 || field.type.kind == Kind::int64) type = ParameterType::integer;
    into.push_back({field.name, type, field.doc});
  }
}

std::string words_of(std::string_view group) {  // "rbac.authorization.k8s.io" -> "RbacAuthorization"
  if (group.empty()) return "Core";
  if (group.ends_with(".k8s.io")) group.remove_suffix(7);
  std::string made;
  while (!group.empty()) {
    const std::size_t dot = std::min(group.find('.'), group.size());
    made += capitalized(group.substr(0, dot));
    group.remove_prefix(std::min(dot + 1, group.size()));
  }
  return made;
}

// The paths of one group-version, gathered.
class Gatherer {
 public:
  Gatherer(const Schema& schema, const GroupVersion& home)
      : schema_(schema),
        home_(home),
        root_(text("/{}", root_of(home))),
        words_(words_of(home.group) + capitalized(home.version)) {}
  std::vector<Path> take();

 private:
  const Struct& meta(std::string_view name) const {
    const Struct* const found = schema_.find_type(name);
    ENSURE(found != nullptr);
    return *found;
  }
  Path& path(std::string text, const Resource& resource, bool namespaced, bool named);
  Operation& operation(Path& path, const Resource& resource, std::string_view method,
                       std::string_view action);
  std::string id(std::string_view verb, const Resource& resource, std::string_view suffix = {},
                 std::string_view between = {}) const;
  void discovery();
  void collection(const Resource& resource);
  void list(Path& path, const Resource& resource, std::string id);
  void item(const Resource& resource);
  void subresource(const Resource& resource, const Subresource& sub);
  void connect(const Resource& resource, const Subresource& sub, bool deeper);
  void reads_and_writes(Path& path, const Resource& resource, std::uint32_t verbs, const Struct* type,
                        std::string_view suffix);

  const Schema& schema_;
  const GroupVersion& home_;
  std::string root_, words_;
  std::vector<Path> paths_;
};

std::vector<Path> Gatherer::take() {
  discovery();
  for (const Resource& resource : home_.resources) {
    collection(resource);
    if ((resource.verbs & ~schema::verb_create) != 0) item(resource);
    for (const Subresource& sub : resource.subresources) {
      if (!sub.kind.ends_with("Options")) {
        subresource(resource, sub);
        continue;
      }
      connect(resource, sub, false);
      if (sub.name == "proxy") connect(resource, sub, true);
    }
  }
  return std::move(paths_);
}

void Gatherer::discovery() {
  Path& made = paths_.emplace_back(root_ + "/");
  Operation& get = made.operations.emplace_back();
  get.method = "get";
  get.id = text("get{}APIResources", words_);
  get.answer = &meta("meta.v1.APIResourceList");
}

Path& Gatherer::path(std::string text, const Resource& resource, bool namespaced, bool named) {
  Path& made = paths_.emplace_back(std::move(text));
  if (named) made.parameters.push_back({"name", ParameterType::string, resource.kind, true});
  if (namespaced) made.parameters.push_back({"namespace", ParameterType::string, "Namespace", true});
  made.parameters.push_back(pretty);
  return made;
}

Operation& Gatherer::operation(Path& path, const Resource& resource, std::string_view method,
                               std::string_view action) {
  Operation& made = path.operations.emplace_back();
  made.method = method;
  made.action = action;
  made.group = home_.group;
  made.version = home_.version;
  made.kind = resource.kind;
  return made;
}

std::string Gatherer::id(std::string_view verb, const Resource& resource, std::string_view suffix,
                         std::string_view between) const {
  return text("{}{}{}{}{}{}", verb, words_, between, resource.namespaced ? "Namespaced" : "", resource.kind,
              suffix);
}

void Gatherer::list(Path& path, const Resource& resource, std::string id) {
  Operation& made = operation(path, resource, "get", "list");
  made.id = std::move(id);
  made.parameters = set_of(in_list);
  made.answer = schema_.find_root(home_.api_version, text("{}List", resource.kind));
  made.streams = (resource.verbs & schema::verb_watch) != 0;
}

void Gatherer::collection(const Resource& resource) {
  const std::uint32_t verbs = resource.verbs;
  if (resource.namespaced && (verbs & schema::verb_list) != 0) {
    Path& all = path(text("{}/{}", root_, resource.plural), resource, false, false);
    list(all, resource, text("list{}{}ForAllNamespaces", words_, resource.kind));
  }
  Path& made =
      path(text("{}/{}{}", root_, resource.namespaced ? "namespaces/{namespace}/" : "", resource.plural),
           resource, resource.namespaced, false);
  if ((verbs & schema::verb_list) != 0) list(made, resource, id("list", resource));
  if ((verbs & schema::verb_create) != 0) {
    Operation& create = operation(made, resource, "post", "post");
    create.id = id("create", resource);
    create.parameters = set_of(in_write);
    create.body = create.answer = resource.type;
    create.made = create.accepted = true;
  }
  if ((verbs & schema::verb_deletecollection) != 0) {
    Operation& remove = operation(made, resource, "delete", "deletecollection");
    remove.id = id("delete", resource, {}, "Collection");
    remove.parameters = set_of(in_collection);
    remove.body = &meta("meta.v1.DeleteOptions");
    remove.answer = &meta("meta.v1.Status");
  }
}

// get, put and patch of an object, or of a part of it.
void Gatherer::reads_and_writes(Path& path, const Resource& resource, std::uint32_t verbs, const Struct* type,
                                std::string_view suffix) {
  if ((verbs & schema::verb_get) != 0) {
    Operation& get = operation(path, resource, "get", "get");
    get.id = id("read", resource, suffix);
    get.answer = type;
  }
  if ((verbs & schema::verb_update) != 0) {
    Operation& put = operation(path, resource, "put", "put");
    put.id = id("replace", resource, suffix);
    put.parameters = set_of(in_write);
    put.body = put.answer = type;
    put.made = true;
  }
  if ((verbs & schema::verb_patch) != 0) {
    Operation& patch = operation(path, resource, "patch", "patch");
    patch.id = id("patch", resource, suffix);
    patch.parameters = set_of(in_patch);
    patch.body = &meta("meta.v1.Patch");
    patch.answer = type;
    patch.made = true;
  }
}

void Gatherer::item(const Resource& resource) {
  Path& made = path(
      text("{}/{}{}/{{name}}", root_, resource.namespaced ? "namespaces/{namespace}/" : "", resource.plural),
      resource, resource.namespaced, true);
  reads_and_writes(made, resource, resource.verbs, resource.type, {});
  if ((resource.verbs & schema::verb_delete) == 0) return;
  Operation& remove = operation(made, resource, "delete", "delete");
  remove.id = id("delete", resource);
  remove.parameters = set_of(in_delete);
  remove.body = &meta("meta.v1.DeleteOptions");
  remove.answer = &meta("meta.v1.Status");
  remove.accepted = true;
}

void Gatherer::subresource(const Resource& resource, const Subresource& sub) {
  Path& made = path(text("{}/{}{}/{{name}}/{}", root_, resource.namespaced ? "namespaces/{namespace}/" : "",
                         resource.plural, sub.name),
                    resource, resource.namespaced, true);
  const std::string suffix = capitalized(sub.name);
  reads_and_writes(made, resource, sub.verbs, sub.type, suffix);
  if ((sub.verbs & schema::verb_create) != 0) {
    Operation& create = operation(made, resource, "post", "post");
    create.id = id("create", resource, suffix);
    create.parameters = set_of(in_write);
    create.body = create.answer = sub.type;
    create.made = create.accepted = true;
  }
  for (Operation& each : made.operations) {
    each.group = sub.group;
    each.version = sub.version;
    each.kind = sub.kind;
    if (sub.name == "log") {  // it is no Pod that is answered
      append_fields(each.parameters, meta("core.v1.PodLogOptions"));
      each.answer = nullptr;
    }
  }
}

// What becomes a stream or goes through to a server behind: any method, options in the query.
void Gatherer::connect(const Resource& resource, const Subresource& sub, bool deeper) {
  constexpr std::pair<schema::Verb, std::string_view> methods[] = {
      {schema::verb_get, "get"},       {schema::verb_update, "put"},  {schema::verb_create, "post"},
      {schema::verb_delete, "delete"}, {schema::verb_patch, "patch"},
  };
  Path& made = path(text("{}/{}{}/{{name}}/{}{}", root_, resource.namespaced ? "namespaces/{namespace}/" : "",
                         resource.plural, sub.name, deeper ? "/{path}" : ""),
                    resource, resource.namespaced, true);
  made.parameters.pop_back();  // it is not the API server that prints
  if (deeper) made.parameters.push_back({"path", ParameterType::string, "Path behind the proxy.", true});
  for (const auto& [verb, method] : methods) {
    if ((sub.verbs & verb) == 0) continue;
    Operation& each = operation(made, resource, method, "connect");
    each.kind = sub.kind;
    each.id =
        text("connect{}{}{}{}{}{}", words_, capitalized(method), resource.namespaced ? "Namespaced" : "",
             resource.kind, capitalized(sub.name), deeper ? "WithPath" : "");
    if (const Struct* options = schema_.find_root(home_.api_version, sub.kind))
      append_fields(each.parameters, *options);
  }
}

Path simple_path(std::string text, std::string id, const Struct* answer) {
  Path made{std::move(text), {}, {}};
  Operation& get = made.operations.emplace_back();
  get.method = "get";
  get.id = std::move(id);
  get.answer = answer;
  return made;
}

}  // namespace

std::vector<Path> paths_of(const Schema& schema, const GroupVersion& group_version) {
  return Gatherer(schema, group_version).take();
}

std::vector<Path> common_paths(const Schema& schema) {
  std::vector<Path> made;
  made.push_back(simple_path("/version/", "getCodeVersion", schema.find_type("version.Info")));
  made.push_back(simple_path("/api/", "getCoreAPIVersions", schema.find_type("meta.v1.APIVersions")));
  made.push_back(simple_path("/apis/", "getAPIVersions", schema.find_type("meta.v1.APIGroupList")));
  for (const Group& group : served_groups(schema)) {
    if (group.name.empty()) continue;
    made.push_back(simple_path(text("/apis/{}/", group.name), text("get{}APIGroup", words_of(group.name)),
                               schema.find_type("meta.v1.APIGroup")));
  }
  return made;
}

std::string tag_of(const GroupVersion& group_version) {
  std::string words = words_of(group_version.group);
  words[0] = static_cast<char>(words[0] - 'A' + 'a');
  return text("{}_{}", words, group_version.version);
}

}  // namespace podo::openapi
