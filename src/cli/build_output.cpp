#include "cli/build_output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/console/output.h"
#include "cli/console/units.h"
#include "cli/local_tree.h"

namespace podo::cli {
namespace {

class ToStandardOutput final : public ArchiveTaker {
 public:
  Result<> take(std::string_view bytes) override { return print(bytes); }
  Result<> finish() override { return {}; }
};

// A file that appears whole or not at all.
class ToFile final : public ArchiveTaker {
 public:
  static Result<std::unique_ptr<ArchiveTaker>> at(std::string path) {
    std::string draft = path + ".podo-tmp";
    io::Fd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return failed_errno(errno, "create {}", draft);
    return std::unique_ptr<ArchiveTaker>(new ToFile(std::move(path), std::move(draft), std::move(fd)));
  }
  ~ToFile() override {
    if (!finished_) ::unlink(draft_.c_str());
  }
  Result<> take(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) return failed_errno(errno, "write {}", draft_);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<> finish() override {
    if (::rename(draft_.c_str(), path_.c_str()) < 0) return failed_errno(errno, "rename {}", draft_);
    finished_ = true;
    return {};
  }

 private:
  ToFile(std::string path, std::string draft, io::Fd fd)
      : path_(std::move(path)), draft_(std::move(draft)), fd_(std::move(fd)) {}

  std::string path_, draft_;
  io::Fd fd_;
  bool finished_ = false;
};

class ToFolder final : public ArchiveTaker {
 public:
  explicit ToFolder(TreeUnpacker unpacker) : unpacker_(std::move(unpacker)) {}
  Result<> take(std::string_view bytes) override { return unpacker_.feed(bytes); }
  Result<> finish() override { return unpacker_.finish(); }

 private:
  TreeUnpacker unpacker_;
};

Result<> make_folders(const std::string& path) {
  for (std::size_t slash = 1; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST) return failed_errno(errno, "make {}", folder);
  }
  return {};
}

struct Wanted {
  std::string type, dest, names;
  bool push = false;
};

Result<Wanted> parse(const std::string& text) {
  Wanted wanted;
  for (const auto& [name, value] : split_options(text)) {
    if (name.empty() && value == "-") wanted = {.type = "tar", .dest = "-", .names = {}};
    else if (name.empty()) wanted = {.type = "local", .dest = value, .names = {}};
    else if (name == "type") wanted.type = value;
    else if (name == "dest") wanted.dest = value;
    else if (name == "name") wanted.names = value;
    else if (name == "push") wanted.push = value.empty() || value == "true" || value == "1";
  }
  if (wanted.type.empty()) return invalid("type is required for output: {}", text);
  if (wanted.type == "local" && (wanted.dest.empty() || wanted.dest == "-"))
    return invalid("dest is required for the output of type local: a folder");
  return wanted;
}

bool several_platforms(const Flags& flags) {
  std::size_t count = 0;
  for (const std::string& list : flags.all("platform")) count += split(list, ',').size();
  return count > 1;
}

Result<> into_folder(BuildOutput& output, const std::string& dest, const Flags& flags, bool in_place) {
  std::string path = absolute_path(dest);
  if (several_platforms(flags)) {
    if (!in_place)
      return unsupported("the files of several platforms are only written on the daemon's machine");
    output.export_to = "type=local,dest=" + path;
    return {};
  }
  TRY(make_folders(path));
  output.taker = std::make_unique<ToFolder>(TRY(TreeUnpacker::into(path, "", {.keep_first = true})));
  output.export_to = "type=tar,dest=-";
  return {};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_options(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> options;
  std::string part;
  bool quoted = false;
  auto end_part = [&] {
    std::size_t equals = part.find('=');
    if (equals == std::string::npos) options.emplace_back("", part);
    else options.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    part.clear();
  };
  for (char c : text) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) end_part();
    else part += c;
  }
  if (!text.empty()) end_part();
  return options;
}

std::string absolute_path(const std::string& path) {
  if (path.starts_with('/')) return path;
  char* here = ::getcwd(nullptr, 0);
  std::string absolute = (here != nullptr ? std::string(here) : "") + "/" + path;
  ::free(here);
  return absolute;
}

Result<BuildOutput> build_output_of(const Flags& flags, bool in_place) {
  BuildOutput output;
  std::vector<std::string> texts = flags.all("output");
  if (flags.on("push")) texts.push_back("type=registry");
  if (flags.on("load")) texts.push_back("type=docker");
  if (texts.size() > 1) return unsupported("Unsupported: more than one output of a build");
  if (texts.empty()) return output;
  Wanted wanted = TRY(parse(texts.front()));
  if (!wanted.names.empty()) output.names = split(wanted.names, ',');
  if (wanted.type == "local") {
    TRY(into_folder(output, wanted.dest, flags, in_place));
  } else if (wanted.type == "registry" || (wanted.type == "image" && wanted.push)) {
    output.export_to = "type=registry";
  } else if (wanted.type == "image" || (wanted.type == "docker" && wanted.dest.empty())) {
    output.export_to = "";  // the daemon has it then
  } else {
    output.export_to = text("type={},dest=-", wanted.type);
    bool to_terminal = (wanted.dest.empty() || wanted.dest == "-") && is_terminal(1);
    if (to_terminal) return invalid("refusing to write an archive to a terminal: dest=FILE, or redirect");
    if (wanted.dest.empty() || wanted.dest == "-") output.taker = std::make_unique<ToStandardOutput>();
    else output.taker = TRY(ToFile::at(absolute_path(wanted.dest)));
  }
  return output;
}

}  // namespace podo::cli
