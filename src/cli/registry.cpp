// podo pull, podo push
#include "cli/command.h"
#include "cli/progress.h"
#include "model/oci/image.h"

namespace podo::cli {
namespace {

Task<int> pull(Call call) {
  const Flags& flags = call.flags;
  oci::Reference reference = co_await oci::Reference::parse(call.argument(0));
  bool all_tags = flags.on("all-tags"), quiet = flags.on("quiet");
  bool says_tag =
      call.argument(0) != reference.familiar_name() && call.argument(0).ends_with(":" + reference.tag);
  if (all_tags && (says_tag || !reference.digest.empty()))
    co_return invalid("tag can't be used with --all-tags/-a");
  if (!all_tags && !quiet && !says_tag && reference.digest.empty())
    co_await print("Using default tag: latest\n");
  co_await pull_image(call.daemon,
                      {.reference = call.argument(0),
                       .platform = flags.text("platform"),
                       .all_tags = all_tags,
                       .quiet = quiet},
                      Progress::To::output);
  co_await print(all_tags ? reference.name() + "\n" : reference.to_text() + "\n");
  co_return 0;
}

Task<int> push(Call call) {
  oci::Reference reference = co_await oci::Reference::parse(call.argument(0));
  if (!reference.digest.empty()) co_return invalid("cannot push a digest reference");
  Daemon::Query query;
  if (!call.flags.on("all-tags")) query.add("tag", reference.tag);
  std::string auth = co_await registry_auth(call.daemon, reference.domain);
  // Without credentials the field still has to be there: "{}" in base64url.
  http::Response response =
      co_await call.daemon.ask({.method = "POST",
                                .path = text("/images/{}/push", reference.familiar_name()),
                                .query = query,
                                .headers = {{"X-Registry-Auth", auth.empty() ? "e30=" : auth}}});
  if (!call.flags.on("quiet")) {
    co_await print(text("The push refers to repository [{}]\n", reference.name()));
    co_await show_progress(std::move(response), Progress::To::output);
    co_return 0;
  }
  co_await Daemon::each_value(*response.body, [](json::Value message) -> Result<bool> {
    std::string problem = get_text(message.find("errorDetail"), "message");
    if (!problem.empty()) return fail(ErrorKind::unavailable, problem);
    return true;
  });
  co_await print(reference.to_text() + "\n");
  co_return 0;
}

using enum FlagKind;

constexpr Flag pull_flags[] = {
    {"all-tags", 'a', toggle, "Download all tagged images in the repository"},
    {"disable-content-trust", 0, toggle, "", "true"},
    {"platform", 0, value, "Set platform if server is multi-platform capable"},
    {"quiet", 'q', toggle, "Suppress verbose output"},
};
constexpr Flag push_flags[] = {
    {"all-tags", 'a', toggle, "Push all tags of an image to the repository"},
    {"disable-content-trust", 0, toggle, "", "true"},
    {"quiet", 'q', toggle, "Suppress verbose output"},
};

}  // namespace

std::span<const Command> registry_commands() {
  static constexpr Command table[] = {
      {"pull|image pull", "NAME[:TAG|@DIGEST]", "Download an image from a registry", pull_flags, 1, 1, pull},
      {"push|image push", "NAME[:TAG]", "Upload an image to a registry", push_flags, 1, 1, push},
  };
  return table;
}

}  // namespace podo::cli
