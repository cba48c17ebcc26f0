#include "container/image/pack.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/format/gzip.h"
#include "base/io/combine.h"
#include "base/linux/file.h"

namespace podo::image {
namespace {

struct Source {
  TreePacker packer;
  crypto::Digest digest = crypto::Digest();

  Result<std::string> next() {
    std::string batch = TRY(packer.next());
    digest.add(batch);
    return batch;
  }
};

struct Sink {
  io::Fd file;
  gzip::Compressor compressor{gzip::level_fast};
  crypto::Digest digest = crypto::Digest();
  std::uint64_t size = 0;

  Result<> take(std::string_view batch) {
    const std::string member = compressor.compress(batch);
    digest.add(member);
    size += member.size();
    for (std::string_view rest = member; !rest.empty();) {
      const ssize_t count = ::write(file.get(), rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed_errno(errno, "write a layer");
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }
};

}  // namespace

Task<PackedLayer> pack_tree(io::BlockingPool& pool, std::string tree, TreePacker::Marks marks,
                            std::string path) {
  // The work owns what it touches, so it keeps halves and batch alive when this task is cancelled.
  auto source = std::make_shared<Source>(co_await TreePacker::open(tree, marks));
  auto sink = std::make_shared<Sink>(
      co_await linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
  std::string batch = co_await pool.run([source] { return source->next(); });
  while (!batch.empty()) {
    auto full = std::make_shared<std::string>(std::move(batch));
    auto both = co_await io::all(pool.run([source] { return source->next(); }),
                                 pool.run([sink, full] { return sink->take(*full); }));
    batch = std::move(std::get<0>(both));
  }
  co_return PackedLayer{source->digest.text(), sink->digest.text(), sink->size, source->packer.members()};
}

Result<std::string> diff_id_of(const std::string& tree) {
  Source source{TRY(TreePacker::open(tree, TreePacker::Marks::layer))};
  while (!TRY(source.next()).empty()) {}
  return source.packer.members() == 0 ? "" : source.digest.text();
}

}  // namespace podo::image
