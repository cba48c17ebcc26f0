#include "container/builder/git.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/io/process.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

constexpr std::size_t output_max = 1 << 20;

bool is_installed() {
  for (const char* path : {"/usr/local/bin/git", "/usr/bin/git", "/bin/git"}) {
    if (::access(path, X_OK) == 0) return true;
  }
  return false;
}

std::vector<std::string> environment() {
  std::vector<std::string> all = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LC_ALL=C",
      "GIT_TERMINAL_PROMPT=0",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_ALLOW_PROTOCOL=http:https:git:ssh",
      "GIT_PROTOCOL_FROM_USER=0",
      "GIT_LFS_SKIP_SMUDGE=1",
      "GIT_SSH_COMMAND=ssh -o BatchMode=yes",
  };
  // How this machine reaches others, and the keys of whom the daemon runs as.
  for (const char* name : {"HOME", "SSH_AUTH_SOCK", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY",
                           "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "all_proxy"}) {
    if (const char* value = std::getenv(name)) all.push_back(text("{}={}", name, value));
  }
  return all;
}

class Git {
 public:
  Git(io::EpollLoop& loop, std::string folder) : loop_(loop), folder_(std::move(folder)) {}
  // What it printed, without the line's end.
  Task<std::string> run(std::vector<std::string> arguments);

 private:
  io::EpollLoop& loop_;
  std::string folder_;
};

Task<std::string> Git::run(std::vector<std::string> arguments) {
  io::Command command{.arguments = {"git", "-c", "core.hooksPath=/dev/null", "-c", "init.templateDir=", "-c",
                                    "advice.detachedHead=false", "-c", "init.defaultBranch=main"},
                      .environment = environment(),
                      .folder = folder_,
                      .output = io::Stdio::pipe(),
                      .errors = io::Stdio::pipe()};
  for (const std::string& argument : arguments) command.arguments.push_back(argument);
  io::Captured told = co_await io::capture(loop_, std::move(command), "", output_max);
  while (told.output.ends_with('\n')) told.output.pop_back();
  while (told.errors.ends_with('\n')) told.errors.pop_back();
  if (!told.status.ok())
    co_return invalid("git {}: {}: {}", arguments.front(), told.errors, told.status.to_text());
  co_return std::move(told.output);
}

// Only what is needed, if the server can tell that alone (one that serves plain files cannot).
Task<void> fetch(Git& git, const GitUrl& url) {
  const std::string wanted = url.ref.empty() ? "HEAD" : url.ref;
  const auto shallow =
      co_await git.run({"fetch", "-q", "--depth=1", "--no-tags", "--", "origin", wanted}).result();
  if (shallow) {
    co_await git.run({"checkout", "-q", "--detach", "FETCH_HEAD"});
    co_return;
  }
  if (shallow.error().kind() != ErrorKind::invalid) co_await Failure(shallow.error());
  const auto everything = co_await git
                              .run({"fetch", "-q", "--tags", "--", "origin",
                                    "+refs/heads/*:refs/remotes/origin/*", "+HEAD:refs/remotes/origin/HEAD"})
                              .result();
  if (!everything) co_await invalid("{}: error fetching: {}", url.repository, everything.error().message());
  // A branch first, as the shallow way does; then whatever git makes of it: a tag, a short commit id.
  constexpr std::string_view branches = "refs/heads/";
  const std::string name = wanted.starts_with(branches) ? wanted.substr(branches.size()) : wanted;
  const auto branch =
      co_await git.run({"checkout", "-q", "--detach", "refs/remotes/origin/" + name}).result();
  if (branch) co_return;
  const auto other = co_await git.run({"checkout", "-q", "--detach", wanted, "--"}).result();
  if (!other) co_await invalid("{}: {}", url.repository, other.error().message());
}

// A folder of the checkout, symlinks in it followed inside.
Result<std::string> folder_in(const std::string& top, const std::string& folder) {
  if (folder.empty()) return top;
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, top.c_str(), O_RDONLY | O_DIRECTORY));
  const auto found = linux::open_below(root.get(), folder.c_str(), O_PATH, linux::in_root);
  struct stat status{};
  if (!found || ::fstat(found->get(), &status) != 0)
    return not_found("error setting git context, \"{}\" not within git root", folder);
  if (!S_ISDIR(status.st_mode)) return invalid("error setting git context, not a directory: {}", folder);
  std::string real(4096, '\0');
  const ssize_t length = ::readlink(text("/proc/self/fd/{}", found->get()).c_str(), real.data(), real.size());
  if (length < 0) return failed_errno(errno, "readlink");
  real.resize(static_cast<std::size_t>(length));
  return real;
}

// git's own files: they differ from one checkout to the next.
Result<> remove_git_files(const std::string& top) {
  auto walk = TRY(image::TreeWalk::open(top));
  while (const image::TreeWalk::Found* found = TRY(walk.next())) {
    if (found->name != ".git") continue;
    if (S_ISDIR(found->status.st_mode)) walk.stay_out();
    TRY(image::remove_tree(found->parent, found->name));
  }
  return {};
}

}  // namespace

Task<Checkout> check_out(ContextGround ground, std::string into, GitUrl url, bool keep_git) {
  if (!is_installed())
    co_return unsupported("Unsupported: a git repository ({}), and git is not installed", url.repository);
  co_await ground.pool.run([into] { return image::make_folders(into, 0700); });
  Git git(ground.loop, into);
  co_await git.run({"init", "-q"});
  co_await git.run({"remote", "add", "--", "origin", url.repository});
  co_await fetch(git, url);
  const bool submodules = ::access((into + "/.gitmodules").c_str(), F_OK) == 0;
  if (submodules) {
    const auto shallow =
        co_await git.run({"submodule", "update", "-q", "--init", "--recursive", "--depth=1"}).result();
    if (!shallow) co_await git.run({"submodule", "update", "-q", "--init", "--recursive"});
  }
  Checkout checkout{.folder = {}, .commit = co_await git.run({"rev-parse", "HEAD"})};
  checkout.folder = co_await ground.pool.run([=]() -> Result<std::string> {
    if (!keep_git) TRY(remove_git_files(into));
    return folder_in(into, url.folder);
  });
  co_return checkout;
}

}  // namespace podo::builder
