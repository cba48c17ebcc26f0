#include "cluster/api_request/list_options.h"
#include "cluster/apiserver/delete.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

constexpr std::size_t page_objects = 200;

// True: it is gone or marked now. One that somebody else has deleted meanwhile does not matter.
Task<bool> delete_one(Call& call, objects::Object object, const DeleteWish& wish, std::string& items) {
  const std::string name(object.name());
  std::string& name_space = call.info.name_space;
  const std::string asked = std::exchange(name_space, std::string(object.name_space()));
  auto deleted = co_await delete_named(call, name, wish).result();
  name_space = asked;
  if (!deleted && deleted.error().kind() == ErrorKind::not_found) co_return false;
  const Deleted done = co_await std::move(deleted);
  if (!items.empty()) items += ',';
  items += done.json;
  co_return true;
}

}  // namespace

// Answers with the list of what was deleted.
Task<void> delete_objects(Call& call) {
  const DeleteWish wish = co_await read_delete_options(call);
  const ListOptions options = co_await read_list_options(call);
  objects::Objects& objects = call.parts.ground.objects;
  const std::string name_space = call.resource->namespaced ? call.info.name_space : "";
  std::string items, after;
  // What there is now; each page is as new as it can be, for deleting takes long and history is short.
  const objects::Revision begun = co_await objects.newest();
  for (bool more = true; more;) {
    const objects::ListPage page = co_await objects.list(*call.storage, name_space, page_objects, after);
    for (const objects::Object& object : page.objects) {
      if (object.entry().created() > begun) continue;
      const json::Tree tree = co_await tree_for(call, object);
      if (options.selects(tree.root())) co_await delete_one(call, object, wish, items);
    }
    after = page.last_key;
    more = page.more;
  }
  const std::string_view api_version = call.resource->group_version->api_version;
  std::string list =
      text(R"({{"kind":"{}List","apiVersion":"{}","metadata":{{"resourceVersion":"{}"}},"items":[)",
           call.resource->kind, api_version, co_await objects.newest());
  list += items + "]}";
  call.media.shape = Shape::whole;
  const schema::Struct* type = call.ground.schema.find_root(api_version, text("{}List", call.resource->kind));
  if (type == nullptr) co_return co_await send(call, 200, "application/json", list + "\n");
  co_await answer_other(call, 200, std::move(list), *type);
}

}  // namespace podo::apiserver
