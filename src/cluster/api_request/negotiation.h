// In which form a client wants its answer, and in which form its body comes (RFC 9110 12.5.1, 8.3). Pure.
//
//   Accept: application/json;as=Table;v=v1;g=meta.k8s.io, application/json;q=0.5
//   Accept: application/vnd.kubernetes.protobuf;stream=watch
//
// Clauses are tried by their q, then in their order; a parameter that is not known does not matter, one that
// cannot be met (as=Foo) makes the clause unusable. No Accept at all: JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/http/message.h"

namespace podo::apiserver {

enum class Encoding : std::uint8_t { json, yaml, protobuf };
// What of an object is shown.
enum class Shape : std::uint8_t { whole, table, partial };  // partial: PartialObjectMetadata(List)

struct Media {
  Encoding encoding = Encoding::json;
  Shape shape = Shape::whole;
  std::string_view shape_version = "v1";  // of meta.k8s.io: "v1", "v1beta1"
  bool stream = false;                    // stream=watch was said (watches stream without it, too)
  bool pretty = false;                    // indented JSON: ?pretty=true, or a client for people
  // One number for each form that an event or an object can be encoded to once for all who want it.
  int form() const { return static_cast<int>(encoding) * 8 + static_cast<int>(shape) * 2 + pretty; }
};

// What an endpoint can do besides JSON.
struct Offers {
  bool yaml = true, protobuf = true;
  bool shapes = true;  // Table and PartialObjectMetadata
};
// Invalid: none of what is accepted is offered; the message is that of the 406.
Result<Media> negotiate(const http::Headers& headers, const http::Query& query, const Offers& offers = {});
std::string_view content_type(Encoding encoding);  // "application/vnd.kubernetes.protobuf"
// Of a watch: JSON as it is, protobuf with ";stream=watch".
std::string_view stream_content_type(Encoding encoding);

// One clause of an Accept field, for endpoints that offer other things (discovery, OpenAPI).
struct AcceptClause {
  std::string type, subtype;  // lower case; "*"
  double q = 1;
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case
  std::string_view parameter(std::string_view name) const;      // or ""
  bool takes(std::string_view type_and_subtype) const;          // "application/json", also by wildcards
};
std::vector<AcceptClause> accept_clauses(const http::Headers& headers);  // best first; empty: anything

// The encoding of a body by its Content-Type; none is JSON. Unsupported: the message is that of the 415.
Result<Encoding> body_encoding(const http::Headers& headers);

enum class PatchType : std::uint8_t { json, merge, strategic, apply };
Result<PatchType> patch_type(const http::Headers& headers);  // unsupported, as body_encoding()

}  // namespace podo::apiserver
