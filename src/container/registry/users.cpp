#include "container/registry/users.h"

#include <crypt.h>
#include <sys/stat.h>

#include <cstring>

#include "base/crypto/digest.h"
#include "base/crypto/secret.h"
#include "base/linux/file.h"

namespace podo::registry {
namespace {

constexpr Duration remembered_for = seconds(300);
constexpr std::size_t remembered_max = 1024;
constexpr std::size_t password_bytes_max = 1024;

// Of no password anybody knows; checked when there is no such user.
constexpr const char* nobodys_hash = "$2y$10$abcdefghijklmnopqrstuuVbmdXQUSYqVS9XJCkWQlbZqA0sUaJ6e";

// True when `hash` was made of `password`. A hundred milliseconds, by design.
bool matches(const std::string& password, const std::string& hash) {
  auto scratch = std::make_unique<crypt_data>();
  std::memset(scratch.get(), 0, sizeof *scratch);
  const char* made = ::crypt_rn(password.c_str(), hash.c_str(), scratch.get(), sizeof *scratch);
  bool same = made != nullptr && std::strlen(made) == hash.size();
  unsigned difference = 0;
  for (std::size_t i = 0; same && i < hash.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(made[i] ^ hash[i]));
  ::explicit_bzero(scratch.get(), sizeof *scratch);
  return same && difference == 0;
}

bool is_bcrypt(std::string_view hash) {
  return hash.size() == 60 && hash.starts_with("$2") && hash[3] == '$' && hash[6] == '$' &&
         (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y');
}

}  // namespace

Result<std::map<std::string, std::string, std::less<>>> read_users(std::string_view text) {
  std::map<std::string, std::string, std::less<>> users;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return invalid("line {}: expected USER:HASH", number);
    if (!is_bcrypt(line.substr(colon + 1)))
      return invalid("line {}: the password of {} is not hashed with bcrypt (htpasswd -B does it)", number,
                     line.substr(0, colon));
    users[std::string(line.substr(0, colon))] = line.substr(colon + 1);
  }
  return users;
}

Result<std::unique_ptr<Users>> Users::open(io::BlockingPool& pool, Clock& clock, Random& random, Log& log,
                                           std::string path) {
  std::unique_ptr<Users> users(new Users(pool, clock, log, std::move(path)));
  users->key_.resize(32);
  random.fill(std::as_writable_bytes(std::span(users->key_)));
  TRY(users->read_if_changed());
  return users;
}

Result<> Users::read_if_changed() {
  struct stat status;
  if (::stat(path_.c_str(), &status) != 0) return failed_errno(errno, "{}", path_);
  const std::int64_t changed = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  if (changed == changed_ns_ && status.st_size == size_) return {};
  auto users = TRY_IN(path_, read_users(TRY(linux::read_file(path_.c_str(), 4 << 20))));
  hashes_ = std::move(users);
  right_.clear();
  changed_ns_ = changed;
  size_ = status.st_size;
  return {};
}

std::string Users::fingerprint(std::string_view user, std::string_view password) const {
  crypto::Digest digest;
  digest.add(key_);
  digest.add(text("{}:", user.size()));
  digest.add(user);
  digest.add(password);
  return digest.bytes();
}

Task<bool> Users::check(std::string user, std::string password) {
  if (auto read = read_if_changed(); !read) log_.warn("users: {}", read.error().message());
  if (password.size() > password_bytes_max || password.contains('\0')) co_return false;
  std::string print = fingerprint(user, password);
  if (const auto known = right_.find(print); known != right_.end() && known->second > clock_.now())
    co_return true;
  while (checking_) co_await checked_.wait();
  checking_ = true;
  struct Done {
    Users& users;
    ~Done() {
      users.checking_ = false;
      users.checked_.notify_one();
    }
  };
  const Done done{*this};
  const auto found = hashes_.find(user);
  const bool exists = found != hashes_.end();
  const std::string hash = exists ? found->second : nobodys_hash;
  const bool same =
      co_await pool_.run([password, hash]() -> Result<bool> { return matches(password, hash); });
  crypto::wipe(password);
  if (!same || !exists) co_return false;
  if (right_.size() >= remembered_max) right_.clear();
  right_[std::move(print)] = clock_.now() + remembered_for;
  co_return true;
}

}  // namespace podo::registry
