#include "podo/controllers_ground.h"

#include <sys/stat.h>

#include "base/crypto/certificate.h"
#include "base/io/blocking_pool.h"
#include "container/image/tree.h"
#include "podo/zone_files.h"

namespace podo {
namespace {

constexpr std::size_t key_bytes_max = 64 << 10;

Result<std::string> sign(const crypto::KeyPair& authority, const controllers::CertificateWish& wish,
                         Wall now) {
  const crypto::CertificateRequest request = TRY(crypto::read_request(wish.request));
  crypto::Subject allowed = request.subject;
  allowed.server = wish.server;
  allowed.client = wish.client;
  return crypto::sign(authority, request, allowed, now, wish.valid_for);
}

// Everybody may write into it, whoever the pod runs as; only pods see it.
Result<> make_folder(const std::string& parent, const std::string& path) {
  if (::mkdir(parent.c_str(), 0711) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", parent);
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", path);
  if (::chmod(path.c_str(), 0777) != 0) return failed_errno(errno, "open {} to all", path);
  return {};
}

controllers::LocalStorage storage_of(const ControllersWish& wish) {
  if (wish.node.empty()) return {};
  const std::string folder = wish.data + "/storage";
  const auto pool = std::make_shared<io::BlockingPool>(1);
  return {
      .folder = folder,
      .node = wish.node,
      .make =
          [pool, folder](std::string path) {
            return pool->run([folder, path] { return make_folder(folder, path); });
          },
      .remove = [pool](std::string path) { return pool->run([path] { return image::remove_tree(path); }); }};
}

}  // namespace

io::Task<controllers::Ground> controllers_ground(ControllersWish wish) {
  const std::string pki = wish.data + "/pki/";
  crypto::KeyPair authority;
  authority.certificate = co_await io::read_file(wish.disk, pki + "ca.crt", key_bytes_max);
  authority.key = co_await io::read_file(wish.disk, pki + "ca.key", key_bytes_max);
  Clock& clock = wish.clock;
  access::Access& access = wish.access;
  co_return controllers::Ground{
      .loop = wish.loop,
      .client = wish.client,
      .log = wish.log,
      .read_zone = read_zone_file,
      .storage = storage_of(wish),
      .sign_certificate =
          [authority, &clock](const controllers::CertificateWish& wanted) {
            return sign(authority, wanted, clock.wall());
          },
      .make_token =
          [&access](const controllers::TokenOwner& owner) {
            return access.make_secret_token({.name_space = owner.name_space,
                                             .service_account = owner.account,
                                             .service_account_uid = owner.account_uid,
                                             .bound_kind = "Secret",
                                             .bound_name = owner.secret,
                                             .bound_uid = owner.secret_uid});
          },
      .authority_pem = access.authority_pem()};
}

}  // namespace podo
