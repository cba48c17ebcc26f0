// podo login, podo logout
#include <termios.h>
#include <unistd.h>

#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "container/registry_client/registry.h"

namespace podo::cli {
namespace {

constexpr std::string_view hub = "docker.io";

// What is typed is not shown.
class Hidden {
 public:
  Hidden() {
    if (::tcgetattr(0, &before_) < 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden_ = ::tcsetattr(0, TCSAFLUSH, &silent) == 0;
  }
  Hidden(const Hidden&) = delete;
  ~Hidden() {
    if (hidden_) ::tcsetattr(0, TCSAFLUSH, &before_);
  }

 private:
  termios before_ = {};
  bool hidden_ = false;
};

std::string read_input(bool whole) {
  std::string text;
  for (char c = 0; text.size() < (1 << 16) && ::read(0, &c, 1) == 1 && (whole || c != '\n');) text += c;
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<image::Credentials> ask_for_credentials(const Flags& flags) {
  image::Credentials credentials{.user = flags.text("username"), .password = flags.text("password")};
  if (flags.on("password-stdin")) {
    if (credentials.user.empty()) return invalid("the --password-stdin option requires --username to be set");
    if (flags.given("password"))
      return invalid("conflicting options: cannot specify both --password and --password-stdin");
    credentials.password = read_input(true);
  }
  if (flags.given("password"))
    complain("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
  if ((credentials.user.empty() || credentials.password.empty()) && !is_terminal(0))
    return invalid("cannot perform an interactive login from a non TTY device");
  if (credentials.user.empty()) {
    print_error_bytes("Username: ");
    credentials.user = read_input(false);
  }
  if (credentials.password.empty()) {
    print_error_bytes("Password: ");
    Hidden hidden;
    credentials.password = read_input(false);
    print_error_bytes("\n");
  }
  if (credentials.user.empty() || credentials.password.empty())
    return invalid("username and password are required");
  return credentials;
}

std::string domain_of(const Flags& flags) {
  return flags.arguments().empty() ? std::string(hub) : flags.arguments()[0];
}

Task<int> login(Call call) {
  std::string domain = domain_of(call.flags);
  image::Credentials credentials = co_await ask_for_credentials(call.flags);
  json::Writer body;
  body.object().key("username").string(credentials.user).key("password").string(credentials.password);
  body.key("serveraddress").string(domain == hub ? "https://index.docker.io/v1/" : domain).end();
  json::Document answer = co_await call.daemon.post("/auth", {}, body.take());
  credentials.identity_token = get_text(answer.root(), "IdentityToken");
  if (!credentials.identity_token.empty()) credentials.password.clear();
  co_await image::store_credentials(call.daemon.loop(), config_folder(), domain, credentials);
  std::string status = get_text(answer.root(), "Status");
  co_await print((status.empty() ? "Login Succeeded" : status) + "\n");
  co_return 0;
}

Task<int> logout(Call call) {
  std::string domain = domain_of(call.flags);
  co_await image::erase_credentials(call.daemon.loop(), config_folder(), domain);
  co_await print(
      text("Removing login credentials for {}\n", domain == hub ? "https://index.docker.io/v1/" : domain));
  co_return 0;
}

using enum FlagKind;

constexpr Flag login_flags[] = {
    {"password", 'p', value, "Password or Personal Access Token (PAT)"},
    {"password-stdin", 0, toggle, "Take the Password or Personal Access Token (PAT) from stdin"},
    {"username", 'u', value, "Username"},
};

}  // namespace

std::span<const Command> login_commands() {
  static constexpr Command table[] = {
      {"login", "[SERVER]", "Authenticate to a registry", login_flags, 0, 1, login},
      {"logout", "[SERVER]", "Log out from a registry", {}, 0, 1, logout},
  };
  return table;
}

}  // namespace podo::cli
