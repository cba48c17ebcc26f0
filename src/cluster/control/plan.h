// Plan: what a controller wants to happen, as its pure function says it: writes in their order, Events, and
// when to look again. Whoever performs it (perform.cpp) is the only one who talks to the API.
#pragma once

#include "cluster/client/events.h"
#include "cluster/control/facts.h"

namespace podo::controllers {

// An Event about the owner. In those of a write "%" stands for the name of what was written, or, when it
// failed, for the error.
using client::Said;

struct Write {
  enum class Verb : std::uint8_t { create, remove, update, update_status, patch };
  Verb verb = Verb::create;
  Kind kind = Kind::pod;
  std::string name_space = {}, name = {}, uid = {};  // uid: of remove
  json::Tree object = {};                            // of create, update and update_status: the whole
  std::string change = {};                           // of patch: a strategic merge patch
  std::string subresource = {};                      // of update and patch
  std::optional<std::int64_t> grace_s = {};          // of remove
  Said done = {}, failed = {};
};

struct Plan {
  std::vector<Write> writes;
  std::optional<Write> status;  // written even when one of the writes fails
  std::vector<Said> said;
  std::optional<Seconds> again_after;

  // Plans know seconds: in the same one they would say the same again.
  void look_again(Seconds after) {
    if (after < 1) after = 1;
    if (!again_after || after < *again_after) again_after = after;
  }
};

// Parts of plans.
Write create(Kind kind, std::string_view name_space, json::Tree object);
Write create_pod(json::Tree pod);  // "Created pod: ..."
Write remove(Kind kind, const Facts& what);
Write remove_pod(const Pod& pod);  // "Deleted pod: ..."
Write update(Kind kind, json::Tree object);
// The owner with `status` as its new one; absent when that is what it has.
std::optional<Write> update_status(Kind kind, const json::Item& owner, const json::Item& status);

}  // namespace podo::controllers
