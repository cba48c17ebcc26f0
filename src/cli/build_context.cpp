#include "cli/build_context.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/path.h"
#include "cli/console/output.h"
#include "cli/console/terminal.h"
#include "cli/container_flags.h"
#include "cli/local_tree.h"
#include "model/dockerfile/ignore.h"

namespace podo::cli {
namespace {

using io::Task;

constexpr std::size_t dockerfile_max = 4 << 20, tar_block = 512;

// What stood at the front of standard input, then the rest of it.
class InputBody final : public http::Body {
 public:
  InputBody(io::EpollLoop& loop) : input_(loop) {}

  Task<std::string> front(std::size_t count) {
    std::string piece(count, '\0');
    while (front_.size() < count) {
      std::size_t got = co_await input_.read(io::writable_bytes_of(piece).first(count - front_.size()));
      if (got == 0) break;
      front_.append(piece, 0, got);
    }
    co_return front_;
  }
  Task<std::size_t> read(std::span<std::byte> into) override {
    if (front_.empty()) co_return co_await input_.read(into);
    std::size_t count = std::min(into.size(), front_.size());
    std::copy_n(io::bytes_of(front_).begin(), count, into.begin());
    front_.erase(0, count);
    co_return count;
  }

 private:
  StandardInput input_;
  std::string front_;
};

bool is_archive(std::string_view front) {
  for (const std::string_view magic : {"\x1f\x8b\x08", "BZh",
                                       "\xfd"
                                       "7zXZ",
                                       "\x28\xb5\x2f\xfd"})
    if (front.starts_with(magic)) return true;
  if (front.size() < tar_block) return false;
  if (front.substr(257, 5) == "ustar") return true;
  // An old tar says so by its checksum alone: the sum of the header with blanks in the checksum's place.
  unsigned sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(front[i]);
  return front[0] != '\0' && ::strtoul(std::string(front.substr(148, 8)).c_str(), nullptr, 8) == sum;
}

Result<std::string> real_path(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  if (found == nullptr) return failed_errno(errno, "unable to prepare context: path \"{}\"", path);
  std::string real = found;
  ::free(found);
  return real;
}

Task<std::string> read_input(io::EpollLoop& loop) {
  if (is_terminal(0)) co_return invalid("standard input is a terminal: no Dockerfile is coming from there");
  StandardInput input(loop);
  std::string text, piece(64 << 10, '\0');
  while (std::size_t count = co_await input.read(io::writable_bytes_of(piece))) {
    text.append(piece, 0, count);
    if (text.size() > dockerfile_max) co_return invalid("the Dockerfile is too large");
  }
  co_return text;
}

// --file names a file of this machine, seen from where the command runs; one outside of the context goes
// along as text.
Result<> place_dockerfile(BuildContext& context, const std::string& file) {
  std::string real = TRY(real_path(file));
  std::string folder = context.folder == "/" ? "/" : context.folder + "/";
  if (real.starts_with(folder)) {
    context.dockerfile = real.substr(folder.size());
    return {};
  }
  context.dockerfile_text = TRY(read_text_file(real));
  context.dockerfile = real.substr(real.rfind('/') + 1);
  return {};
}

// "dockerfile" when there is no "Dockerfile", as people on other systems write it.
void find_usual_dockerfile(BuildContext& context) {
  std::string usual = context.folder + "/Dockerfile", lower = context.folder + "/dockerfile";
  if (::access(usual.c_str(), F_OK) != 0 && ::access(lower.c_str(), F_OK) == 0)
    context.dockerfile = "dockerfile";
}

Task<BuildContext> folder_context(io::EpollLoop& loop, std::string word, std::string file) {
  BuildContext context;
  context.folder = co_await real_path(word);
  struct stat found{};
  if (::stat(context.folder.c_str(), &found) < 0) co_return failed_errno(errno, "look at {}", word);
  if (!S_ISDIR(found.st_mode))
    co_return invalid("unable to prepare context: context must be a directory: {}", context.folder);
  context.device = found.st_dev;
  context.inode = found.st_ino;
  if (file == "-") context.dockerfile_text = co_await read_input(loop);
  else if (!file.empty()) co_await place_dockerfile(context, file);
  else find_usual_dockerfile(context);
  co_return context;
}

Task<BuildContext> input_context(io::EpollLoop& loop, std::string file) {
  if (file == "-")
    co_return invalid("invalid argument: can't use stdin for both build context and dockerfile");
  if (is_terminal(0))
    co_return invalid("standard input is a terminal: no build context is coming from there");
  BuildContext context;
  auto input = std::make_unique<InputBody>(loop);
  std::string front = co_await input->front(tar_block);
  if (!file.empty()) context.dockerfile = file;
  if (is_archive(front)) context.archive = std::move(input);
  else context.dockerfile_text = co_await http::read_all(*input, dockerfile_max);
  co_return context;
}

Result<dockerfile::IgnoreRules> ignore_rules(const BuildContext& context, std::string& name) {
  for (std::string candidate : {context.dockerfile + ".dockerignore", std::string(".dockerignore")}) {
    Result<std::string> text = read_text_file(context.folder + "/" + candidate);
    if (!text && text.error().kind() == ErrorKind::not_found) continue;
    name = candidate;
    return TRY_IN(candidate, dockerfile::IgnoreRules::parse(TRY(std::move(text))));
  }
  return dockerfile::IgnoreRules();
}

}  // namespace

bool is_remote_context(std::string_view word) {
  for (std::string_view start : {"http://", "https://", "git://", "git@", "ssh://", "github.com/"})
    if (word.starts_with(start)) return true;
  return false;
}

Task<BuildContext> find_build_context(io::EpollLoop& loop, std::string word, std::string file) {
  if (word == "-") co_return co_await input_context(loop, std::move(file));
  if (!is_remote_context(word)) co_return co_await folder_context(loop, std::move(word), std::move(file));
  BuildContext context;
  context.remote = std::move(word);
  if (file == "-") context.dockerfile_text = co_await read_input(loop);
  else if (!file.empty()) context.dockerfile = file;
  co_return context;
}

Result<std::unique_ptr<http::Body>> pack_build_context(const BuildContext& context) {
  std::string ignore_file;
  auto rules = TRY(ignore_rules(context, ignore_file));
  std::string dockerfile = context.dockerfile_text ? "" : context.dockerfile;
  auto choose = [rules = std::move(rules), dockerfile, ignore_file](std::string_view name) {
    if (name.size() <= 2) return PackedTree::Choice::take;  // "." itself
    name.remove_prefix(2);                                  // "./"
    if (name == dockerfile || name == ignore_file || !rules.ignores(name)) return PackedTree::Choice::take;
    bool leads_there = dockerfile.starts_with(std::string(name) + "/");
    bool may_matter = leads_there || !rules.ignores_all_below(name);
    return may_matter ? PackedTree::Choice::only_a_folder : PackedTree::Choice::leave_out;
  };
  auto packed = std::make_unique<PackedTree>(context.folder, ".", std::move(choose));
  packed->own_by_root();
  return packed;
}

std::optional<std::string> dockerfile_text_of(const BuildContext& context) {
  if (context.dockerfile_text) return context.dockerfile_text;
  if (context.folder.empty()) return std::nullopt;
  Result<std::string> text = read_text_file(context.folder + "/" + context.dockerfile);
  return text ? std::optional(*std::move(text)) : std::nullopt;
}

}  // namespace podo::cli
