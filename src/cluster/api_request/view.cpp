#include "cluster/api_request/view.h"

#include "base/format/json_writer.h"
#include "cluster/api_request/answer.h"
#include "model/schema/convert.h"

namespace podo::apiserver {

Result<View> View::of(Request& request) {
  View view(request);
  view.meta_api_version_ = text("meta.k8s.io/{}", request.media.shape_version);
  if (request.media.shape == Shape::table) view.table_.emplace(request, TRY(included_object(request)));
  return view;
}

void View::append_partial(std::string& out, const objects::Object& object) const {
  out.append(R"({"kind":"PartialObjectMetadata","apiVersion":")").append(meta_api_version_);
  out += R"(","metadata":)";
  object.append_metadata(out);
  out += '}';
}

Result<> View::append_object(std::string& out, const objects::Object& object) const {
  if (is_stored_so()) {
    if (shape() == Shape::partial) append_partial(out, object);
    else object.append_json(out);
    return {};
  }
  const json::Tree tree = TRY(tree_for(*request_, object));
  if (shape() == Shape::partial) out += partial_json(tree.root(), request_->media.shape_version);
  else schema::append_canonical(out, tree.root(), *request_->resource->type);
  return {};
}

Result<> View::append_item(std::string& out, const objects::Object& object) const {
  if (shape() == Shape::partial) return append_object(out, object);
  if (is_stored_so()) {
    object.append_item(out);
    return {};
  }
  json::Tree tree = TRY(tree_for(*request_, object));
  tree.root().remove("kind");
  tree.root().remove("apiVersion");
  schema::append_canonical(out, tree.root(), *request_->resource->type);
  return {};
}

Result<> View::append_row(std::string& out, const objects::Object& object) const {
  const json::Tree tree = TRY(tree_for(*request_, object));
  table_->append_row(out, tree.root());
  return {};
}

std::string_view View::api_version() const {
  return shape() == Shape::whole ? request_->resource->group_version->api_version : meta_api_version_;
}

std::string View::list_kind() const {
  if (shape() == Shape::partial) return "PartialObjectMetadataList";
  return text("{}List", request_->resource->kind);
}

void View::append_list_head(std::string& out, std::string_view list_meta) const {
  if (shape() == Shape::table) return table_->append_head(out, list_meta);
  out.append(R"({"kind":")").append(list_kind()).append(R"(","apiVersion":")").append(api_version());
  out.append(R"(","metadata":)").append(list_meta).append(R"(,"items":[)");
}

const schema::Struct* View::type() const {
  if (shape() == Shape::table) return nullptr;
  const schema::Struct* type = shape() == Shape::whole
                                   ? request_->resource->type
                                   : request_->ground.schema.find_type("meta.v1.PartialObjectMetadata");
  return type != nullptr && !type->no_proto ? type : nullptr;
}

const schema::Struct* View::list_type() const {
  if (shape() == Shape::table) return nullptr;
  const schema::Schema& schema = request_->ground.schema;
  const schema::Struct* type = shape() == Shape::whole
                                   ? schema.find_root(api_version(), list_kind())
                                   : schema.find_type("meta.v1.PartialObjectMetadataList");
  return type != nullptr && !type->no_proto ? type : nullptr;
}

Result<json::Tree> View::shaped(const objects::Object& object) const {
  json::Tree tree = TRY(tree_for(*request_, object));
  if (shape() == Shape::partial) {
    tree.root().keep_if([](const json::Item& member) { return member.key() == "metadata"; });
    tree.root().member("kind").set_string("PartialObjectMetadata");
    tree.root().member("apiVersion").set_string(meta_api_version_);
  }
  TRY(schema::shape(tree.root(), *type()));
  return tree;
}

Result<> View::append_protobuf(std::string& out, const objects::Object& object) const {
  const json::Tree tree = TRY(shaped(object));
  out += schema::to_protobuf(tree.root(), *type());
  return {};
}

Result<> View::append_message(std::string& out, const objects::Object& object) const {
  const json::Tree tree = TRY(shaped(object));
  schema::append_message(out, tree.root(), *type());
  return {};
}

}  // namespace podo::apiserver
