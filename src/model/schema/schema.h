// What objects of an API may be: their fields, with all that defaulting, checking, patching, OpenAPI, protobuf
// and printing need to know. Built-in kinds are described by schema source files (model/kube/schema/*.schema);
// custom kinds get the same values from their OpenAPI schema at run time.
//
//   Schema schema = TRY(parse(sources));
//   const Resource* pods = schema.find_resource("", "v1", "pods");
//   const Field* replicas = schema.find_type("apps.v1.DeploymentSpec")->find("replicas");
//
// A source file, one per group-version:
//
//   file     := header line*
//   header   := "group" NAME-or-"-" "version" NAME "prefix" NAME "openapi" NAME "proto" NAME newline
//   line     := comment | resource | enum | type
//   resource := "resource" PLURAL KIND "namespaced"|"cluster" word* newline ( "  sub" NAME KIND word* newline )*
//   enum     := "enum" NAME [ "published" ] newline ( "  " VALUE newline )*
//   type     := "type" NAME word* newline doc? ( "  " NAME ":" TYPE [ "=" NUMBER ] word* newline doc? )*
//   doc      := ( deeper indent ) "# " one line for people: `kubectl explain` shows it
//   TYPE     := primitive | NAME | "[]" TYPE | "map[]" TYPE
//
// What a word may be is listed where it is parsed (parse.cpp). Names of types carry their prefix in the values
// here ("core.v1.PodSpec"), in a file only those of another group-version do.
//
// Immutable once made; read from any thread. Views last as long as the Schema.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  object,
  list,
  map,
};

struct Struct;

struct Enum {
  std::string_view name;
  std::vector<std::string_view> values;
  bool published = false;  // in OpenAPI, and so for clients
};

struct Type {
  Kind kind = Kind::string;
  const Struct* object = nullptr;  // of object
  const Type* item = nullptr;      // of list and map
};

enum class ListType : std::uint8_t { atomic, set, map };

struct Field {
  std::string_view name, doc;
  Type type;
  std::uint16_t number = 0;         // protobuf; 0: none
  std::string_view wire_name = {};  // in protobuf's text, when it is another
  bool is_inline = false;           // the members of type.object stand among those around it
  bool pointer = false;             // presence counts: an explicit zero is kept
  bool always = false;              // written even when empty
  bool required = false, nullable = false;
  bool granular = true;  // maps and objects: mapType is not atomic
  ListType list_type = ListType::atomic;
  std::vector<std::string_view> list_keys = {};
  std::string_view default_json = {};         // published, and applied
  std::string_view server_default_json = {};  // applied only
  bool conditional_default = false;           // by a rule (model/kube)
  bool patch_merge = false, patch_retain_keys = false, patch_replace = false;
  std::string_view patch_key = {};
  const Enum* values = nullptr;      // of the value, or of the items
  const Enum* key_values = nullptr;  // of a map's keys
  std::string_view gate = {};        // feature gates, comma-separated
  bool immutable = false;
  bool wrapped = false, items_wrapped = false;  // a message with `repeated items = 1`
  std::string_view one_of = {};                 // declared exclusion group
};

struct Union {
  std::string_view discriminator;
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // member -> value of the discriminator
};

struct Struct {
  std::string_view name, doc;       // "core.v1.PodSpec"
  std::vector<Field> fields;        // as declared: the order of JSON output
  bool root = false, list = false;  // kind and apiVersion come first
  bool no_proto = false, custom_json = false, atomic = false;
  std::vector<Union> unions = {};
  // By JSON name, also through inline fields; null.
  const Field* find(std::string_view json_name) const;
  const Field* find(std::uint16_t number) const;

  // Sorted: (name, its field); made by whoever makes the Struct.
  std::vector<std::pair<std::string_view, const Field*>> by_name = {};
  std::vector<std::pair<std::uint16_t, const Field*>> by_number = {};
};

struct Subresource {
  std::string_view name, kind, group, version;  // group, version: of kind
  std::uint32_t verbs = 0;
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

struct GroupVersion;
struct Resource {
  const GroupVersion* group_version = nullptr;
  std::string_view plural, singular, kind;
  const Struct* type = nullptr;
  bool namespaced = true;
  std::uint32_t verbs = 0;
  std::vector<std::string_view> short_names, categories, field_selectors;
  std::string_view stored_as, storage_hash;
  std::vector<Subresource> subresources;
  const Subresource* find(std::string_view subresource) const;
};

struct GroupVersion {
  std::string_view group, version, prefix, openapi, proto;
  bool served = true;
  std::vector<Resource> resources;
  std::string_view api_version() const { return api_version_; }  // "v1", "apps/v1"
  std::string_view api_version_;
};

class Schema {
 public:
  std::span<const GroupVersion> group_versions() const;
  const GroupVersion* find(std::string_view group, std::string_view version) const;
  const Resource* find_resource(std::string_view group, std::string_view version,
                                std::string_view plural) const;
  const Resource* find_kind(std::string_view api_version, std::string_view kind) const;
  const Struct* find_type(std::string_view name) const;
  std::span<const Struct* const> types() const;  // by name

  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

 private:
  friend Result<Schema> parse(std::span<const std::string_view> sources);
  struct State;
  explicit Schema(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Sources must outlive the Schema (they are in the program). invalid: "core_v1.schema:12: ...".
Result<Schema> parse(std::span<const std::string_view> sources);

}  // namespace podo::schema
