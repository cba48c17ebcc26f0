// args[0] becomes a file, and cwd a directory, inside the container's root.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/file.h"
#include "base/linux/own_process.h"
#include "base/linux/path.h"
#include "container/runtime/process_setup.h"

namespace podo::runtime {
namespace {

constexpr std::size_t passwd_bytes_max = 4u << 20;

std::string_view variable(const std::vector<std::string>& env, std::string_view name) {
  std::string_view found;
  for (const std::string_view entry : env) {  // the last one counts, as in a shell
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
      found = entry.substr(name.size() + 1);
  }
  return found;
}

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string_view entry : env) {
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) return true;
  }
  return false;
}

// The sixth field of the user's line. The file is the image's: whatever it is, it must not block us or be
// without end.
std::string home_of(std::uint32_t uid) {
  const auto root = linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (!root) return "/";
  const auto file =
      linux::open_below(root->get(), "etc/passwd", O_RDONLY | O_NOCTTY | O_NONBLOCK, linux::in_root);
  struct stat about{};
  if (!file || ::fstat(file->get(), &about) != 0 || !S_ISREG(about.st_mode)) return "/";
  const auto lines = linux::read_all(file->get(), passwd_bytes_max);
  if (!lines) return "/";
  std::string_view rest = *lines;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::string_view fields[7];
    std::size_t count = 0;
    for (; count < 7; ++count) {
      fields[count] = line.substr(0, line.find(':'));
      if (line.size() == fields[count].size()) {
        ++count;
        break;
      }
      line.remove_prefix(fields[count].size() + 1);
    }
    std::uint32_t line_uid = 0;
    const auto read = std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), line_uid);
    if (count >= 6 && read.ec == std::errc() && line_uid == uid && !fields[5].empty())
      return std::string(fields[5]);
  }
  return "/";
}

// What execve would say, before the container is told to be ready. 0 when it is a file that may be executed.
int check_executable(const std::string& file) {
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) return errno;
  if (S_ISDIR(about.st_mode)) return EISDIR;
  if ((about.st_mode & 0111) == 0) return EACCES;
  return ::faccessat(AT_FDCWD, file.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Failure refused(const std::string& name, int error) {
  if (error == EACCES || error == EPERM)
    return fail(ErrorKind::denied, text("exec: \"{}\": permission denied", name), error);
  if (error == EISDIR)
    return fail(ErrorKind::denied, text("exec: \"{}\": is a directory: permission denied", name), error);
  if (error == ENOENT || error == ENOTDIR) {
    return fail(ErrorKind::not_found, text("exec: \"{}\": no such file or directory", name), error);
  }
  return failed_errno(error, "exec: \"{}\"", name);
}

}  // namespace

Result<Command> resolve_command(const ProcessPlan& process) {
  Command command{.file = process.args[0], .env = process.env};
  if (!has_variable(command.env, "HOME")) command.env.push_back("HOME=" + home_of(process.uid));
  const std::string& name = process.args[0];
  if (name.find('/') != std::string::npos) {
    // A relative name is relative to cwd, which is entered only later.
    const std::string file = name[0] == '/' ? name : process.cwd + "/" + name;
    if (const int error = check_executable(file); error != 0) return refused(name, error);
    command.file = file;
    return command;
  }
  std::string_view path = variable(process.env, "PATH");
  bool denied = false;
  while (!path.empty()) {
    const std::string_view directory = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(directory.size() + 1, path.size()));
    std::string file = directory.empty() ? process.cwd : std::string(directory);
    file.append("/").append(name);
    const int error = check_executable(file);
    if (error == 0) {
      command.file = std::move(file);
      return command;
    }
    denied = denied || error == EACCES;
  }
  if (denied) return refused(name, EACCES);
  return fail(ErrorKind::not_found, text("exec: \"{}\": executable file not found in $PATH", name));
}

Result<> enter_directory(const ProcessPlan& process) {
  const char* directory = process.cwd.empty() ? "/" : process.cwd.c_str();
  if (::chdir(directory) != 0) return failed_errno(errno, "process.cwd: {}", directory);
  if (!linux::own_directory())
    return denied("process.cwd: {} lies outside the container's root file system", directory);
  return {};
}

}  // namespace podo::runtime
