#include "cluster/api_request/watch_event.h"

#include "base/format/protobuf.h"
#include "cluster/api_request/answer.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using objects::Change;
using objects::Object;

constexpr std::string_view initial_events_end = "k8s.io/initial-events-end";

std::string table_meta(std::string_view revision) { return text(R"({{"resourceVersion":"{}"}})", revision); }

}  // namespace

struct WatchEvents::Told {
  std::string_view type;
  int number;     // of the type and what is shown with it
  Object object;  // in the state that is shown
};

WatchEvents::WatchEvents(Request& request, View view) : request_(request), view_(std::move(view)) {}

Result<WatchEvents> WatchEvents::of(Request& request) {
  View view = TRY(View::of(request));
  const Encoding encoding = request.media.encoding;
  if (encoding == Encoding::yaml || (encoding == Encoding::protobuf && view.type() == nullptr))
    return request.refuse(
        kube::not_acceptable("only the following media types are accepted: application/json;stream=watch, "
                             "application/vnd.kubernetes.protobuf;stream=watch"));
  return WatchEvents(request, std::move(view));
}

Result<std::optional<WatchEvents::Told>> WatchEvents::told(const Change& change, const Selection& selection) {
  bool is_in = change.kind != Change::Kind::deleted, was_in = bool(change.before);
  if (!selection.selects_all()) {
    is_in = is_in && TRY(selection.selects(change.now, change.item()));
    was_in = was_in && TRY(selection.selects(change.before, change.item_before()));
  }
  if (is_in) return was_in ? Told{"MODIFIED", 0, change.now} : Told{"ADDED", 1, change.now};
  if (!was_in) return std::nullopt;
  if (change.kind == Change::Kind::deleted) return Told{"DELETED", 2, change.now};
  return Told{"DELETED", 3, Object(change.before.entry(), change.revision)};  // it left the selection
}

int WatchEvents::form_of(const Told& told) const {
  const auto versions = request_.ground.schema.group_versions();
  int form = static_cast<int>(request_.resource->group_version - versions.data());
  form = form * 4 + told.number;
  form = form * 4 + (view_.shape() == Shape::table ? static_cast<int>(view_.table().include()) : 0);
  form = form * 2 + (request_.media.shape_version == "v1");
  return form * 32 + request_.media.form();
}

Result<> WatchEvents::append_change(std::string& out, const Change& change, const Selection& selection) {
  const std::optional<Told> told = TRY(this->told(change, selection));
  if (!told) return {};
  if (view_.shape() == Shape::table && !columns_shown_) {
    TRY(append(out, *told));
    columns_shown_ = true;
    return {};
  }
  Result<> made;
  out += change.encoded(form_of(*told), [&](const Change&) {
    std::string bytes;
    made = append(bytes, *told);
    return bytes;
  });
  return made;
}

Result<> WatchEvents::append_added(std::string& out, const Object& object) {
  TRY(append(out, {"ADDED", 1, object}));
  columns_shown_ = true;
  return {};
}

Result<> WatchEvents::append(std::string& out, const Told& told) const {
  if (request_.media.encoding == Encoding::json) {  // in place: this is most of all
    out.append(R"({"type":")").append(told.type).append(R"(","object":)");
    TRY(append_shown(out, told.object));
    out += "}\n";
    return {};
  }
  std::string object;
  TRY(view_.append_protobuf(object, told.object));
  append_framed(out, told.type, object);
  return {};
}

Result<> WatchEvents::append_shown(std::string& out, const Object& object) const {
  if (view_.shape() != Shape::table) return view_.append_object(out, object);
  const json::Tree tree = TRY(tree_for(request_, object));
  append_table(out, tree.root(), !columns_shown_);
  return {};
}

void WatchEvents::append_table(std::string& out, const json::Item& object, bool columns) const {
  const json::Item* version = object.find("metadata", "resourceVersion");
  view_.table().append_head(out, table_meta(version != nullptr ? version->string_or("") : ""), columns);
  view_.table().append_row(out, object);
  out += Table::tail;
}

void WatchEvents::append_framed(std::string& out, std::string_view type, std::string_view object) const {
  if (request_.media.encoding == Encoding::json) {
    out.append(R"({"type":")").append(type).append(R"(","object":)").append(object).append("}\n");
    return;
  }
  std::string event;
  protobuf::Writer writer(event);
  writer.string(1, type);
  const std::size_t raw = writer.open(2);
  writer.string(1, object);
  writer.close(raw);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(event.size() >> shift);
  out += event;
}

// An object of which only the resourceVersion is known.
Result<> WatchEvents::append_bookmark(std::string& out, objects::Revision revision,
                                      bool ends_initial_events) {
  json::Tree tree;
  json::Item& root = tree.root();
  const bool partial = view_.shape() == Shape::partial;
  root.member("kind").set_string(partial ? "PartialObjectMetadata" : request_.resource->kind);
  root.member("apiVersion")
      .set_string(view_.shape() == Shape::table ? request_.resource->group_version->api_version
                                                : view_.api_version());
  json::Item& metadata = root.member("metadata");
  metadata.member("resourceVersion").set_string(text("{}", revision));
  if (ends_initial_events) metadata.member("annotations").member(initial_events_end).set_string("true");
  std::string object;
  if (view_.shape() == Shape::table) append_table(object, root, !columns_shown_);
  else if (request_.media.encoding == Encoding::json) schema::append_canonical(object, root, *view_.type());
  else object = schema::to_protobuf(root, *view_.type());
  append_framed(out, "BOOKMARK", object);
  columns_shown_ = true;
  return {};
}

void WatchEvents::append_error(std::string& out, const kube::Status& status) const {
  std::string object = status.to_json();
  if (request_.media.encoding == Encoding::protobuf) {
    auto tree = json::Tree::parse(std::move(object));
    object = schema::to_protobuf(tree->root(), *request_.ground.schema.find_type("meta.v1.Status"));
  }
  append_framed(out, "ERROR", object);
}

}  // namespace podo::apiserver
