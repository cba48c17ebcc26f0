#include "cluster/client/remote_source.h"

#include "base/core/number.h"
#include "base/io/combine.h"

namespace podo::client {
namespace {

using objects::Revision;

constexpr std::string_view page_objects = "500";
constexpr std::size_t line_bytes_max = 8 << 20, read_bytes = 64 << 10;

Result<Revision> revision_of(const json::Item& object) {
  const json::Item* written = object.find("metadata", "resourceVersion");
  const std::string_view digits = written != nullptr ? written->string_or("") : std::string_view();
  const auto revision = whole_number<Revision>(digits);
  if (!revision || *revision == 0) return corrupt("\"{}\" is no resourceVersion", digits);
  return *revision;
}

std::string_view text_of(const json::Item* item) {
  return item != nullptr ? item->string_or("") : std::string_view();
}

// A watch request that is under way: lines of JSON become events.
class RemoteChanges final : public objects::Changes {
 public:
  RemoteChanges(http::Response response, const schema::Resource& resource, Revision from)
      : response_(std::move(response)), resource_(resource), through_(from) {}

  Task<News> next(std::optional<Duration> progress_after) override {
    if (progress_after) {
      Result<News> waited = co_await io::deadline(read_news(), *progress_after).result();
      if (!waited && waited.error().system_errno() == ETIMEDOUT) co_return News{{}, through_};
      co_return co_await std::move(waited);
    }
    co_return co_await read_news();
  }
  std::optional<Revision> silent_through() const override { return std::nullopt; }

 private:
  Task<News> read_news() {
    News news;
    for (;;) {
      const std::size_t end = unread_.find('\n', looked_);
      if (end != std::string::npos) {
        co_await take(unread_.substr(begin_, end - begin_), news);
        begin_ = looked_ = end + 1;
        continue;
      }
      if (!news.changes.empty() || told_) break;
      co_await read_more();
    }
    told_ = false;
    news.through = through_;
    co_return news;
  }

  // A cancelled read takes nothing away, so what came stays for the next call.
  Task<void> read_more() {
    unread_.erase(0, begin_);
    begin_ = 0;
    looked_ = unread_.size();
    if (unread_.size() > line_bytes_max) co_await corrupt("an event of more than {} bytes", line_bytes_max);
    std::string piece(read_bytes, '\0');
    const std::size_t count = co_await response_.body->read(io::writable_bytes_of(piece));
    if (count == 0) co_await unavailable("the watch of {} has ended", resource_.plural);
    unread_.append(piece, 0, count);
  }

  Result<> take(std::string line, News& news) {
    json::Tree event = TRY(json::Tree::parse(std::move(line)));
    const std::string_view type = text_of(event.root().find("type"));
    json::Item* object = event.root().find("object");
    if (object == nullptr) return corrupt("an event without an object");
    if (type == "ERROR") return unavailable("{}", text_of(object->find("message")));
    through_ = std::max(through_, TRY(revision_of(*object)));
    if (type == "BOOKMARK") {
      told_ = true;
      return {};
    }
    store::Entry entry = TRY(entry_of(*object, resource_));
    store::Event change;
    if (type == "DELETED") {
      change.entry = store::Entry::erased_at(entry.key(), entry.modified());
      change.previous = std::move(entry);
    } else {
      change.entry = std::move(entry);
    }
    news.changes.push_back(std::make_shared<objects::Change>(change));
    return {};
  }

  http::Response response_;
  const schema::Resource& resource_;
  Revision through_;
  std::string unread_;
  std::size_t begin_ = 0, looked_ = 0;  // in unread_: of the next line; where its end is looked for
  bool told_ = false;                   // a bookmark came
};

}  // namespace

Result<store::Entry> entry_of(const json::Item& object, const schema::Resource& resource) {
  const Revision revision = TRY(revision_of(object));
  const objects::Key key{.resource = &resource,
                         .name_space = std::string(text_of(object.find("metadata", "namespace"))),
                         .name = std::string(text_of(object.find("metadata", "name")))};
  if (key.name.empty()) return corrupt("an object without a name");
  json::Tree whole;  // items of lists come without their kind
  whole.root().member("kind").set_string(resource.kind);
  whole.root().member("apiVersion").set_string(resource.group_version->api_version);
  for (const json::Item* member = object.first(); member != nullptr; member = member->next())
    if (member->key() != "kind" && member->key() != "apiVersion")
      whole.root().add(member->key()).copy(*member);
  const std::string value = TRY(objects::Object::encode(whole.to_text()));
  return store::Entry(key.to_text(), value, {.created = revision, .modified = revision, .version = 1});
}

std::string RemoteSource::prefix(std::string_view name_space) const {
  return objects::prefix_of(resource_, name_space);
}

std::string RemoteSource::target(http::Query query) const {
  if (!selection_.labels.empty()) query.add("labelSelector", selection_.labels);
  if (!selection_.fields.empty()) query.add("fieldSelector", selection_.fields);
  return Where{.resource = &resource_, .name_space = selection_.name_space}.target() + "?" + query.to_text();
}

Task<objects::ListPage> RemoteSource::list(objects::ListPage before) {
  http::Query query;
  query.add("limit", std::string(page_objects));
  if (!before.last_key.empty()) query.add("continue", before.last_key);
  http::Response response = co_await client_.send({.url = target(std::move(query))});
  const json::Tree list =
      co_await json::Tree::parse(co_await http::read_all(*response.body, answer_bytes_max));
  objects::ListPage page;
  page.revision = co_await revision_of(list.root());
  page.last_key = text_of(list.root().find("metadata", "continue"));
  page.more = !page.last_key.empty();
  const json::Item* items = list.root().find("items");
  for (const json::Item* item = items != nullptr ? items->first() : nullptr; item != nullptr;
       item = item->next())
    page.objects.emplace_back(co_await entry_of(*item, resource_));
  co_return page;
}

Task<std::unique_ptr<objects::Changes>> RemoteSource::watch(Revision from) {
  http::Query query;
  query.add("watch", "true");
  query.add("allowWatchBookmarks", "true");
  query.add("resourceVersion", text("{}", from));
  http::Response response = co_await client_.send({.url = target(std::move(query))});
  co_return std::make_unique<RemoteChanges>(std::move(response), resource_, from);
}

}  // namespace podo::client
