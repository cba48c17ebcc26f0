// ~/.docker/config.json, shared with other clients: what they keep in it is left as it is.
//
//   config := { "auths": { server: { "auth": base64, "identitytoken" } }, "credsStore": NAME,
//               "credHelpers": { server: NAME }, ... }
//
// A NAME stands for the program docker-credential-NAME, which is given a verb and reads its question from its
// input: "get" the server, "erase" the server, "store" {"ServerURL","Username","Secret"}. What it gets is
// {"Username","Secret"}; the user "<token>" says that the secret is an identity token.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/io/combine.h"
#include "base/io/process.h"
#include "base/linux/file.h"
#include "container/registry_client/credential_text.h"

namespace podo::image {
namespace {

constexpr std::size_t config_bytes_max = 4 << 20, answer_bytes_max = 1 << 20;
constexpr Duration program_within = seconds(60);
constexpr std::string_view token_user = "<token>";

// The name under which credentials are kept: Docker Hub's is older than its host.
std::string server_of(std::string_view domain) {
  if (domain == "docker.io" || domain == "index.docker.io" || domain == "registry-1.docker.io")
    return "https://index.docker.io/v1/";
  return std::string(domain);
}

// "https://host/v1/" -> "host"
std::string_view host_of(std::string_view server) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (server.starts_with(scheme)) server.remove_prefix(scheme.size());
  return server.substr(0, server.find('/'));
}

bool same_server(std::string_view key, std::string_view server) {
  return key == server || host_of(key) == host_of(server);
}

std::string path_of(const std::string& folder) { return folder + "/config.json"; }

// "{}" when there is none.
Result<json::Document> read_config(const std::string& folder) {
  auto text = linux::read_file(path_of(folder).c_str(), config_bytes_max);
  if (!text && text.error().kind() != ErrorKind::not_found) return Failure(std::move(text).error());
  if (!text || text->empty()) return json::parse("{}");
  auto document = TRY_IN(path_of(folder), json::parse(*std::move(text)));
  if (!document.root().is(json::Kind::object)) return invalid("{}: expected an object", path_of(folder));
  return document;
}

// NAME of the program that keeps a server's credentials; "" when the file itself does.
std::string program_for(const json::Document& config, std::string_view server) {
  const json::Field root(config);
  if (root["credHelpers"].value().is(json::Kind::object))
    for (const auto [key, value] : root["credHelpers"].value().members())
      if (same_server(key, server) && value.is(json::Kind::string)) return std::string(value.string());
  return std::string(root["credsStore"].string_or("").value_or(""));
}

Task<io::Captured> run_program(io::EpollLoop& loop, std::string name, std::string verb, std::string input) {
  if (name.contains('/')) co_await invalid("{} is no name of a credential program", name);
  io::Command command{.arguments = {"docker-credential-" + name, verb}};
  co_return co_await io::deadline(io::capture(loop, std::move(command), std::move(input), answer_bytes_max),
                                  program_within);
}

Failure program_failed(const std::string& name, std::string_view verb, const io::Captured& done) {
  std::string_view said = done.output.empty() ? done.errors : done.output;
  while (said.ends_with('\n')) said.remove_suffix(1);
  return unavailable("docker-credential-{} {}: {} ({})", name, verb, said, done.status.to_text());
}

Result<Credentials> read_answer(std::string output) {
  const json::Document document = TRY(json::parse(std::move(output)));
  const json::Field root(document);
  Credentials credentials;
  const std::string_view user = TRY(root["Username"].string()), secret = TRY(root["Secret"].string());
  if (user == token_user) {
    credentials.identity_token = secret;
  } else {
    credentials.user = user;
    credentials.password = secret;
  }
  return credentials;
}

Task<Credentials> ask_program(io::EpollLoop& loop, std::string name, std::string server) {
  const io::Captured done = co_await run_program(loop, name, "get", server);
  if (done.status.ok()) co_return co_await read_answer(done.output);
  if (done.output.contains("credentials not found")) co_return Credentials{};
  co_return program_failed(name, "get", done);
}

Result<Credentials> read_entry(const json::Field& entry) {
  Credentials credentials;
  if (const auto pair = TRY(entry["auth"].string_or("")); !pair.empty())
    TRY(read_user_and_password(pair, credentials));
  credentials.identity_token = TRY(entry["identitytoken"].string_or(""));
  credentials.registry_token = TRY(entry["registrytoken"].string_or(""));
  if (!credentials.identity_token.empty()) credentials.password.clear();
  return credentials;
}

void write_entry(json::Writer& out, std::string_view server, const Credentials& credentials) {
  out.key(server).object();
  const bool by_token = !credentials.identity_token.empty();
  if (!credentials.user.empty())
    out.key("auth").string(base64::encode(credentials.user + ":" + (by_token ? "" : credentials.password)));
  if (by_token) out.key("identitytoken").string(credentials.identity_token);
  out.end();
}

// The config with the server's entry replaced (or, without credentials, taken away).
std::string edited(const json::Document& config, std::string_view server, const Credentials* credentials) {
  json::Writer out(json::Layout::indented);
  out.object();
  const json::Value auths = config.root().find("auths");
  out.key("auths").object();
  if (auths.is(json::Kind::object))
    for (const auto [key, value] : auths.members())
      if (!same_server(key, server)) out.key(key).value(value);
  if (credentials != nullptr) write_entry(out, server, *credentials);
  out.end();
  for (const auto [key, value] : config.root().members())
    if (key != "auths") out.key(key).value(value);
  return out.end().take() + "\n";
}

// The new file takes the old one's place at once, and is the owner's alone.
Result<> write_config(const std::string& folder, std::string_view text) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", folder);
  const std::string path = path_of(folder), fresh = path + ".new";
  {
    const io::Fd file =
        TRY(linux::open_at(AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    if (::fchmod(file.get(), 0600) != 0) return failed_errno(errno, "chmod {}", fresh);
    TRY_IN(fresh, linux::write_whole(file.get(), text));
    if (::fsync(file.get()) != 0) return failed_errno(errno, "fsync {}", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", fresh);
  return {};
}

}  // namespace

Task<Credentials> find_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain) {
  const std::string server = server_of(domain);
  const json::Document config = co_await read_config(config_folder);
  if (std::string program = program_for(config, server); !program.empty())
    co_return co_await ask_program(loop, std::move(program), server);
  const json::Field auths = json::Field(config)["auths"];
  if (!auths.value().is(json::Kind::object)) co_return Credentials{};
  if (auths[server]) co_return read_entry(auths[server]);
  for (const auto [key, value] : auths.value().members())
    if (same_server(key, server)) co_return read_entry(auths[key]);
  co_return Credentials{};
}

Task<void> store_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain,
                             Credentials credentials) {
  const std::string server = server_of(domain);
  const json::Document config = co_await read_config(config_folder);
  const std::string program = program_for(config, server);
  if (program.empty()) {
    co_await write_config(config_folder, edited(config, server, &credentials));
    co_return;
  }
  const bool by_token = !credentials.identity_token.empty();
  json::Writer question;
  question.object().key("ServerURL").string(server);
  question.key("Username").string(by_token ? token_user : std::string_view(credentials.user));
  question.key("Secret").string(by_token ? credentials.identity_token : credentials.password).end();
  const io::Captured done = co_await run_program(loop, program, "store", question.take());
  if (!done.status.ok()) co_await program_failed(program, "store", done);
  const Credentials nothing;  // other clients list the servers from the file
  co_await write_config(config_folder, edited(config, server, &nothing));
}

Task<void> erase_credentials(io::EpollLoop& loop, std::string config_folder, std::string domain) {
  const std::string server = server_of(domain);
  const json::Document config = co_await read_config(config_folder);
  if (std::string program = program_for(config, server); !program.empty()) {
    const io::Captured done = co_await run_program(loop, program, "erase", server);
    if (!done.status.ok() && !done.output.contains("credentials not found"))
      co_await program_failed(program, "erase", done);
  }
  co_await write_config(config_folder, edited(config, server, nullptr));
}

}  // namespace podo::image
