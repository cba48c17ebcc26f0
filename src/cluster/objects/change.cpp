#include "cluster/objects/objects.h"

namespace podo::objects {
namespace {

const json::Item& kept(std::optional<json::Tree>& tree, const Object& object) {
  if (!tree) {
    Result<json::Tree> parsed = object ? object.tree() : json::Tree();
    tree = parsed ? *std::move(parsed) : json::Tree();
  }
  return tree->root();
}

}  // namespace

Change::Change(const store::Event& event)
    : kind(event.entry.erased() ? Kind::deleted
           : event.previous     ? Kind::modified
                                : Kind::added),
      now(kind == Kind::deleted ? Object(event.previous, event.entry.modified()) : Object(event.entry)),
      before(event.previous ? Object(event.previous) : Object()),
      revision(event.entry.modified()) {}

const json::Item& Change::item() const { return kept(item_, now); }
const json::Item& Change::item_before() const { return kept(item_before_, before); }

std::string_view Change::encoded(int form, const std::function<std::string(const Change&)>& make) const {
  for (const auto& encoded : encoded_)
    if (encoded->form == form) return encoded->bytes;
  encoded_.push_back(std::make_unique<Encoded>(form, make(*this)));
  return encoded_.back()->bytes;
}

}  // namespace podo::objects
