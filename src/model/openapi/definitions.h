// Definitions of OpenAPI: what the fields of a type are, for people and for clients that check and merge.
#pragma once

#include "base/format/json_writer.h"
#include "model/openapi/published.h"

namespace podo::openapi {

enum class Form : std::uint8_t { v2, v3 };

class Definitions {
 public:
  Definitions(json::Writer& out, Form form, const schema::Schema& schema, const Names& names)
      : out_(out), form_(form), schema_(schema), names_(names) {}

  void write(const Reached& reached);  // members of an object, one a definition
  void reference(const schema::Struct& type) { reference(names_.of(type)); }  // a "$ref" member

 private:
  void reference(std::string_view name);
  void structure(const schema::Struct& type);
  void properties(const schema::Struct& type, std::vector<std::string_view>& required);
  void field(const schema::Field& field);
  void topology(const schema::Field& field);
  void value(const schema::Type& type, const schema::Enum* values, std::string_view zero, bool alone);
  void kinds_of(const schema::Struct& type);
  void unions_of(const schema::Struct& type);
  void own_kind(schema::Kind kind);
  std::string_view zero_of(const schema::Type& type) const;

  json::Writer& out_;
  Form form_;
  const schema::Schema& schema_;
  const Names& names_;
};

}  // namespace podo::openapi
