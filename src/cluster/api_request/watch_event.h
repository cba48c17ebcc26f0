// The events of a watch as bytes.
//
//   JSON       {"type":"ADDED","object":{...}} newline
//   protobuf   length:be32 WatchEvent { type = 1, object = 2 { raw = 1: the object in its envelope } }
//
// A change is encoded once for all watches of the same form.
#pragma once

#include "cluster/api_request/selection.h"
#include "cluster/api_request/view.h"

namespace podo::apiserver {

class WatchEvents {
 public:
  static Result<WatchEvents> of(Request& request);  // fails with a Status

  // An object that was there when the watch began.
  Result<> append_added(std::string& out, const objects::Object& object);
  // What the change is to who only sees what is selected, if anything: an object may enter and leave.
  Result<> append_change(std::string& out, const objects::Change& change, const Selection& selection);
  Result<> append_bookmark(std::string& out, objects::Revision revision, bool ends_initial_events);
  void append_error(std::string& out, const kube::Status& status) const;

 private:
  struct Told;
  WatchEvents(Request& request, View view);
  static Result<std::optional<Told>> told(const objects::Change& change, const Selection& selection);
  Result<> append(std::string& out, const Told& told) const;
  Result<> append_shown(std::string& out, const objects::Object& object) const;
  void append_framed(std::string& out, std::string_view type, std::string_view object) const;
  void append_table(std::string& out, const json::Item& object, bool columns) const;
  int form_of(const Told& told) const;

  Request& request_;
  View view_;
  bool columns_shown_ = false;  // of a Table, by the first event
};

}  // namespace podo::apiserver
