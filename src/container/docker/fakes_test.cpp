// What the fakes do, and the exchange that is answered into memory.
#include <cstring>

#include "container/docker/world_testing.h"

namespace podo::docker {

// --- engine ---

bool FakeEngine::called(std::string_view verb, std::string_view reference) {
  const std::string call = text("{} {}", verb, reference);
  const bool first = std::find(calls.begin(), calls.end(), call) == calls.end();
  calls.push_back(call);
  return first;
}

Task<engine::Engine::Created> FakeEngine::create(CreateRequest request, std::string name) {
  calls.push_back("create " + name);
  if (request.config.image == "nope") co_return not_found("No such image: nope:latest");
  created = std::move(request);
  co_return Created{.id = "c1", .warnings = {}};
}

Result<engine::ContainerPtr> FakeEngine::get(std::string_view reference) const {
  for (const auto& container : containers) {
    if (container->name == reference || container->id == reference) return container;
  }
  return not_found("No such container: {}", reference);
}

Task<void> FakeEngine::kill(std::string reference, std::string signal) {
  calls.push_back(text("kill {} {}", reference, signal));
  co_return;
}
Task<std::vector<std::string>> FakeEngine::update(std::string, UpdateRequest) {
  co_return std::vector<std::string>();
}
Task<void> FakeEngine::remove(std::string reference, engine::RemoveOptions options) {
  co_await get(reference);
  calls.push_back(text("remove {} {}", reference, options.force));
}

namespace {

class EndedWaiter final : public engine::Engine::Waiter {
 public:
  Task<engine::Waited> done() override { co_return engine::Waited{.exit_code = 3, .error = ""}; }
};

class PiecesReader final : public engine::LogReader {
 public:
  explicit PiecesReader(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<std::string> next() override { co_return at_ < pieces_.size() ? pieces_[at_++] : ""; }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<engine::Engine::Waiter>> FakeEngine::wait(std::string reference, engine::WaitFor) {
  TRY(get(reference));
  return std::make_unique<EndedWaiter>();
}
Task<std::unique_ptr<io::Stream>> FakeEngine::attach(std::string, engine::AttachOptions) {
  co_return std::move(stream);
}
Task<std::unique_ptr<engine::LogReader>> FakeEngine::logs(std::string, engine::LogOptions) {
  co_return std::make_unique<PiecesReader>(log_pieces);
}
Task<std::vector<image::Change>> FakeEngine::changes(std::string) {
  co_return std::vector<image::Change>{{"/etc", image::ChangeKind::modified},
                                       {"/x", image::ChangeKind::added}};
}
Task<engine::PathStat> FakeEngine::stat_path(std::string, std::string path) {
  if (path == "/nope") co_return not_found("Could not find the file /nope in container c");
  co_return engine::PathStat{
      .name = "sh", .link_target = "", .size = 7, .mode = 493, .modified = "2024-01-01T00:00:00Z"};
}
Task<engine::PathStat> FakeEngine::copy_from(std::string reference, std::string path,
                                             std::function<Task<void>(engine::PathStat)> first,
                                             image::Images::Sink sink) {
  const auto stat = co_await stat_path(reference, path);
  co_await first(stat);
  co_await sink("tar");
  co_return stat;
}
Task<void> FakeEngine::export_tree(std::string, image::Images::Sink sink) {
  co_await sink("one");
  co_await sink("two");
}
Result<engine::ExecPtr> FakeEngine::get_exec(std::string_view id) const {
  for (const auto& exec : execs) {
    if (exec->id == id) return exec;
  }
  return not_found("No such exec instance: {}", id);
}
Task<std::unique_ptr<io::Stream>> FakeEngine::start_exec(std::string id, ExecStart) {
  calls.push_back("exec " + id);
  if (stream == nullptr) co_return invalid("exec: \"nope\": executable file not found in $PATH");
  co_return std::move(stream);
}
Task<engine::VolumePtr> FakeEngine::create_volume(VolumeWish wish) {
  auto volume = std::make_shared<engine::Volume>();
  volume->name = wish.name;
  volume->labels = wish.labels;
  volume->mountpoint = "/data/volumes/" + wish.name + "/_data";
  volume->created = {1'700'000'000'500'000'000};
  volumes.push_back(volume);
  co_return volume;
}
Result<engine::VolumePtr> FakeEngine::get_volume(std::string_view name) const {
  for (const auto& volume : volumes) {
    if (volume->name == name) return volume;
  }
  return not_found("get {}: no such volume", name);
}
Task<void> FakeEngine::remove_volume(std::string name, bool) {
  co_await get_volume(name);
  calls.push_back("remove volume " + name);
}
Task<void> FakeEngine::connect(std::string network, std::string container, EndpointSettings settings) {
  calls.push_back(text("connect {} {} {}", network, container, settings.aliases.size()));
  co_return;
}

// --- images and networks ---

Result<image::ImagePtr> FakeImages::get(std::string_view reference) const {
  const auto complete = oci::Reference::parse(reference);
  for (const auto& image : images) {
    if (image->id == reference) return image;
    for (const auto& tag : image->tags) {
      if (complete && tag == complete->to_text()) return image;
    }
  }
  return not_found("No such image: {}", reference);
}
Task<void> FakeImages::tag(std::string id, std::string reference) {
  calls.push_back(text("tag {} {}", id, reference));
  co_return;
}
Task<image::Removed> FakeImages::remove(std::string reference, RemoveOptions options) {
  const auto image = co_await get(reference);
  calls.push_back(text("remove {} used by '{}'", reference, options.in_use(image->id)));
  co_return image::Removed{.untagged = image->tags, .deleted = {image->id}, .freed_bytes = 5};
}
Task<std::vector<std::string>> FakeImages::load(http::Body& archive, image::ProgressSink progress) {
  const std::string bytes = co_await http::read_all(archive, 1 << 20);
  if (bytes == "broken") co_return invalid("the archive is broken");
  progress({.id = "l1", .status = "Loading layer", .current = 1, .total = 2});
  if (bytes == "cut") co_return corrupt("the archive ends early");
  co_return std::vector<std::string>{"docker.io/library/busybox:1"};
}

Task<network::NetworkRecord> FakeNetworks::create(network::NetworkRecord wanted) {
  wanted.id = "n1";
  records.push_back(wanted);
  co_return wanted;
}
Task<void> FakeNetworks::remove(std::string id) {
  if (!endpoints_of_network(id).empty())
    co_await conflict("error while removing network: network {} has active endpoints", id);
  std::erase_if(records, [&](const network::NetworkRecord& record) { return record.id == id; });
}
const network::NetworkRecord* FakeNetworks::find(std::string_view name) const {
  for (const auto& record : records) {
    if (record.name == name || record.id == name) return &record;
  }
  return nullptr;
}
std::vector<const network::NetworkRecord*> FakeNetworks::list() const {
  std::vector<const network::NetworkRecord*> all;
  for (const auto& record : records) all.push_back(&record);
  return all;
}
std::vector<const network::Endpoint*> FakeNetworks::endpoints_of_network(std::string_view id) const {
  std::vector<const network::Endpoint*> all;
  for (const auto& endpoint : endpoints) {
    if (endpoint.network_id == id) all.push_back(&endpoint);
  }
  return all;
}

// --- builder ---

namespace {

struct NotesCancelling {
  bool& was_cancelled;
  bool armed = true;
  ~NotesCancelling() { was_cancelled = armed; }
};

}  // namespace

Task<builder::BuildResult> FakeBuilder::build(builder::BuildRequest request, builder::EventSink sink) {
  NotesCancelling cancelling{was_cancelled};
  asked = std::move(request);
  if (asked.context.archive != nullptr) context = co_await http::read_all(*asked.context.archive, 1 << 20);
  for (const auto& event : events) {
    sink(event);
    co_await io::yield();
  }
  for (const auto& piece : archive) co_await asked.output(piece);
  while (waits) co_await never_.wait();
  cancelling.armed = false;
  if (error) co_return Failure(*error);
  co_return result;
}

// --- one request ---

Task<std::size_t> MemoryStream::read(std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), bytes_.size());
  if (count != 0) std::memcpy(into.data(), bytes_.data(), count);
  bytes_.erase(0, count);
  co_return count;
}
Task<void> MemoryStream::write(std::span<const std::byte> bytes) {
  written_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  co_return;
}
Result<void> MemoryStream::finish() {
  written_ += "|";
  return {};
}

namespace {

class MemoryBody final : public http::Body {
 public:
  explicit MemoryBody(std::string bytes) : stream_(std::move(bytes), unused_) {}
  Task<std::size_t> read(std::span<std::byte> into) override { return stream_.read(into); }

 private:
  std::string unused_;
  MemoryStream stream_;
};

class MemoryExchange final : public http::Exchange {
 public:
  MemoryExchange(const Asked& asked, Answer& answer)
      : asked_(asked),
        answer_(answer),
        path_(asked.target.substr(0, asked.target.find('?'))),
        query_(
            http::Query::parse(std::string_view(asked.target).substr(path_.size() + (has_query() ? 1 : 0)))),
        body_(asked.body) {
    if (asked.local) peer_.uid = 0;
  }

  std::string_view method() const override { return asked_.method; }
  std::string_view path() const override { return path_; }
  const http::Query& query() const override { return query_; }
  const http::Headers& headers() const override { return asked_.headers; }
  const http::Peer& peer() const override { return peer_; }
  http::Body& body() override { return body_; }
  Task<void> respond(int status, http::Headers headers, std::string body) override {
    co_await begin(status, std::move(headers));
    answer_.body = std::move(body);
    co_await end();
  }
  Task<void> begin(int status, http::Headers headers) override {
    ENSURE(answer_.status == 0);
    answer_.status = status;
    answer_.headers = std::move(headers);
    begun_.notify_all();
    co_return;
  }
  Task<void> write(std::string_view bytes) override {
    ENSURE(answer_.status != 0 && !ended_);
    answer_.body += bytes;
    co_return;
  }
  Task<void> end() override {
    ENSURE(answer_.status != 0 && !ended_);
    ended_ = true;
    co_return;
  }
  Task<std::unique_ptr<io::Stream>> upgrade(int status, http::Headers headers) override {
    co_await begin(status, std::move(headers));
    co_return std::make_unique<MemoryStream>(asked_.input, answer_.body);
  }
  Task<void> peer_gone() override {
    while (!asked_.leaves || answer_.status == 0) co_await begun_.wait();
  }
  bool head_sent() const override { return answer_.status != 0; }

 private:
  bool has_query() const { return path_.size() < asked_.target.size(); }

  const Asked& asked_;
  Answer& answer_;
  std::string path_;
  http::Query query_;
  http::Peer peer_;
  MemoryBody body_;
  io::Condition begun_{"an answer"};
  bool ended_ = false;
};

}  // namespace

Answer World::ask(const Asked& asked) {
  Answer answer;
  MemoryExchange exchange(asked, answer);
  const Result<> done = loop.run(api.handle(exchange));
  ENSURE(done.has_value() || answer.status != 0);
  return answer;
}

namespace {

Task<void> ask_beside(DockerApi& api, const Asked& first, Answer& one, const Asked& second, Answer& two) {
  MemoryExchange waiting(first, one), later(second, two);
  io::TaskGroup both(co_await io::this_loop());
  both.spawn(api.handle(waiting));
  while (one.status == 0) co_await io::yield();
  co_await api.handle(later);
  co_await both.join();
}

}  // namespace

void World::ask_both(const Asked& first, Answer& one, const Asked& second, Answer& two) {
  ENSURE(loop.run(ask_beside(api, first, one, second, two)).has_value());
}

std::shared_ptr<engine::Container> a_container(std::string name) {
  auto container = std::make_shared<engine::Container>();
  container->id = name + std::string(64 - name.size(), '0');
  container->name = std::move(name);
  container->created = {1'699'999'900'000'000'000};
  container->path = "sleep";
  container->args = {"1 000", "x"};
  container->config.image = container->image_reference = "busybox";
  container->config.exposed_ports = {{"80/tcp", true}, {"443/tcp", true}};
  container->config.labels = {{"a", "b"}};
  container->image = an_image("docker.io/library/busybox:latest");
  container->state.status = engine::Status::running;
  container->state.pid = 7;
  container->state.started_at = {1'699'999'920'000'000'000};
  container->host_config.network_mode = "default";
  container->ports = {{.container_port = 80, .host_ip = "", .host_port = 8080}};
  network::Endpoint endpoint;
  endpoint.id = "ep";
  endpoint.network_id = "bridge-id";
  endpoint.network_name = "bridge";
  endpoint.ipv4 = "172.17.0.2";
  endpoint.gateway4 = "172.17.0.1";
  endpoint.prefix4 = 16;
  endpoint.mac = "02:42:ac:11:00:02";
  endpoint.wish.container_id = container->id;
  endpoint.wish.container_name = container->name;
  container->endpoints = {endpoint};
  return container;
}

std::shared_ptr<image::Image> an_image(std::string tag) {
  auto image = std::make_shared<image::Image>();
  image->id = "sha256:" + std::string(64, 'b');
  image->tags = {std::move(tag)};
  image->config.created = "2023-11-14T22:13:20.5Z";
  image->config.os = "linux";
  image->config.architecture = "amd64";
  image->config.cmd = {"sh"};
  image->config.env = {"A=b"};
  image->config.history = {
      {.created = "2023-11-14T22:13:20Z", .created_by = "ADD", .author = "", .comment = ""},
      {.created = "2023-11-14T22:13:21Z",
       .created_by = "CMD",
       .author = "",
       .comment = "c",
       .empty_layer = true}};
  image->chain_ids = {"sha256:c1"};
  image->layer_sizes = {1000};
  image->size_bytes = 1000;
  return image;
}

}  // namespace podo::docker
