#include "cluster/api_request/body.h"

#include <algorithm>

#include "base/format/yaml.h"
#include "base/io/combine.h"
#include "cluster/audit/audit.h"
#include "model/patch/apply.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

constexpr json::Limits body_limits = {.bytes_max = 16 << 20, .depth_max = 1000};
constexpr std::size_t manager_bytes_max = 128;

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What of "kubectl/v1.36.0 (linux/amd64) ..." is a name.
std::string manager_of_agent(std::string_view agent) {
  std::string name(agent.substr(0, agent.find('/')));
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  name.resize(std::min(name.size(), manager_bytes_max));
  return name.empty() ? "unknown" : name;
}

void check_manager(const http::Query& query, kube::Errors& errors) {
  const std::string_view manager = query.get("fieldManager");
  const kube::FieldPath path("fieldManager");
  if (manager.size() > manager_bytes_max) errors.too_long(path, manager_bytes_max);
  if (!is_printable(manager)) errors.invalid(path, manager, "should only contain printable characters");
}

FieldValidation read_validation(const http::Query& query, kube::Errors& errors) {
  constexpr std::string_view known[] = {"Ignore", "Strict", "Warn"};
  const std::string_view asked = query.get("fieldValidation");
  if (asked == "Strict") return FieldValidation::strict;
  if (asked == "Ignore") return FieldValidation::ignore;
  if (!asked.empty() && asked != "Warn")
    errors.not_supported(kube::FieldPath("fieldValidation"), asked, known);
  return FieldValidation::warn;
}

bool read_dry_run(const http::Query& query, kube::Errors& errors) {
  constexpr std::string_view known[] = {"All"};
  const auto asked = query.all("dryRun");
  json::Tree list;
  for (const std::string_view value : asked) list.root().append().set_string(value);
  if (std::any_of(asked.begin(), asked.end(), [](std::string_view value) { return value != "All"; }))
    errors.not_supported(kube::FieldPath("dryRun"), list.root(), known);
  return !asked.empty();
}

// The first bytes of what could not be read, as upstream shows them.
std::string summary_of(std::string_view bytes) {
  constexpr std::size_t most = 30;
  if (bytes.empty()) return "<empty>";
  const std::string_view more = bytes.size() > most ? " ..." : "";
  bytes = bytes.substr(0, most);
  if (bytes.front() == '{') return text("{}{}", bytes, more);
  std::string out;
  for (const char c : bytes)
    for (const int nibble : {static_cast<unsigned char>(c) >> 4, c & 15}) out += "0123456789abcdef"[nibble];
  return out.append(more);
}

Failure unrecognized(Request& request, const Wanted& wanted, std::string_view why, std::string_view bytes) {
  return request.refuse(
      kube::bad_request(text("the object provided is unrecognized (must be of type {}): {} ({})", wanted.kind,
                             why, summary_of(bytes))));
}

std::string_view version_of(std::string_view api_version) {
  return api_version.substr(api_version.rfind('/') + 1);  // npos + 1 is 0
}

Failure unhandled(Request& request, std::string_view api_version, std::string_view kind, const Wanted& wanted,
                  std::string_view why) {
  return request.refuse(kube::bad_request(text("{} in version \"{}\" cannot be handled as a {}: {}", kind,
                                               version_of(api_version), wanted.kind, why)));
}

// The body is of the kind that the URL means, in its version.
Result<> check_kind(Request& request, json::Item& root, const Wanted& wanted) {
  const auto named = [&root](std::string_view key, std::string_view otherwise) {
    const json::Item* item = root.find(key);
    const std::string_view value = item != nullptr ? item->string_or("") : "";
    return std::string(value.empty() ? otherwise : value);
  };
  const std::string kind = named("kind", wanted.kind);
  const std::string api_version = named("apiVersion", wanted.api_version);
  if (kind != wanted.kind || api_version != wanted.api_version) {
    const schema::Struct* other = request.ground.schema.find_root(api_version, kind);
    if (other == nullptr)
      return unhandled(request, api_version, kind, wanted,
                       text("no kind \"{}\" is registered for version \"{}\" in scheme "
                            "\"pkg/api/legacyscheme/scheme.go:30\"",
                            kind, api_version));
    if (kind != wanted.kind)
      return unhandled(request, api_version, kind, wanted,
                       text("converting ({}) to ({}): unknown conversion", other->name, wanted.type.name));
    return request.refuse(kube::bad_request(
        text("the API version in the data ({}) does not match the expected API version ({})", api_version,
             wanted.api_version)));
  }
  root.member("kind").set_string(wanted.kind);
  root.member("apiVersion").set_string(wanted.api_version);
  return {};
}

Result<json::Tree> parse_text(Request& request, std::string bytes, Encoding encoding, const Wanted& wanted,
                              std::vector<std::string>& duplicates) {
  const std::string beginning = bytes.substr(0, 31);  // one more than is shown
  std::string why;
  if (bytes.empty()) {
    why = "couldn't get version/kind; json parse error: unexpected end of JSON input";
  } else if (encoding == Encoding::yaml) {
    auto documents = yaml::to_json(bytes, {.bytes_max = body_limits.bytes_max});
    if (documents) bytes = documents->empty() ? "null" : std::move(documents->front());
    else why = text("error converting YAML to JSON: yaml: {}", documents.error().message());
  }
  if (!why.empty()) return unrecognized(request, wanted, why, beginning);
  auto tree = json::Tree::parse(std::move(bytes), body_limits, duplicates);
  if (!tree)
    return unrecognized(request, wanted,
                        text("couldn't get version/kind; json parse error: {}", tree.error().message()),
                        beginning);
  if (!tree->root().is(json::Kind::object))
    return unrecognized(request, wanted,
                        text("couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go "
                             "value of type struct {{ APIVersion string; Kind string }}",
                             json::name_of(tree->root().kind())),
                        beginning);
  return tree;
}

Result<json::Tree> decode_protobuf(Request& request, std::string_view bytes, const Wanted& wanted) {
  auto tree = schema::from_protobuf(bytes, request.ground.schema, &wanted.type);
  if (!tree) return unrecognized(request, wanted, tree.error().message(), bytes);
  TRY(check_kind(request, tree->root(), wanted));
  return tree;
}

}  // namespace

std::vector<std::string> Strictness::texts() const {
  std::vector<std::string> out;
  for (const std::string& path : duplicates) out.push_back(text("duplicate field \"{}\"", path));
  for (const schema::Finding& finding : findings) out.push_back(finding.text());
  return out;
}

// Behind upstream's words, so that who looks for those finds them.
std::string Strictness::hint() const {
  std::string out;
  for (const schema::Finding& finding : findings)
    if (!finding.hint.empty()) out += text("{}\"{}\"", out.empty() ? " (did you mean " : ", ", finding.hint);
  return out.empty() ? out : out + "?)";
}

std::vector<std::string> Strictness::warnings() const {
  std::vector<std::string> out;
  for (const std::string& path : duplicates) out.push_back(text("duplicate field \"{}\"", path));
  for (const schema::Finding& finding : findings)
    out.push_back(finding.text() + Strictness{{finding}}.hint());
  return out;
}

std::string Strictness::error() const {
  std::string out = "strict decoding error: ";
  std::string_view between = "";
  for (const std::string& finding : texts()) {
    out.append(between).append(finding);
    between = ", ";
  }
  return out + hint();
}

Result<bool> read_dry_run(Request& request, std::string_view kind) {
  kube::Errors errors;
  const bool dry_run = read_dry_run(request.query(), errors);
  if (!errors.empty()) return request.refuse(kube::invalid(kind, "meta.k8s.io", "", errors));
  return dry_run;
}

Result<WriteOptions> read_write_options(Request& request, std::string_view kind) {
  kube::Errors errors;
  WriteOptions options;
  const http::Query& query = request.query();
  options.dry_run = read_dry_run(query, errors);
  check_manager(query, errors);
  options.validation = read_validation(query, errors);
  options.manager = query.get("fieldManager");
  options.manager_given = !options.manager.empty();
  if (!options.manager_given)
    options.manager = manager_of_agent(request.exchange.headers().get("User-Agent"));
  if (query.find("force")) options.force = request.flag("force");
  if (!errors.empty()) return request.refuse(kube::invalid(kind, "meta.k8s.io", "", errors));
  return options;
}

Wanted wanted_of(const Request& request) {
  const schema::Subresource* part = request.subresource;
  if (part == nullptr || part->kind == request.resource->kind || part->type == nullptr)
    return {*request.resource->type, request.resource->group_version->api_version, request.resource->kind};
  const schema::GroupVersion* own = request.resource->group_version;
  const schema::GroupVersion* group =
      part->version.empty() ? own : request.ground.schema.find(part->group, part->version);
  return {*part->type, (group != nullptr ? group : own)->api_version, part->kind};
}

Task<std::string> read_body(Request& request) {
  const std::size_t most = request.ground.body_bytes_max;
  auto bytes = co_await io::deadline(http::read_all(request.exchange.body(), most),
                                     request.deadline - request.ground.loop.clock().now())
                   .result();
  if (!bytes && bytes.error().kind() == ErrorKind::exhausted) co_await request.refuse(kube::too_large(most));
  if (!bytes && bytes.error().kind() == ErrorKind::corrupt)
    co_await request.refuse(kube::bad_request(bytes.error().message()));
  co_return std::move(bytes);
}

Result<json::Tree> decode_object(Request& request, std::string bytes, Encoding encoding, const Wanted& wanted,
                                 FieldValidation validation) {
  if (encoding == Encoding::protobuf) return decode_protobuf(request, bytes, wanted);
  Strictness found;
  json::Tree tree = TRY(parse_text(request, std::move(bytes), encoding, wanted, found.duplicates));
  TRY(check_kind(request, tree.root(), wanted));
  request.forgets_managers = patch::forgets_managers(tree.root());
  const auto shaped = schema::shape(tree.root(), wanted.type, {&found.findings});
  if (!shaped) return unhandled(request, wanted.api_version, wanted.kind, wanted, shaped.error().message());
  if (found.empty() || validation == FieldValidation::ignore) return tree;
  if (validation == FieldValidation::strict)
    return unhandled(request, wanted.api_version, wanted.kind, wanted, found.error());
  for (std::string& warning : found.warnings()) request.warnings.push_back(std::move(warning));
  return tree;
}

Result<json::Tree> decode_options(Request& request, std::string bytes, Encoding encoding,
                                  const schema::Struct& type) {
  const Wanted wanted{type, "v1", type.short_name()};
  if (encoding == Encoding::protobuf) {
    auto options = schema::from_protobuf(bytes, request.ground.schema, &type);
    if (!options) return unrecognized(request, wanted, options.error().message(), bytes);
    return options;
  }
  std::vector<std::string> duplicates;
  json::Tree options = TRY(parse_text(request, std::move(bytes), encoding, wanted, duplicates));
  const auto shaped = schema::shape(options.root(), type);
  if (!shaped) return unhandled(request, "v1", wanted.kind, wanted, shaped.error().message());
  return options;
}

Task<json::Tree> read_object(Request& request, Wanted wanted, FieldValidation validation) {
  const auto encoding = body_encoding(request.exchange.headers());
  if (!encoding) co_await request.refuse(kube::unsupported_media_type(encoding.error().message()));
  std::string bytes = co_await read_body(request);
  json::Tree object = co_await decode_object(request, std::move(bytes), *encoding, wanted, validation);
  if (request.trail && request.trail->wants_request_object()) request.trail->request_object(object.to_text());
  co_return object;
}

}  // namespace podo::apiserver
