// What objects of an API may be: their fields, with all that defaulting, checking, patching, OpenAPI,
// protobuf and printing need to know. Built-in kinds are described by schema source files
// (model/kube/schema/*.schema, grammar: parse.cpp); custom kinds get the same values from their OpenAPI
// schema at run time.
//
//   Schema schema = TRY(parse(sources));
//   const Resource* pods = schema.find_resource("", "v1", "pods");
//   const Field* replicas = schema.find_type("apps.v1.DeploymentSpec")->find("replicas");
//
// Names of types carry their prefix here ("core.v1.PodSpec"). Immutable once made; read from any thread.
// Views last as long as the Schema and its sources.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::schema {

enum class Kind : std::uint8_t {
  string,
  int32,
  int64,
  boolean,
  number,
  bytes,
  quantity,
  int_or_string,
  time,
  micro_time,
  duration,
  raw_object,  // RawExtension: any object, kept as it is
  fields,      // managedFields' FieldsV1
  json,        // any JSON (of custom resource schemas)
  any,         // any JSON, not in protobuf (a Table's cells)
  object,
  list,
  map,
};

struct Struct;

struct Enum {
  std::string_view name;  // "core.v1.PullPolicy"
  std::span<const std::string_view> values;
  bool published = false;  // in OpenAPI, and so for clients
};

struct Type {
  Kind kind = Kind::string;
  const Struct* object = nullptr;  // of object
  const Type* item = nullptr;      // of list and map
};

enum class ListType : std::uint8_t { atomic, set, map };

struct Field {
  std::string_view name, doc;  // name: "" of an inline one
  Type type;
  std::uint16_t number = 0;  // protobuf; 0: none
  ListType list_type = ListType::atomic;
  bool is_inline : 1 = false;  // the members of type.object stand among those around it
  bool pointer : 1 = false;    // presence counts: an explicit zero is kept
  bool always : 1 = false;     // written even when empty
  bool required : 1 = false;   // in OpenAPI
  bool nullable : 1 = false;
  bool granular : 1 = true;                             // maps and objects: mapType is not atomic
  bool granular_here : 1 = false;                       // said of this field: it wins over an atomic struct
  bool wrapped : 1 = false, items_wrapped : 1 = false;  // a message with `repeated items = 1`
  bool patch_merge : 1 = false, patch_retain_keys : 1 = false, patch_replace : 1 = false;
  bool published_default : 1 = false;    // default_json stands in OpenAPI too
  bool conditional_default : 1 = false;  // by a rule (model/kube/defaults.h)
  bool hidden : 1 = false;               // not in JSON
  bool off : 1 = false;                  // of a feature that is off: known, and taken out
  std::span<const std::string_view> list_keys = {};
  std::string_view default_json = {};  // constant, applied
  std::string_view patch_key = {};
  const Enum* values = nullptr;      // of the value, or of the items
  const Enum* key_values = nullptr;  // of a map's keys
};

struct Union {
  std::string_view discriminator;            // "" when there is none
  std::span<const std::string_view> fields;  // at most one of them is set
};

struct Struct {
  std::string_view name, doc;     // "core.v1.PodSpec"
  std::span<const Field> fields;  // as declared: the order of JSON output
  std::span<const Union> unions;
  bool root = false, list = false;  // kind and apiVersion come first
  bool no_proto = false, atomic = false;
  bool custom_json = false;  // its JSON is one of its fields: walk.h

  // By JSON name, also through inline fields; null. "kind" and "apiVersion" of roots are not fields.
  const Field* find(std::string_view json_name) const;
  const Field* find_number(std::uint32_t number) const;  // own fields only
  std::string_view short_name() const;                   // "PodSpec"

  // Sorted by name, those of inline fields too; by number. Made by whoever makes the Struct.
  std::span<const Field* const> by_name, by_number;
  // Fields that are never absent once defaults are applied, those of inline fields too; whether some
  // value that can stand below has such ones.
  std::span<const Field* const> defaulted;
  bool defaults_below = false;
};

enum Verb : std::uint32_t {
  verb_create = 1,
  verb_delete = 2,
  verb_deletecollection = 4,
  verb_get = 8,
  verb_list = 16,
  verb_patch = 32,
  verb_update = 64,
  verb_watch = 128,
};
std::string_view name_of(Verb verb);
std::uint32_t verb_named(std::string_view name);  // 0: none

struct Subresource {
  std::string_view name, kind, group, version;  // group, version: of kind
  std::uint32_t verbs = 0;
  const Struct* type = nullptr;
};

struct GroupVersion;
struct Resource {
  const GroupVersion* group_version = nullptr;
  std::string_view plural, singular, kind;
  const Struct* type = nullptr;
  bool namespaced = true;
  std::uint32_t verbs = 0;
  std::span<const std::string_view> short_names, categories, field_selectors;
  std::string_view stored_as, storage_hash;  // "apps/v1"; "" of what is not stored
  std::span<const Subresource> subresources;
  const Subresource* find(std::string_view subresource) const;
};

struct GroupVersion {
  std::string_view group, version, prefix, openapi, proto;
  bool served = true;
  std::span<const Resource> resources;
  std::string_view api_version;  // "v1", "apps/v1"
};

struct State;  // state.h

class Schema {
 public:
  std::span<const GroupVersion> group_versions() const;
  const GroupVersion* find(std::string_view group, std::string_view version) const;
  const Resource* find_resource(std::string_view group, std::string_view version,
                                std::string_view plural) const;
  const Resource* find_kind(std::string_view api_version, std::string_view kind) const;
  // Also of root types without a resource: lists, options, Status. Options and Status are known in every
  // group.
  const Struct* find_root(std::string_view api_version, std::string_view kind) const;
  const Struct* find_type(std::string_view name) const;
  std::span<const Struct* const> types() const;  // by name
  std::size_t memory_bytes() const;

  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

 private:
  friend Result<Schema> parse(std::span<const std::string_view> sources);
  explicit Schema(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Sources must outlive the Schema (they are in the program). Invalid: "core.v1, line 12: ...".
Result<Schema> parse(std::span<const std::string_view> sources);

}  // namespace podo::schema
