#include "podo/resident.h"

#include <limits>

namespace podo {
namespace {

http::Peer peer_of(Identity who) {
  auto facts = std::make_shared<crypto::CertificateFacts>();
  facts->subject = {.common_name = who.name, .organizations = std::move(who.groups)};
  facts->not_after = {std::numeric_limits<std::int64_t>::max()};
  return {.certificate_name = std::move(who.name), .certificate = std::move(facts)};
}

}  // namespace

Resident::Resident(io::Loop& loop, http::Handler& api, Identity who, const schema::Schema& schema,
                   objects::Objects& objects)
    : transport_(loop, api, peer_of(std::move(who))), client_(transport_, schema, &objects) {}

}  // namespace podo
