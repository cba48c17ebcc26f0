// fetch_url(), fetch_git(): what ADD takes from elsewhere.
#include <stdio.h>

#include "container/builder/context.h"
#include "container/builder/download.h"
#include "container/builder/git.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

constexpr std::size_t short_commit_digits = 7;

Result<> check_digest(const std::string& url, const std::string& digest, const std::string& checksum) {
  if (checksum.empty() || digest == checksum) return {};
  return invalid("digest mismatch for {}: {} (expected: {})", url, digest, checksum);
}

}  // namespace

Task<Fetched> fetch_url(ContextGround ground, std::string folder, std::string url, std::string checksum) {
  co_await ground.pool.run([folder] { return image::make_folders(folder, 0700); });
  const std::string arriving = folder + "/.arriving";
  const Download got = co_await download(ground, url, arriving);
  co_await check_digest(url, got.digest, checksum);
  const std::string path = folder + "/" + got.name;
  co_await ground.pool.run([=]() -> Result<> {
    if (::rename(arriving.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", path);
    return {};
  });
  co_return Fetched{.folder = folder, .name = got.name, .digest = got.digest, .modified = got.modified};
}

Task<Fetched> fetch_git(ContextGround ground, std::string folder, std::string url, bool keep_git,
                        std::string checksum) {
  auto parsed = parse_git_url(url, GitShorthand::no);
  if (!parsed) co_return invalid("'{}' is no git repository", url);
  const Checkout checkout = co_await check_out(ground, folder, co_await std::move(*parsed), keep_git);
  if (!checksum.empty() && !(checksum.size() >= short_commit_digits && checkout.commit.starts_with(checksum)))
    co_return invalid("expected checksum to match {}, got {}", checksum, checkout.commit);
  co_return Fetched{.folder = checkout.folder, .name = {}, .digest = checkout.commit, .modified = {}};
}

}  // namespace podo::builder
