// Secrets that hold tokens: those of service accounts (type kubernetes.io/service-account-token) are filled
// and go with their account; those that let a new node in (bootstrap.kubernetes.io/token) end at their time.
#include "base/format/base64.h"
#include "cluster/controllers/controllers.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr std::string_view account_token = "kubernetes.io/service-account-token",
                           bootstrap_token = "bootstrap.kubernetes.io/token";

const Secret& as_secret(const Facts& facts) { return static_cast<const Secret&>(facts); }

class AccountTokens final : public Controller {
 public:
  explicit AccountTokens(World& world) : Controller(world, Kind::secret, "serviceaccount-token-controller") {
    watch_own();
    world_.of(Kind::service_account).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && now != nullptr && before->uid == now->uid) return;
      const Facts& account = now != nullptr ? *now : *before;
      for (const Facts* secret : world_.of(kind_).all(account.name_space))
        if (as_secret(*secret).account == account.name) queue_.add(secret->key());
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr || as_secret(*found).type != account_token || found->deleting()) co_return;
    const Secret self = as_secret(*found);
    const std::optional<Facts> account = co_await account_of(self);
    std::vector<Write> writes;
    if (!account) {
      writes.push_back(remove(kind_, self));
    } else if (const std::optional<json::Tree> secret = world_.of(kind_).read(key);
               secret && world_.ground.make_token) {
      if (auto filled = co_await fill(self, *account, json::Tree::copy_of(secret->root())))
        writes.push_back(update(kind_, *std::move(filled)));
    }
    co_await perform(self, std::move(writes));
  }

  static bool is_its(const Secret& secret, const Facts& account) {
    return secret.account_uid.empty() || secret.account_uid == account.uid;
  }

  // Before a Secret goes, the API itself says that its account is gone.
  Task<std::optional<Facts>> account_of(Secret secret) {
    const Watched& accounts = world_.of(Kind::service_account);
    if (const Facts* known = accounts.find(secret.name_space, secret.account);
        known != nullptr && is_its(secret, *known))
      co_return *known;
    const auto found = co_await world_.ground.client.find(
        {.resource = &accounts.resource(), .name_space = secret.name_space, .name = secret.account});
    if (!found) co_return std::nullopt;
    const Facts account = *facts_of(Kind::service_account, found->root());
    co_return is_its(secret, account) ? std::optional(account) : std::nullopt;
  }

  // Absent: it has all it needs.
  Task<std::optional<json::Tree>> fill(Secret self, Facts account, json::Tree secret) {
    json::Item& data = secret.root().member("data");
    bool changed = false;
    const auto set = [&](std::string_view name, std::string_view value) {
      json::Item& item = data.member(name);
      changed = changed || item.string_or("") != value;
      item.set_string(value);
    };
    if (const json::Item* token = data.find("token"); token == nullptr || token->string_or("").empty()) {
      const std::string made = co_await world_.ground.make_token(
          {self.name_space, account.name, account.uid, self.name, self.uid});
      set("token", base64::encode(made));
    }
    set("namespace", base64::encode(self.name_space));
    set("ca.crt", base64::encode(world_.ground.authority_pem));
    if (self.account_uid.empty()) {
      secret.root()
          .member("metadata")
          .member("annotations")
          .member("kubernetes.io/service-account.uid")
          .set_string(account.uid);
      changed = true;
    }
    co_return changed ? std::optional(std::move(secret)) : std::nullopt;
  }
};

class BootstrapTokens final : public Controller {
 public:
  explicit BootstrapTokens(World& world) : Controller(world, Kind::secret, "token-cleaner") {
    world_.of(kind_).on_change([this](const Facts*, const Facts* now) {
      if (now != nullptr && now->name_space == "kube-system" && as_secret(*now).type == bootstrap_token)
        queue_.add(now->key());
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr || found->deleting()) co_return;
    const Secret self = as_secret(*found);
    if (self.type != bootstrap_token || self.expires == 0) co_return;
    if (self.expires > world_.now()) co_return queue_.add_after(key, seconds(self.expires - world_.now()));
    std::vector<Write> writes;
    writes.push_back(remove(kind_, self));
    co_await perform(self, std::move(writes));
  }
};

}  // namespace

std::unique_ptr<Controller> make_account_tokens(World& world) {
  return std::make_unique<AccountTokens>(world);
}
std::unique_ptr<Controller> make_bootstrap_tokens(World& world) {
  return std::make_unique<BootstrapTokens>(world);
}

}  // namespace podo::controllers
