#include "cluster/access/rules.h"

#include <algorithm>

#include "base/format/json_writer.h"

namespace podo::access {
namespace {

std::vector<std::string> read_list(const json::Item* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  texts.reserve(list->size());
  for (const json::Item* i = list->first(); i != nullptr; i = i->next()) texts.emplace_back(i->string_or(""));
  return texts;
}

void write_list(json::Item& into, std::string_view key, const std::vector<std::string>& list) {
  if (list.empty()) return;
  json::Item& items = into.member(key);
  items.set_array();
  for (const std::string& text : list) items.append().set_string(text);
}

bool contains_all(const std::vector<std::string>& list, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& item) { return contains(list, item); });
}

// "pods/log" without making the text: rules are looked at a few hundred times a request.
bool is_resource(std::string_view rule, const Attributes& wanted) {
  if (wanted.subresource.empty()) return rule == wanted.resource;
  const std::size_t both = wanted.resource.size() + 1 + wanted.subresource.size();
  if (!rule.ends_with(wanted.subresource)) return false;
  if (rule.size() == both) return rule.starts_with(wanted.resource) && rule[wanted.resource.size()] == '/';
  return rule.size() == wanted.subresource.size() + 2 && rule.starts_with("*/");
}

bool matches_resource(const Rule& rule, const Attributes& wanted) {
  return std::any_of(rule.resources.begin(), rule.resources.end(),
                     [&](std::string_view name) { return name == "*" || is_resource(name, wanted); });
}

bool covers_path(std::string_view rule, std::string_view path) {
  if (rule == path || rule == "*") return true;
  if (!rule.ends_with('*')) return false;
  return path.starts_with(rule.substr(0, rule.find_last_not_of('*') + 1));
}

bool covers_resource(const std::vector<std::string>& own, std::string_view resource) {
  if (contains(own, "*") || contains(own, resource)) return true;
  const std::size_t slash = resource.find('/');
  return slash != resource.npos && contains(own, text("*{}", resource.substr(slash)));
}

// `piece` is about one verb, and one resource (of one name at most) or one path.
bool covers(const Rule& own, const Rule& piece) {
  if (!contains(own.verbs, "*") && !contains_all(own.verbs, piece.verbs)) return false;
  if (!piece.paths.empty())
    return std::any_of(own.paths.begin(), own.paths.end(),
                       [&](std::string_view path) { return covers_path(path, piece.paths.front()); });
  if (!contains(own.groups, "*") && !contains_all(own.groups, piece.groups)) return false;
  if (!covers_resource(own.resources, piece.resources.front())) return false;
  return own.names.empty() || (!piece.names.empty() && contains_all(own.names, piece.names));
}

std::vector<Rule> take_apart(const Rule& rule) {
  std::vector<Rule> pieces;
  for (const std::string& group : rule.groups)
    for (const std::string& resource : rule.resources)
      for (const std::string& verb : rule.verbs) {
        Rule piece{.verbs = {verb}, .groups = {group}, .resources = {resource}, .names = {}, .paths = {}};
        if (rule.names.empty()) pieces.push_back(piece);
        for (const std::string& name : rule.names) {
          piece.names = {name};
          pieces.push_back(piece);
        }
      }
  for (const std::string& path : rule.paths)
    for (const std::string& verb : rule.verbs)
      pieces.push_back({.verbs = {verb}, .groups = {}, .resources = {}, .names = {}, .paths = {path}});
  return pieces;
}

bool differ_by_verbs(const Rule& a, const Rule& b) {
  return a.paths.empty() && b.paths.empty() && a.groups == b.groups && a.resources == b.resources &&
         a.names == b.names;
}

}  // namespace

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::vector<Rule> read_rules(const json::Item* rules) {
  std::vector<Rule> list;
  if (rules == nullptr) return list;
  for (const json::Item* i = rules->first(); i != nullptr; i = i->next())
    list.push_back({.verbs = read_list(i->find("verbs")),
                    .groups = read_list(i->find("apiGroups")),
                    .resources = read_list(i->find("resources")),
                    .names = read_list(i->find("resourceNames")),
                    .paths = read_list(i->find("nonResourceURLs"))});
  return list;
}

void write_rules(json::Item& into, const std::vector<Rule>& rules) {
  into.set_array();
  for (const Rule& rule : rules) {
    json::Item& item = into.append();
    item.set_object();
    write_list(item, "verbs", rule.verbs);
    write_list(item, "apiGroups", rule.groups);
    write_list(item, "resources", rule.resources);
    write_list(item, "resourceNames", rule.names);
    write_list(item, "nonResourceURLs", rule.paths);
  }
}

bool matches(const Rule& rule, const Attributes& wanted) {
  if (!contains(rule.verbs, wanted.verb) && !contains(rule.verbs, "*")) return false;
  if (!wanted.is_resource)
    return std::any_of(rule.paths.begin(), rule.paths.end(),
                       [&](std::string_view path) { return covers_path(path, wanted.path); });
  if (!contains(rule.groups, wanted.group) && !contains(rule.groups, "*")) return false;
  return matches_resource(rule, wanted) && (rule.names.empty() || contains(rule.names, wanted.name));
}

std::vector<Rule> not_covered(const std::vector<Rule>& own, const std::vector<Rule>& wanted) {
  std::vector<Rule> missing;
  for (const Rule& rule : wanted)
    for (Rule& piece : take_apart(rule)) {
      if (std::any_of(own.begin(), own.end(), [&](const Rule& mine) { return covers(mine, piece); }))
        continue;
      const auto same = std::find_if(missing.begin(), missing.end(),
                                     [&](const Rule& other) { return differ_by_verbs(other, piece); });
      if (same == missing.end()) missing.push_back(std::move(piece));
      else if (!contains(same->verbs, piece.verbs.front())) same->verbs.push_back(piece.verbs.front());
    }
  return missing;
}

std::string print_list(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) {
    if (out.size() > 1) out += ' ';
    json::append_quoted(out, item);
  }
  return out += ']';
}

std::string print(const Rule& rule) {
  std::string out;
  const auto part = [&](std::string_view name, const std::vector<std::string>& list) {
    if (list.empty()) return;
    out += out.empty() ? "{" : ", ";
    out += text("{}:{}", name, print_list(list));
  };
  part("APIGroups", rule.groups);
  part("Resources", rule.resources);
  part("NonResourceURLs", rule.paths);
  part("ResourceNames", rule.names);
  part("Verbs", rule.verbs);
  return out += '}';
}

}  // namespace podo::access
