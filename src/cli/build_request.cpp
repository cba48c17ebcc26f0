#include "cli/build_request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/format/base64.h"
#include "base/format/json_writer.h"
#include "cli/console/output.h"
#include "cli/console/units.h"
#include "cli/container_flags.h"
#include "cli/progress.h"
#include "container/registry_client/registry.h"

namespace podo::cli {
namespace {

using TextMap = std::map<std::string, std::string>;

const char* environment(const std::string& name) { return ::getenv(name.c_str()); }

using Arguments = std::map<std::string, std::optional<std::string>>;

// What config.json says all builds need to reach the network: {"proxies": {"default": {"httpProxy": URL}}}.
void add_proxies(Arguments& arguments) {
  Result<std::string> file = read_text_file(config_folder() + "/config.json");
  Result<json::Document> document = file ? json::parse(*std::move(file)) : Failure(file.error());
  if (!document) return;
  json::Value proxies = document->root().find("proxies").find("default");
  for (auto [member, name, lower] : {std::tuple("httpProxy", "HTTP_PROXY", "http_proxy"),
                                     {"httpsProxy", "HTTPS_PROXY", "https_proxy"},
                                     {"ftpProxy", "FTP_PROXY", "ftp_proxy"},
                                     {"noProxy", "NO_PROXY", "no_proxy"},
                                     {"allProxy", "ALL_PROXY", "all_proxy"}}) {
    std::string value = get_text(proxies, member);
    if (!value.empty()) arguments[name] = arguments[lower] = value;
  }
}

// "A=1", or "A": this process's, else none.
std::string arguments_json(const Flags& flags) {
  Arguments arguments;
  add_proxies(arguments);
  for (const std::string& word : flags.all("build-arg")) {
    std::size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    const char* own = environment(name);
    if (equals != std::string::npos) arguments[name] = word.substr(equals + 1);
    else arguments[name] = own != nullptr ? std::optional<std::string>(own) : std::nullopt;
  }
  json::Writer out;
  out.object();
  for (const auto& [name, value] : arguments) {
    out.key(name);
    if (value) out.string(*value);
    else out.null();
  }
  return arguments.empty() ? "" : out.end().take();
}

// "a=b", or "a": with nothing in it.
TextMap pairs_of(const std::vector<std::string>& words) {
  TextMap map;
  for (const std::string& word : words) {
    std::size_t equals = std::min(word.find('='), word.size());
    map[word.substr(0, equals)] = word.substr(std::min(equals + 1, word.size()));
  }
  return map;
}

std::string map_json(const TextMap& map) {
  json::Writer out;
  out.object();
  for (const auto& [name, value] : map) out.key(name).string(value);
  return out.end().take();
}

std::string list_json(const std::vector<std::string>& list) {
  json::Writer out;
  out.array();
  for (const std::string& item : list) out.string(item);
  return out.end().take();
}

Result<std::string> ulimits_json(const Flags& flags) {
  json::Writer out;
  out.array();
  for (const std::string& word : flags.all("ulimit")) {
    docker::Ulimit limit = TRY(parse_ulimit(word));
    out.object().key("Name").string(limit.name).key("Soft").number(limit.soft);
    out.key("Hard").number(limit.hard).end();
  }
  return flags.all("ulimit").empty() ? "" : out.end().take();
}

// Paths of caches in folders are ours; the daemon is elsewhere.
std::vector<std::string> cache_places(const Flags& flags, std::string_view flag) {
  std::vector<std::string> places;
  for (const std::string& word : flags.all(flag)) {
    std::string place;
    for (auto [name, value] : split_options(word)) {
      bool is_path = (name == "src" || name == "dest") && word.contains("type=local");
      if (is_path) value = absolute_path(value);
      place += (place.empty() ? "" : ",") + (name.empty() ? value : name + "=" + value);
    }
    places.push_back(place);
  }
  return places;
}

void add(Daemon::Query& query, std::string key, std::string value) {
  if (!value.empty() && value != "0") query.add(std::move(key), std::move(value));
}

void add_limits(Daemon::Query& query, const Flags& flags) {
  for (auto [key, flag] :
       {std::pair("memory", "memory"), {"memswap", "memory-swap"}, {"shmsize", "shm-size"}})
    add(query, key, text("{}", flags.bytes(flag)));
  for (auto [key, flag] :
       {std::pair("cpushares", "cpu-shares"), {"cpuperiod", "cpu-period"}, {"cpuquota", "cpu-quota"}})
    add(query, key, text("{}", flags.integer(flag)));
  for (auto [key, flag] : {std::pair("cpusetcpus", "cpuset-cpus"),
                           {"cpusetmems", "cpuset-mems"},
                           {"cgroupparent", "cgroup-parent"},
                           {"networkmode", "network"}})
    add(query, key, flags.text(flag));
}

// --- the wish ---------------------------------------------------------------------------------------------

// "id=npm,src=.npmrc", "id=token,env=TOKEN", "id=x" (the variable, else the file of that name)
Result<> add_secret(TextMap& secrets, const std::string& word) {
  std::string id, file, variable, type;
  for (const auto& [name, value] : split_options(word)) {
    if (name == "id") id = value;
    else if (name == "src" || name == "source") file = value;
    else if (name == "env") variable = value;
    else if (name == "type") type = value;
    else return invalid("unexpected key '{}' in the secret '{}'", name.empty() ? value : name, word);
  }
  if (id.empty() && !file.empty()) id = file.substr(file.rfind('/') + 1);
  if (id.empty()) return invalid("the secret '{}' has no id", word);
  if (type == "env" && variable.empty()) variable = std::exchange(file, "");
  if (file.empty() && variable.empty()) {
    if (type != "file" && environment(id) != nullptr) variable = id;
    else file = id;
  }
  if (variable.empty()) {
    secrets[id] = base64::encode(TRY_IN("the secret " + id, read_text_file(file)));
    return {};
  }
  const char* value = environment(variable);
  if (value == nullptr) return invalid("the secret {}: the variable {} is not set", id, variable);
  secrets[id] = base64::encode(value);
  return {};
}

// "default", "id=/path/of/an/agent's/socket"
Result<> add_agent(TextMap& agents, const std::string& word) {
  std::size_t equals = std::min(word.find('='), word.size());
  std::string id = word.substr(0, equals), path = word.substr(std::min(equals + 1, word.size()));
  const char* own = environment("SSH_AUTH_SOCK");
  if (path.empty() && own == nullptr)
    return invalid("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set");
  if (path.empty()) path = own;
  struct stat found{};
  if (::stat(path.c_str(), &found) < 0) return failed_errno(errno, "--ssh {}: {}", word, path);
  if (!S_ISSOCK(found.st_mode))
    return unsupported(
        "--ssh {}: {} is no agent's socket; add the key to an agent (ssh-add) and name its socket", word,
        path);
  agents[id] = absolute_path(path);
  return {};
}

// "base=docker-image://alpine", "src=../other"
Result<> add_named_context(TextMap& contexts, const std::string& word) {
  std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    return invalid("invalid context value: {}, expected key=value", word);
  std::string value = word.substr(equals + 1);
  constexpr std::string_view layout = "oci-layout://";
  if (value.starts_with(layout)) value = std::string(layout) + absolute_path(value.substr(layout.size()));
  else if (!value.contains("://") && !is_remote_context(value)) value = absolute_path(value);
  contexts[word.substr(0, equals)] = value;
  return {};
}

std::vector<std::string> split_all(const Flags& flags, std::string_view flag) {
  std::vector<std::string> all;
  for (const std::string& list : flags.all(flag))
    for (std::string& part : split(list, ','))
      if (!part.empty()) all.push_back(std::move(part));
  return all;
}

TextMap annotations_of(const Flags& flags) {
  TextMap annotations;
  for (const auto& [name, value] : pairs_of(flags.all("annotation"))) {
    std::string_view bare = name;
    for (std::string_view where : {"manifest:", "index:", "manifest,index:"})
      if (bare.starts_with(where)) bare.remove_prefix(where.size());
    annotations[std::string(bare)] = value;
  }
  return annotations;
}

class Wish {
 public:
  Wish() { out_.object(); }
  void map(std::string_view key, const TextMap& map) {
    if (!map.empty()) out_.key(key).raw(map_json(map));
  }
  void list(std::string_view key, const std::vector<std::string>& list) {
    if (!list.empty()) out_.key(key).raw(list_json(list));
  }
  void text(std::string_view key, const std::string& text) {
    if (!text.empty()) out_.key(key).string(text);
  }
  void truth(std::string_view key, bool truth) {
    if (truth) out_.key(key).boolean(true);
  }
  json::Writer& out() { return out_; }
  std::string take() { return out_.end().take(); }

 private:
  json::Writer out_;
};

Result<> add_epoch(Wish& wish) {
  const char* epoch = environment("SOURCE_DATE_EPOCH");
  if (epoch == nullptr || *epoch == '\0') return {};
  char* end = nullptr;
  long long seconds = ::strtoll(epoch, &end, 10);
  if (*end != '\0') return invalid("SOURCE_DATE_EPOCH={} is no number of seconds", epoch);
  wish.out().key("sourceDateEpoch").number(std::int64_t{seconds});
  return {};
}

}  // namespace

Result<Daemon::Query> build_query_of(const Flags& flags, const BuildContext& context,
                                     const BuildOutput& output) {
  Daemon::Query query;
  for (const std::string& tag : flags.all("tag")) query.add("t", tag);
  for (const std::string& name : output.names) query.add("t", name);
  add(query, "dockerfile", context.dockerfile);
  add(query, "remote", context.remote);
  if (const std::string target(flags.text("target")); !target.empty()) query.add("target", target);
  add(query, "buildargs", arguments_json(flags));
  if (TextMap labels = pairs_of(flags.all("label")); !labels.empty()) query.add("labels", map_json(labels));
  if (flags.on("no-cache")) query.add("nocache", "1");
  if (flags.on("pull")) query.add("pull", "1");
  if (flags.on("squash")) query.add("squash", "1");
  if (auto places = cache_places(flags, "cache-from"); !places.empty())
    query.add("cachefrom", list_json(places));
  add(query, "ulimits", TRY(ulimits_json(flags)));
  for (const std::string& host : TRY(extra_hosts_of(flags))) query.add("extrahosts", host);
  add_limits(query, flags);
  return query;
}

Result<std::string> build_wish_of(const Flags& flags, const BuildContext& context, const BuildOutput& output,
                                  bool in_place) {
  Wish wish;
  if (in_place) {
    wish.out().key("context").object().key("folder").string(context.folder);
    wish.out().key("device").number(context.device).key("inode").number(context.inode).end();
  }
  if (context.dockerfile_text) wish.out().key("dockerfileText").string(*context.dockerfile_text);
  TextMap contexts, secrets, agents;
  for (const std::string& word : flags.all("build-context")) TRY(add_named_context(contexts, word));
  for (const std::string& word : flags.all("secret")) TRY(add_secret(secrets, word));
  for (const std::string& word : flags.all("ssh")) TRY(add_agent(agents, word));
  wish.map("namedContexts", contexts);
  wish.map("secrets", secrets);
  wish.map("ssh", agents);
  wish.map("annotations", annotations_of(flags));
  wish.list("noCacheStages", split_all(flags, "no-cache-filter"));
  wish.list("platforms", split_all(flags, "platform"));
  wish.list("allow", split_all(flags, "allow"));
  wish.list("cacheTo", cache_places(flags, "cache-to"));
  wish.text("export", output.export_to);
  wish.truth("check", flags.on("check") || flags.text("call") == "check");
  wish.truth("keepForDebug", flags.on("debug-shell"));
  TRY(add_epoch(wish));
  return wish.take();
}

io::Task<std::string> registry_config(Daemon& daemon) {
  Result<std::string> file = read_text_file(config_folder() + "/config.json");
  if (!file) co_return "";
  Result<json::Document> document = json::parse(*std::move(file));
  if (!document) co_return "";  // whoever logs in is told
  std::set<std::string> servers;
  for (std::string_view member : {"auths", "credHelpers"})
    for (const auto [server, value] : document->root().find(member).members()) servers.emplace(server);
  json::Writer out;
  out.object();
  bool any = false;
  for (const std::string& server : servers) {
    auto found = co_await image::find_credentials(daemon.loop(), config_folder(), server).result();
    if (!found || found->empty()) continue;
    out.key(server).object().key("username").string(found->user).key("password").string(found->password);
    out.key("identitytoken").string(found->identity_token);
    out.key("registrytoken").string(found->registry_token).end();
    any = true;
  }
  co_return any ? base64::encode(out.end().take()) : "";
}

}  // namespace podo::cli
