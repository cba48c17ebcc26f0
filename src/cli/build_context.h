// Where a build's files come from, as the words of the command line say: a folder, a URL, a git repository,
// or standard input (an archive, or the Dockerfile alone). A folder is read in place by a daemon on this
// machine; otherwise it goes along as an archive, without what .dockerignore leaves out.
#pragma once

#include <memory>
#include <optional>

#include "base/http/message.h"
#include "base/io/epoll_loop.h"

namespace podo::cli {

struct BuildContext {
  std::string folder = {};  // absolute; "" for the others
  std::uint64_t device = 0, inode = 0;
  std::string remote = {};
  std::unique_ptr<http::Body> archive = {};         // of standard input
  std::string dockerfile = "Dockerfile";            // its name in the context
  std::optional<std::string> dockerfile_text = {};  // in its place
};

// `word`: PATH, URL or "-"; `file`: of --file, "" without.
io::Task<BuildContext> find_build_context(io::EpollLoop& loop, std::string word, std::string file);

// The folder as an archive: the Dockerfile and the ignore file are always in it, the daemon needs them.
Result<std::unique_ptr<http::Body>> pack_build_context(const BuildContext& context);

bool is_remote_context(std::string_view word);  // a URL or a git repository
// The Dockerfile's text as far as it lies on this machine: for whoever tells of an error in it.
std::optional<std::string> dockerfile_text_of(const BuildContext& context);

}  // namespace podo::cli
