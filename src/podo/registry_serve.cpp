#include "podo/registry_serve.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/dns/resolver.h"
#include "base/http/system_connector.h"
#include "base/io/signals.h"
#include "base/io/socket.h"
#include "base/io/system_disk.h"
#include "base/linux/file.h"
#include "base/store/log_store.h"
#include "podo/beginning.h"
#include "podo/daemon_log.h"
#include "podo/data_lock.h"
#include "podo/memory.h"

namespace podo {
namespace {

using io::Task;

constexpr const char help_begin[] =
    "Usage: podo registry serve [FLAG...]\n"
    "\n"
    "Serves an OCI registry (distribution-spec 1.1): docker, podman, skopeo and others push to it and pull.\n"
    "\n"
    "      --data DIR               all of it (default /var/lib/podo-registry)\n";
constexpr const char help_end[] = "      --debug                  say more\n";

struct Options {
  std::string data = "/var/lib/podo-registry";
  RegistryOptions registry;
  bool debug = false;
};

Result<Options> read_options(int count, char** words, int first) {
  std::vector<Flag<Options>> flags = {text_flag("data", &Options::data),
                                      switch_flag("debug", &Options::debug, true),
                                      {"listen", "", true, [](Options& options, std::string_view value) {
                                         options.registry.listen = value;
                                         return Result<>();
                                       }}};
  for (Flag<RegistryOptions>& flag : registry_flags())
    flags.push_back({flag.name, "", flag.takes_value,
                     [set = std::move(flag.set)](Options& options, std::string_view value) {
                       return set(options.registry, value);
                     }});
  Options options;
  options.registry.listen = "127.0.0.1:5000";
  TRY(read_flags(flags, options, count, words, first));
  TRY(check(options.registry, ""));
  options.registry.server.folder = options.data + "/registry";
  options.registry.server.serve_images = false;
  return options;
}

Result<tls::Context> tls_context(const RegistryOptions& options) {
  const auto read = [](const std::string& path) { return linux::read_file(path.c_str(), 1 << 20); };
  return tls::server_context(
      {.identity = {.certificates = TRY(read(options.tls_certificate)), .key = TRY(read(options.tls_key))}});
}

Task<std::vector<std::string>> addresses_of(dns::Resolver& resolver, std::string host) {
  std::vector<std::string> addresses;
  for (const auto& address : co_await resolver.addresses(std::move(host)))
    addresses.push_back(address.to_text());
  co_return addresses;
}

class RegistryDaemon {
 public:
  RegistryDaemon(const Options& options, Log& log)
      : options_(options), log_(log), signals_(loop_, {SIGTERM, SIGINT}), pool_(4), disk_(pool_) {}
  Result<int> run() { return loop_.run(serve()); }

 private:
  // Each line stands on those above it.
  Task<int> serve() {
    ::umask(0022);
    co_await make_data_folder(options_.data, 0700);
    const DataLock lock = co_await DataLock::take(options_.data);
    auto store = co_await store::open_log_store({disk_, random_, log_}, options_.data + "/store",
                                                small_store_options());
    dns::Resolver resolver(loop_, random_);
    const http::SystemConnector::Resolve resolve = [&resolver](std::string host) {
      return addresses_of(resolver, std::move(host));
    };
    http::SystemConnector connector(loop_, resolve);
    http::Client client(loop_, connector, {.answer_within = seconds(60), .read_within = seconds(30)});
    auto images = co_await image::Images::open(
        {loop_, pool_, *store, random_, clock_, log_},
        {.folder = options_.data + "/images", .snapshots = image::ImagesOptions::Snapshots::copy});
    auto registry = co_await registry::Server::open(
        {loop_, pool_, *store, *images, client, client, random_, clock_, log_}, options_.registry.server);
    io::TaskGroup serving(loop_);
    serving.spawn(serve_registry(loop_, log_, *registry, options_.registry), "serve the registry");
    serving.spawn(give_memory_back(), "give memory back");
    serving.spawn(end_when_told(serving), "signals");
    co_await serving.join();
    co_await store->close();
    co_return 0;
  }

  Task<void> end_when_told(io::TaskGroup& serving) {
    const int signal = co_await signals_.next();
    log_.info("{}: ending", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    serving.cancel();
  }

  const Options& options_;
  Log& log_;
  SystemClock clock_;
  SystemRandom random_;
  io::EpollLoop loop_;
  io::Signals signals_;
  io::BlockingPool pool_;
  io::SystemDisk disk_;
};

int fail_with(std::string_view message, int code) {
  ::fputs(text("podo registry: {}\n", message).c_str(), stderr);
  return code;
}

}  // namespace

Task<void> serve_registry(io::EpollLoop& loop, Log& log, registry::Server& registry,
                          const RegistryOptions& options) {
  auto listener = co_await io::listen_socket(loop, co_await io::Address::parse("tcp:" + options.listen));
  const bool secured = !options.tls_certificate.empty();
  http::Server server(loop, registry, log, {});
  std::optional<tls::Context> context;
  if (secured) context = co_await tls_context(options);
  log.info("serving a registry at {}://{}:{}", secured ? "https" : "http", listener->address().host,
           listener->address().port);
  co_await server.serve(*listener, context ? &*context : nullptr);
}

int registry_command(int count, char** words, int first) {
  const std::string_view verb = count > first ? words[first] : "help";
  bool asked = verb == "help" || verb == "--help" || verb == "-h";
  for (int i = first + 1; i < count; ++i)
    asked = asked || std::string_view(words[i]) == "--help" || std::string_view(words[i]) == "-h";
  if (asked) {
    for (const char* part : {help_begin, registry_flags_help, help_end}) ::fputs(part, stdout);
    return 0;
  }
  if (verb != "serve")
    return fail_with(text("there is no command \"{}\"; try: podo registry serve", verb), 125);
  const auto options = read_options(count, words, first + 1);
  if (!options) return fail_with(options.error().message(), 125);
  const SystemClock clock;
  DaemonLog log(clock, options->debug);
  RegistryDaemon daemon(*options, log);
  const Result<int> code = daemon.run();
  return code ? *code : fail_with(code.error().message(), 1);
}

}  // namespace podo
