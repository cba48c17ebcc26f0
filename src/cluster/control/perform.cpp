// How plans become requests.
#include <charconv>

#include "base/io/combine.h"
#include "cluster/control/controller.h"
#include "model/kube/path.h"
#include "model/schema/convert.h"

namespace podo::controllers {
namespace {

using Verb = Write::Verb;

constexpr std::size_t first_batch = 1, most_at_once = 64;

// `said` with its "%" replaced.
Said filled(Said said, std::string_view by) {
  const std::size_t place = said.message.find('%');
  if (place != std::string::npos) said.message.replace(place, 1, by);
  return said;
}

Revision revision_of(const json::Item& object) {
  const std::string_view digits = kube::text_at(object, "metadata.resourceVersion");
  Revision revision = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  return revision;
}

bool is_harmless(Verb verb, ErrorKind kind) {  // what was to be changed or removed is gone
  return kind == ErrorKind::not_found && (verb == Verb::remove || verb == Verb::patch);
}

// A status in the form of what is stored equals what is there: nothing to write.
bool is_shown(const Watched& watched, Write& write) {
  const std::optional<json::Tree> now = watched.read(write.name_space + "/" + write.name);
  if (!now || !schema::shape(write.object.root(), *watched.resource().type)) return false;
  return kube::text_at(now->root(), "metadata.uid") == kube::text_at(write.object.root(), "metadata.uid") &&
         json::same(kube::part_at(now->root(), "status"), kube::part_at(write.object.root(), "status"));
}

}  // namespace

Task<void> Controller::perform(const Facts& owner, Plan plan) {
  const Facts self = owner;
  for (const Said& said : plan.said) say(self, said);
  if (plan.again_after) queue_.add_after(self.key(), seconds(*plan.again_after));
  const Result<void> performed = co_await perform(self, std::move(plan.writes)).result();
  if (plan.status) {
    std::vector<Write> status;
    status.push_back(*std::move(plan.status));
    co_await perform(self, std::move(status));
  }
  co_await Result<void>(performed);
}

// Writes that would all fail, because of a quota say, are found out by the first ones.
Task<void> Controller::perform(const Facts& owner, std::vector<Write> writes) {
  const Facts self = owner;
  std::size_t begin = 0, batch = first_batch;
  while (begin < writes.size()) {
    std::size_t end = begin + 1;
    while (end < writes.size() && end - begin < batch && writes[end].kind == writes[begin].kind &&
           writes[end].verb == writes[begin].verb)
      ++end;
    std::vector<Task<void>> tasks;
    std::optional<Error> problem;
    for (std::size_t i = begin; i < end; ++i) tasks.push_back(write(self, writes[i], problem));
    co_await io::all(std::move(tasks));
    if (problem) co_await Failure(std::move(*problem));
    begin = end;
    batch = std::min(batch * 2, most_at_once);
  }
}

// A failure does not cancel its neighbours: whether they had been done would not be known.
Task<void> Controller::write(Facts owner, Write& write, std::optional<Error>& problem) {
  std::string made;
  const Result<void> sent = co_await send(write, made).result();
  if (sent) {
    say(owner, filled(write.done, made));
    co_return;
  }
  if (is_harmless(write.verb, sent.error().kind())) co_return;
  if (sent.error().kind() != ErrorKind::conflict && sent.error().kind() != ErrorKind::cancelled)
    say(owner, filled(write.failed, sent.error().message()));
  if (!problem) problem = sent.error();
}

Task<void> Controller::send(Write& write, std::string& made) {
  client::Client& client = world_.ground.client;
  Watched& watched = world_.of(write.kind);
  client::Where where{.resource = &watched.resource(), .name_space = write.name_space, .name = write.name};
  made = write.name;
  if (write.verb == Verb::remove) {
    co_await client.remove(where, {.uid = write.uid, .grace_s = write.grace_s, .propagation = "Background"});
    co_return co_await watched.gone(write.name_space + "/" + write.name, write.uid);
  }
  if (write.verb == Verb::update_status && is_shown(watched, write)) co_return;
  where.subresource = write.subresource;
  json::Tree answer;
  switch (write.verb) {
    case Verb::create: answer = co_await client.create(where, write.object.root()); break;
    case Verb::patch: answer = co_await client.patch(where, client::Patch::strategic, write.change); break;
    case Verb::update_status: where.subresource = "status"; [[fallthrough]];
    default: answer = co_await client.update(where, write.object.root()); break;
  }
  made = kube::text_at(answer.root(), "metadata.name");
  co_await watched.reach(revision_of(answer.root()));
}

}  // namespace podo::controllers
