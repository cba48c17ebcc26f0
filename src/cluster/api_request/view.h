// How the objects of one request look: in its version, whole or as metadata only, as rows of a Table; in
// JSON or protobuf. What is stored in the version that is asked for is copied, never parsed.
#pragma once

#include "cluster/api_request/table.h"
#include "cluster/objects/objects.h"

namespace podo::apiserver {

class View {
 public:
  static Result<View> of(Request& request);  // fails with a Status

  Shape shape() const { return request_->media.shape; }
  const Table& table() const { return *table_; }
  // An object as it stands alone, and as an item of a list; not of Tables.
  Result<> append_object(std::string& out, const objects::Object& object) const;
  Result<> append_item(std::string& out, const objects::Object& object) const;
  Result<> append_row(std::string& out, const objects::Object& object) const;  // of a Table
  // {"kind":"PodList",...,"items":[ or a Table up to its rows. What follows the last item is tail().
  void append_list_head(std::string& out, std::string_view list_meta) const;
  std::string_view tail() const { return "]}"; }

  // Protobuf. A whole object comes in its envelope, an item as a bare message.
  Result<> append_protobuf(std::string& out, const objects::Object& object) const;
  Result<> append_message(std::string& out, const objects::Object& object) const;
  // Of what is shown, and of a list of it; null when it has no protobuf.
  const schema::Struct* type() const;
  const schema::Struct* list_type() const;
  std::string_view api_version() const;  // of the list
  std::string list_kind() const;

 private:
  explicit View(Request& request) : request_(&request) {}
  bool is_stored_so() const { return request_->storage == request_->resource; }
  void append_partial(std::string& out, const objects::Object& object) const;
  Result<json::Tree> shaped(const objects::Object& object) const;

  const Request* request_;
  std::optional<Table> table_;
  std::string meta_api_version_;  // "meta.k8s.io/v1"
};

}  // namespace podo::apiserver
