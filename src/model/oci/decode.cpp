// The top of config.json (config.md).
#include "model/oci/decode.h"

#include <algorithm>

#include "model/oci/decode_parts.h"

namespace podo::oci {

static void members(Members& of, Root& to) { of.must("path", to.path).may("readonly", to.readonly); }

static void members(Members& of, Mount& to) {
  of.must("destination", to.destination)
      .may("type", to.type)
      .may("source", to.source)
      .may("options", to.options)
      .may("uidMappings", to.uid_mappings)
      .may("gidMappings", to.gid_mappings);
}

static void members(Members& of, Hook& to) {
  of.must("path", to.path).may("args", to.args).may("env", to.env).may("timeout", to.timeout_s);
}

static void members(Members& of, Hooks& to) {
  of.may("prestart", to.prestart)
      .may("createRuntime", to.create_runtime)
      .may("createContainer", to.create_container)
      .may("startContainer", to.start_container)
      .may("poststart", to.poststart)
      .may("poststop", to.poststop);
}

static void members(Members& of, Config& to) {
  of.must("root", to.root)
      .may("process", to.process)
      .may("hostname", to.hostname)
      .may("domainname", to.domainname)
      .may("mounts", to.mounts)
      .may("hooks", to.hooks)
      .may("annotations", to.annotations)
      .may("linux", to.linux);
}

namespace {

// Takes "12." or, for the last part, "12" off the front. No leading zeros (semver.org, item 2).
bool take_number(std::string_view& rest, bool last, std::string_view& number) {
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  number = rest.substr(0, digits);
  rest.remove_prefix(digits);
  if (number.empty() || (number.size() > 1 && number[0] == '0')) return false;
  if (last) return true;
  if (!rest.starts_with('.')) return false;
  rest.remove_prefix(1);
  return true;
}

bool are_identifiers(std::string_view text) {
  constexpr std::string_view allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

// version := number "." number "." number [ "-" identifiers ] [ "+" identifiers ]
Result<> check_version(const Field& field) {
  const auto version = TRY(field.string());
  std::string_view rest = version, major, minor, patch;
  bool fine =
      take_number(rest, false, major) && take_number(rest, false, minor) && take_number(rest, true, patch);
  if (const auto plus = rest.find('+'); fine && plus != rest.npos) {
    fine = are_identifiers(rest.substr(plus + 1));
    rest = rest.substr(0, plus);
  }
  if (fine && !rest.empty()) fine = rest[0] == '-' && are_identifiers(rest.substr(1));
  if (!fine) return field.wrong(text("\"{}\" is not a version like 1.2.0", version.substr(0, 60)));
  if (major != "1") {
    return unsupported("ociVersion: version {} of the specification, only 1.x is known",
                       version.substr(0, 60));
  }
  return {};
}

}  // namespace

Result<Config> decode_config(const json::Document& document) {
  const Field root(document);
  TRY(root.object());
  TRY(check_version(root["ociVersion"]));
  Config config;
  TRY(read(root["ociVersion"], config.oci_version));
  TRY(read(root, config));
  return config;
}

}  // namespace podo::oci
