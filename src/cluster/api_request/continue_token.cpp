#include "cluster/api_request/continue_token.h"

#include "base/format/base64.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view token_version = "meta.k8s.io/v1";

}  // namespace

std::string to_text(const ContinueToken& token) {
  json::Writer out;
  out.object().key("v").string(token_version);
  out.key("rv").number(token.revision == 0 ? -1 : static_cast<std::int64_t>(token.revision));
  out.key("start").string(token.after + '\0').end();
  return base64::encode_url(out.take());
}

Result<ContinueToken> read_continue_token(std::string_view text) {
  constexpr std::string_view what = "continue key is not valid";
  const json::Document document = TRY_IN(what, json::parse(TRY_IN(what, base64::decode_url(text))));
  const json::Value root = document.root();
  const json::Value version = root.find("v"), revision = root.find("rv"), start = root.find("start");
  if (!version.is(json::Kind::string) || version.string() != token_version)
    return invalid("{}: server does not recognize this encoded version \"{}\"", what,
                   version.is(json::Kind::string) ? version.string() : "");
  const std::int64_t at = revision.is(json::Kind::number) ? revision.as_int64().value_or(0) : 0;
  if (at == 0)
    return invalid("{}: incorrect encoded start resourceVersion (version {})", what, token_version);
  std::string_view after = start.is(json::Kind::string) ? start.string() : "";
  if (after.ends_with('\0')) after.remove_suffix(1);
  if (after.empty()) return invalid("{}: encoded start key empty (version {})", what, token_version);
  return ContinueToken{.revision = at < 0 ? 0 : static_cast<store::Revision>(at),
                       .after = std::string(after)};
}

}  // namespace podo::apiserver
