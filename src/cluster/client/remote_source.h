// What a mirror of an API server elsewhere reads: list and watch requests, whose objects become what the
// store of that server would have given. Private to this room.
#pragma once

#include "cluster/client/client.h"

namespace podo::client {

class RemoteSource final : public objects::MirrorSource {
 public:
  RemoteSource(Client& client, const schema::Resource& resource, Selection selection)
      : client_(client), resource_(resource), selection_(std::move(selection)) {}
  std::string prefix(std::string_view name_space) const override;
  bool is_near() const override { return false; }
  Task<objects::ListPage> list(objects::ListPage before) override;
  Task<std::unique_ptr<objects::Changes>> watch(objects::Revision from) override;

 private:
  std::string target(http::Query query) const;

  Client& client_;
  const schema::Resource& resource_;
  const Selection selection_;
};

// An object of an answer, as the store keeps it.
Result<store::Entry> entry_of(const json::Item& object, const schema::Resource& resource);

}  // namespace podo::client
