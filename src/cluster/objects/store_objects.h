// Objects over a Store. Private to this room.
#pragma once

#include "cluster/objects/feed.h"

namespace podo::objects {

class StoreObjects final : public Objects {
 public:
  StoreObjects(io::Loop& loop, store::Store& store, const schema::Schema& schema,
               const FeedLimits& limits = {})
      : store_(store), schema_(schema), feeds_(loop, store, limits) {}

  Task<std::optional<Object>> find(Key key, Revision at) override;
  Task<Object> create(Key key, std::string canonical_json, Alongside more) override;
  Task<Object> update(Key key, Revision expected, std::string canonical_json, Alongside more) override;
  Task<Object> remove(Key key, Revision expected, Alongside more) override;
  Task<ListPage> list(const schema::Resource& resource, std::string name_space, std::size_t limit,
                      std::string after_key, Revision at) override;
  Task<std::uint64_t> count(const schema::Resource& resource, std::string name_space, std::string after_key,
                            Revision at) override;
  Task<std::unique_ptr<Changes>> watch(const schema::Resource& resource, std::string name_space,
                                       Revision from) override;
  Task<Revision> newest() override;
  const schema::Schema& schema() const override { return schema_; }
  const schema::Resource& resource(std::string_view group, std::string_view plural) const override;

 private:
  struct Committed;
  Task<Committed> commit(const Key& key, store::Transaction transaction, Alongside more);

  store::Store& store_;
  const schema::Schema& schema_;
  Feeds feeds_;
};

}  // namespace podo::objects
