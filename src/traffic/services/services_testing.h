// Services and EndpointSlices in few words, and tables as lines, for the tests of this room.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "traffic/services/build_table.h"

namespace podo::services {

inline json::Tree tree_of(std::string_view json) {
  Result<json::Tree> tree = json::Tree::parse(std::string(json));
  REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().message()));
  return *std::move(tree);
}

// `spec` and `more` (of the object) are members of JSON objects.
inline std::string service_json(std::string_view name, std::string_view spec, std::string_view more = {}) {
  return text(R"({{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{}","namespace":"default",
    "resourceVersion":"1","creationTimestamp":"2026-01-01T00:00:00Z"}},"spec":{{{}}}{}{}}})",
              name, spec, more.empty() ? "" : ",", more);
}

// An endpoint: "IP NODE [unready] [ending] [serving] [hint-zone=Z] [hint-node=N]"; without a word of
// its conditions, it is ready.
inline std::string endpoint_json(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
  const auto hint = [&](std::string_view name) {
    for (const std::string& word : words)
      if (word.starts_with(name)) return text(R"([{{"name":"{}"}}])", word.substr(name.size()));
    return std::string("[]");
  };
  const bool plain = !has("unready") && !has("ending");
  return text(R"({{"addresses":["{}"],{}"conditions":{{"ready":{},"serving":{},"terminating":{}}},
    "hints":{{"forZones":{},"forNodes":{}}}}})",
              words.at(0), words.at(1) == "-" ? "" : text(R"("nodeName":"{}",)", words.at(1)), plain,
              plain || has("serving"), has("ending"), hint("hint-zone="), hint("hint-node="));
}

inline std::string slice_json(std::string_view name, std::string_view service,
                              const std::vector<std::string_view>& endpoints,
                              std::string_view ports = R"({"name":"http","port":8080,"protocol":"TCP"})") {
  std::string all;
  for (const std::string_view line : endpoints)
    all.append(all.empty() ? "" : ",").append(endpoint_json(line));
  const bool v6 = !endpoints.empty() && endpoints.front().find(':') != std::string_view::npos;
  return text(R"({{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{{"name":"{}",
    "namespace":"default","resourceVersion":"1","labels":{{"kubernetes.io/service-name":"{}"}}}},
    "addressType":"{}","ports":[{}],
    "endpoints":[{}]}})",
              name, service, v6 ? "IPv6" : "IPv4", ports, all);
}

inline std::string told(const std::vector<Backend>& backends) {
  std::string line;
  for (const Backend& backend : backends)
    line += text("{}{}:{}{}", line.empty() ? "" : " ", backend.address.to_text(), backend.port,
                 backend.here ? "" : "~");
  return line.empty() ? "-" : line;
}

// "10.96.0.1:80/TCP default/web:http inside -> 10.0.0.1:8080 10.0.0.2:8080~" and so on; "~": elsewhere.
inline std::string told(const FrontKey& key, const Front& front) {
  std::string line =
      text("{}:{}/{} {} {} -> {}", key.address.to_text(), key.port, name_of_protocol(key.protocol),
           front.service, front.reach == Reach::inside ? "inside" : "everywhere", told(front.backends));
  if (front.splits) line += text(" | {}", told(front.backends_outside));
  if (front.affinity != Duration()) line += text(" affinity {}", front.affinity.ns / 1'000'000'000);
  for (const IpPrefix& source : front.sources) line += text(" from {}", source.to_text());
  return line + (front.drops ? " drops" : "");
}

inline std::string told(const ServiceTable& table) {
  std::string lines;
  for (const auto& [key, front] : table) lines += told(key, front) + "\n";
  return lines;
}

}  // namespace podo::services
