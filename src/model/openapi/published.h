// What of a Schema the world may see, and under which names: shared by discovery and OpenAPI.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/schema/schema.h"

namespace podo::openapi {

// Groups in the order in which servers list them, their versions best first.
struct Group {
  std::string_view name;
  std::vector<const schema::GroupVersion*> versions;
};
std::vector<Group> served_groups(const schema::Schema& schema);  // the core group, "", first

// "api/v1", "apis/apps/v1": where a group-version is served, and its key in the index of OpenAPI v3.
std::string root_of(const schema::GroupVersion& group_version);

// Names of definitions: "core.v1.PodSpec" is published as "io.k8s.api.core.v1.PodSpec".
class Names {
 public:
  explicit Names(const schema::Schema& schema);
  std::string of(const schema::Struct& type) const;
  const schema::GroupVersion& home_of(const schema::Struct& type) const;

 private:
  std::unordered_map<std::string_view, const schema::GroupVersion*> by_prefix_;
};

// A kind that is no object of the schema, but a definition of its own. Its name; "" of other kinds.
std::string_view model_of(schema::Kind kind);

// What can be met from some types on, each once: structs and kinds with a definition of their own.
class Reached {
 public:
  void add(const schema::Struct& type);
  std::vector<const schema::Struct*> structs() const;  // sorted by name
  bool has(schema::Kind kind) const { return (kinds_ >> static_cast<unsigned>(kind) & 1) != 0; }

 private:
  std::unordered_map<const schema::Struct*, bool> structs_;
  std::uint32_t kinds_ = 0;
};

std::string capitalized(std::string_view word);
void append_verbs(std::vector<std::string_view>& into, std::uint32_t verbs);

}  // namespace podo::openapi
