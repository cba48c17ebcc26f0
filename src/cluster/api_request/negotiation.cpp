#include "cluster/api_request/negotiation.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace podo::apiserver {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Up to `border`, which is taken away too.
std::string_view take_until(std::string_view& text, char border) {
  const std::size_t end = std::min(text.find(border), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  return trimmed(taken);
}

// q := 0 .. 1 with up to three digits of a fraction; what is none counts as 1.
double quality(std::string_view text) {
  unsigned whole = 0, fraction = 0, scale = 1;
  std::size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && at < 3; ++at)
    whole = whole * 10 + static_cast<unsigned>(text[at] - '0');
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9' && scale < 1000; ++at) {
      fraction = fraction * 10 + static_cast<unsigned>(text[at] - '0');
      scale *= 10;
    }
  const double q = whole + static_cast<double>(fraction) / scale;
  return text.empty() || q > 1 ? 1 : q;
}

AcceptClause parse_clause(std::string_view text) {
  AcceptClause clause;
  std::string_view media = take_until(text, ';');
  clause.type = lower(take_until(media, '/'));
  clause.subtype = lower(trimmed(media));
  if (clause.subtype.empty()) clause.subtype = "*";
  while (!text.empty()) {
    std::string_view parameter = take_until(text, ';');
    const std::string name = lower(take_until(parameter, '='));
    std::string_view value = trimmed(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (name == "q") clause.q = quality(value);
    else if (!name.empty()) clause.parameters.emplace_back(name, std::string(value));
  }
  return clause;
}

struct Offer {
  Encoding encoding;
  std::string_view type;
};
constexpr Offer all_offers[] = {{Encoding::json, "application/json"},
                                {Encoding::yaml, "application/yaml"},
                                {Encoding::protobuf, "application/vnd.kubernetes.protobuf"}};

bool offered(const Offers& offers, Encoding encoding) {
  return (encoding != Encoding::yaml || offers.yaml) && (encoding != Encoding::protobuf || offers.protobuf);
}

std::string media_list(const Offers& offers) {
  std::string list;
  for (const Offer& offer : all_offers)
    if (offered(offers, offer.encoding)) list += (list.empty() ? "" : ", ") + std::string(offer.type);
  return list;
}

// False: `as` asks for what cannot be made.
bool read_shape(const AcceptClause& clause, const Offers& offers, Media& media) {
  const std::string_view as = clause.parameter("as");
  if (as.empty()) return clause.parameter("g").empty() && clause.parameter("v").empty();
  if (!offers.shapes || clause.parameter("g") != "meta.k8s.io") return false;
  if (as == "Table") media.shape = Shape::table;
  else if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") media.shape = Shape::partial;
  else return false;
  const std::string_view version = clause.parameter("v");
  if (version != "v1" && version != "v1beta1") return false;
  media.shape_version = version == "v1" ? "v1" : "v1beta1";
  return true;
}

bool read_clause(const AcceptClause& clause, const Offers& offers, Media& media) {
  for (const Offer& offer : all_offers) {
    if (!offered(offers, offer.encoding) || !clause.takes(offer.type)) continue;
    Media found{.encoding = offer.encoding};
    const std::string_view stream = clause.parameter("stream");
    if (!stream.empty() && (stream != "watch" || offer.encoding == Encoding::yaml)) continue;
    found.stream = !stream.empty();
    found.pretty = clause.parameter("pretty") == "1";
    if (!read_shape(clause, offers, found)) continue;
    if (found.shape == Shape::table && offer.encoding == Encoding::protobuf) continue;  // there is none
    media = found;
    return true;
  }
  return false;
}

// People read what these clients show.
bool wants_pretty(const http::Headers& headers, const http::Query& query) {
  if (const auto asked = query.find("pretty")) return *asked != "0" && *asked != "false";
  const std::string_view agent = headers.get("User-Agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

std::string media_type_of(const http::Headers& headers) {
  std::string_view type = headers.get("Content-Type");
  return lower(take_until(type, ';'));
}

constexpr std::string_view unknown_body =
    "the body of the request was in an unknown format - accepted media types include: ";

}  // namespace

std::string_view AcceptClause::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

bool AcceptClause::takes(std::string_view type_and_subtype) const {
  const std::size_t slash = type_and_subtype.find('/');
  return (type == "*" || type == type_and_subtype.substr(0, slash)) &&
         (subtype == "*" || subtype == type_and_subtype.substr(slash + 1));
}

std::vector<AcceptClause> accept_clauses(const http::Headers& headers) {
  std::vector<AcceptClause> clauses;
  for (const auto& field : headers) {
    if (!http::same_name(field.name, "Accept")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view clause = take_until(rest, ',');
      if (!clause.empty()) clauses.push_back(parse_clause(clause));
    }
  }
  std::erase_if(clauses, [](const AcceptClause& clause) { return clause.q <= 0; });
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const AcceptClause& a, const AcceptClause& b) { return a.q > b.q; });
  return clauses;
}

Result<Media> negotiate(const http::Headers& headers, const http::Query& query, const Offers& offers) {
  Media media;
  if (!headers.get("Accept").empty()) {
    bool found = false;
    for (const AcceptClause& clause : accept_clauses(headers))
      if (!found) found = read_clause(clause, offers, media);
    if (!found) return invalid("only the following media types are accepted: {}", media_list(offers));
  }
  media.pretty = media.encoding == Encoding::json && (media.pretty || wants_pretty(headers, query));
  return media;
}

std::string_view content_type(Encoding encoding) {
  return all_offers[static_cast<std::size_t>(encoding)].type;
}

std::string_view stream_content_type(Encoding encoding) {
  return encoding == Encoding::protobuf ? "application/vnd.kubernetes.protobuf;stream=watch"
                                        : "application/json";
}

Result<Encoding> body_encoding(const http::Headers& headers) {
  const std::string type = media_type_of(headers);
  if (type.empty()) return Encoding::json;
  for (const Offer& offer : all_offers)
    if (type == offer.type) return offer.encoding;
  return unsupported("{}{}", unknown_body, media_list({}));
}

Result<PatchType> patch_type(const http::Headers& headers) {
  const std::string type = media_type_of(headers);
  if (type == "application/json-patch+json") return PatchType::json;
  if (type == "application/merge-patch+json") return PatchType::merge;
  if (type == "application/strategic-merge-patch+json") return PatchType::strategic;
  if (type == "application/apply-patch+yaml" || type == "application/apply-patch+json")
    return PatchType::apply;
  return unsupported(
      "{}application/json-patch+json, application/merge-patch+json, "
      "application/strategic-merge-patch+json, application/apply-patch+yaml",
      unknown_body);
}

}  // namespace podo::apiserver
