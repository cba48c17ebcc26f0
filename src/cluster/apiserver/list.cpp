// GET of a collection. First the objects are found, all of one revision: that shares the store's bytes and
// takes 16 bytes an object. Then they are sent, as fast as the client takes them, while others go on writing.
#include "base/format/json_writer.h"
#include "base/format/protobuf.h"
#include "base/io/wait.h"
#include "cluster/api_request/answer_stream.h"
#include "cluster/api_request/continue_token.h"
#include "cluster/api_request/selection.h"
#include "cluster/api_request/view.h"
#include "cluster/apiserver/verbs.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using objects::ListPage;
using objects::Object;
using objects::Revision;

constexpr std::size_t page_objects = 500;  // what is looked at between two turns of others

constexpr std::string_view list_expired = "The resourceVersion for the provided list is too old.";
constexpr std::string_view continue_expired =
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
    "the results. Continuing with the provided token results in an inconsistent list - objects that were "
    "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
    "list.";

// What a list is about before it is read.
struct Wanted {
  std::string name_space, prefix;
  Revision at = 0;        // 0: the newest
  std::string after_key;  // "": from the beginning
};

struct Listed {
  std::vector<Object> objects;
  Revision revision = 0;
  std::string continue_token;
  std::uint64_t remaining = 0;  // 0: not told
};

Result<Wanted> wanted_by_token(Request& request, const ListOptions& options, Wanted wanted) {
  const auto token = read_continue_token(options.continue_token);
  if (!token)
    return request.refuse(kube::bad_request(text("invalid continue token: {}", token.error().message())));
  if (!options.resource_version.empty() && options.resource_version != "0")
    return request.refuse(
        kube::bad_request("specifying resource version is not allowed when using continue"));
  wanted.at = token->revision;
  wanted.after_key = wanted.prefix + token->after;
  return wanted;
}

// resourceVersion: "" and "0" are the newest, for all that there is is the newest. N with Exact, or with a
// limit and no match, is that revision; else N is the least that will do.
Task<Wanted> find_wanted(Call& call, const ListOptions& options) {
  Wanted wanted;
  if (call.resource->namespaced) wanted.name_space = call.info.name_space;
  wanted.prefix = objects::prefix_of(*call.storage, wanted.name_space);
  if (!options.continue_token.empty()) co_return wanted_by_token(call, options, std::move(wanted));
  const Revision asked = co_await read_revision(call, options.resource_version);
  if (asked == 0) co_return wanted;
  const Revision newest = co_await call.parts.ground.objects.newest();
  if (asked > newest) co_await call.refuse(too_large_revision(asked, newest));
  if (options.match == "Exact" || (options.match.empty() && options.limit != 0)) wanted.at = asked;
  co_return wanted;
}

kube::Status too_old(const ListOptions& options, const Wanted& wanted) {
  if (options.continue_token.empty()) return kube::expired(std::string(list_expired));
  kube::Status status = kube::expired(std::string(continue_expired));
  status.continue_token = to_text({.revision = 0, .after = wanted.after_key.substr(wanted.prefix.size())});
  return status;
}

Task<ListPage> read_page(Call& call, const ListOptions& options, const Wanted& wanted, std::size_t limit,
                         const ListPage& before) {
  const std::string after = before.last_key.empty() ? wanted.after_key : before.last_key;
  const Revision at = before.revision != 0 ? before.revision : wanted.at;
  auto page =
      co_await call.parts.ground.objects.list(*call.storage, wanted.name_space, limit, after, at).result();
  if (!page && page.error().kind() == ErrorKind::not_found) co_await call.refuse(too_old(options, wanted));
  if (!page && page.error().kind() == ErrorKind::invalid)
    co_await call.refuse(too_large_revision(at, co_await call.parts.ground.objects.newest()));
  co_return co_await std::move(page);
}

// A name in a namespace is one key: nothing else is looked at.
bool is_one(const Request& request, const ListOptions& options, const Wanted& wanted) {
  return options.fields.exact("metadata.name") != nullptr && wanted.after_key.empty() &&
         (!request.resource->namespaced || !wanted.name_space.empty());
}

Task<Listed> find_one(Call& call, const ListOptions& options, const Wanted& wanted,
                      const Selection& selection) {
  objects::Objects& objects = call.parts.ground.objects;
  Listed listed;
  listed.revision = wanted.at != 0 ? wanted.at : co_await objects.newest();
  auto found = co_await objects
                   .find({.resource = call.storage,
                          .name_space = wanted.name_space,
                          .name = *options.fields.exact("metadata.name")},
                         listed.revision)
                   .result();
  if (!found && found.error().kind() == ErrorKind::not_found) co_await call.refuse(too_old(options, wanted));
  const std::optional<Object> object = co_await std::move(found);
  if (object && co_await selection.selects(*object)) listed.objects.push_back(*object);
  co_return listed;
}

// What is beyond the limit is not counted when there is a selector: that would mean looking at all of it.
Task<void> tell_the_rest(Call& call, const Wanted& wanted, const std::string& last_key, bool counts,
                         Listed& listed) {
  listed.continue_token =
      to_text({.revision = listed.revision, .after = last_key.substr(wanted.prefix.size())});
  if (counts)
    listed.remaining =
        co_await call.parts.ground.objects.count(*call.storage, wanted.name_space, last_key, listed.revision);
}

Task<Listed> find_listed(Call& call, const ListOptions& options) {
  const Wanted wanted = co_await find_wanted(call, options);
  const Selection selection(call, options);
  if (is_one(call, options, wanted)) co_return co_await find_one(call, options, wanted, selection);
  Listed listed;
  ListPage page;
  for (page.more = true; page.more; co_await io::yield()) {
    const std::size_t open = options.limit - listed.objects.size();
    const bool all = selection.selects_all();
    page = co_await read_page(call, options, wanted,
                              options.limit != 0 && all ? std::min(open, page_objects) : page_objects, page);
    listed.revision = page.revision;
    for (Object& object : page.objects) {
      const bool is_selected = all || co_await selection.selects(object);
      if (!is_selected) continue;
      listed.objects.push_back(std::move(object));
      if (options.limit == 0 || listed.objects.size() < options.limit) continue;
      const std::string last_key(listed.objects.back().entry().key());
      if (page.more || last_key != page.last_key) co_await tell_the_rest(call, wanted, last_key, all, listed);
      co_return listed;
    }
  }
  co_return listed;
}

std::string list_meta(const Listed& listed) {
  json::Writer out;
  out.object().key("resourceVersion").string(text("{}", listed.revision));
  if (!listed.continue_token.empty()) out.key("continue").string(listed.continue_token);
  if (listed.remaining != 0) out.key("remainingItemCount").number(listed.remaining);
  return out.end().take();
}

Result<> append_element(std::string& out, const View& view, const Object& object, bool first) {
  if (!first) out += ',';
  return view.shape() == Shape::table ? view.append_row(out, object) : view.append_item(out, object);
}

Task<void> answer_json(Request& request, const View& view, const Listed& listed) {
  AnswerStream answer(request);
  view.append_list_head(answer.text(), list_meta(listed));
  bool first = true;
  for (const Object& object : listed.objects) {
    co_await append_element(answer.text(), view, object, std::exchange(first, false));
    if (answer.is_full()) co_await answer.pass_on();
  }
  answer.text() += view.tail();
  co_await answer.finish();
}

Task<void> answer_yaml(Request& request, const View& view, const Listed& listed) {
  std::string text;
  view.append_list_head(text, list_meta(listed));
  bool first = true;
  for (const Object& object : listed.objects)
    co_await append_element(text, view, object, std::exchange(first, false));
  text += view.tail();
  const json::Tree tree = co_await json::Tree::parse(std::move(text), {.bytes_max = 256 << 20});
  co_await send(request, 200, std::string(content_type(Encoding::yaml)), to_yaml(tree.root()));
}

// PodList { metadata = 1, items = 2 }: its length stands before it, so it is made whole.
Task<void> answer_protobuf(Request& request, const View& view, const Listed& listed) {
  const schema::Struct* list = view.list_type();
  if (list == nullptr || view.type() == nullptr)
    co_await request.refuse(kube::not_acceptable(
        "only the following media types are accepted: application/json, application/yaml"));
  std::string message;
  protobuf::Writer out(message);
  json::Tree meta = co_await json::Tree::parse(list_meta(listed));
  const std::size_t metadata = out.open(list->find("metadata")->number);
  schema::append_message(message, meta.root(), *request.ground.schema.find_type("meta.v1.ListMeta"));
  out.close(metadata);
  std::size_t since_turn = 0;
  for (const Object& object : listed.objects) {
    const std::size_t item = out.open(list->find("items")->number);
    co_await view.append_message(message, object);
    out.close(item);
    if (++since_turn % 100 == 0) co_await io::yield();
  }
  co_await send(request, 200, std::string(content_type(Encoding::protobuf)),
                schema::in_envelope(message, view.api_version(), view.list_kind()));
}

}  // namespace

Task<void> list_objects(Call& call) {
  const ListOptions options = co_await read_list_options(call);
  const View view = co_await View::of(call);
  const Listed listed = co_await find_listed(call, options);
  switch (call.media.encoding) {
    case Encoding::json: co_return co_await answer_json(call, view, listed);
    case Encoding::yaml: co_return co_await answer_yaml(call, view, listed);
    case Encoding::protobuf: co_return co_await answer_protobuf(call, view, listed);
  }
}

}  // namespace podo::apiserver
