#include "cluster/access/default_roles.h"

#include <algorithm>

#include "base/core/ensure.h"
#include "base/format/json_writer.h"

// PODO_ROLES is roles.txt (cmake/access_roles.cmake).
asm(".pushsection .rodata\n"
    ".globl podo_default_roles\n"
    "podo_default_roles:\n"
    ".incbin \"" PODO_ROLES
    "\"\n"
    ".globl podo_default_roles_end\n"
    "podo_default_roles_end:\n"
    ".popsection\n");

extern "C" {
extern const char podo_default_roles[];
extern const char podo_default_roles_end[];
}

namespace podo::access {
namespace {

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

void sort_once(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> list;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    list.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return list;
}

std::vector<std::string> verbs_of(std::string_view text) {
  std::vector<std::string> verbs;
  for (std::string& verb : comma_list(text)) {
    if (verb == "read") verbs.insert(verbs.end(), {"get", "list", "watch"});
    else if (verb == "write")
      verbs.insert(verbs.end(), {"create", "delete", "deletecollection", "patch", "update"});
    else verbs.push_back(std::move(verb));
  }
  sort_once(verbs);
  return verbs;
}

Result<Rule> parse_rule(std::string_view line) {
  Rule rule;
  rule.verbs = verbs_of(take_word(line));
  std::string_view where = take_word(line);
  if (!where.ends_with(':')) return invalid("a rule needs GROUPS: or url:, not {}", where);
  where.remove_suffix(1);
  std::vector<std::string>* list = where == "url" ? &rule.paths : &rule.resources;
  if (where != "url") {
    rule.groups = comma_list(where);
    for (std::string& group : rule.groups)
      if (group == "core") group.clear();
  }
  for (std::string_view word; !(word = take_word(line)).empty();) {
    if (word == "=") list = &rule.names;
    else list->emplace_back(word);
  }
  for (std::vector<std::string>* each : {&rule.groups, &rule.resources, &rule.names, &rule.paths})
    sort_once(*each);
  if (rule.resources.empty() && rule.paths.empty()) return invalid("a rule about nothing");
  return rule;
}

Result<Recipient> parse_recipient(std::string_view word) {
  const std::size_t colon = word.find(':');
  if (colon == word.npos) return invalid("{} is no subject", word);
  const std::string_view kind = word.substr(0, colon), name = word.substr(colon + 1);
  if (kind == "user") return Recipient{Recipient::Kind::user, std::string(name)};
  if (kind == "group") return Recipient{Recipient::Kind::group, std::string(name)};
  const std::size_t slash = name.find('/');
  if (kind != "account" || slash == name.npos) return invalid("{} is no subject", word);
  return Recipient{Recipient::Kind::account, std::string(name.substr(slash + 1)),
                   std::string(name.substr(0, slash))};
}

Result<> parse_given(std::string_view line, DefaultRole& role) {
  role.binding = role.name;
  std::string_view word = take_word(line);
  if (word == "as") {
    role.binding = take_word(line);
    word = take_word(line);
  }
  if (word != "to") return invalid("`given` needs `to`");
  while (!(word = take_word(line)).empty()) role.given_to.push_back(TRY(parse_recipient(word)));
  return {};
}

// Roles are read in one walk; a controller gets its rule about events when the next role begins.
class Reader {
 public:
  Result<> line(std::string_view line) {
    if (line.empty() || line.front() == '#') return {};
    if (line.front() != ' ') return head(line);
    if (roles_.empty()) return invalid("a rule before the first role");
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    DefaultRole& role = roles_.back();
    if (word == "feeds") role.feeds = take_word(rest);
    else if (word == "gathers") role.gathers = take_word(rest);
    else if (word == "silent") writes_events_ = false;
    else if (word == "given") return parse_given(rest, role);
    else role.rules.push_back(TRY(parse_rule(line)));
    return {};
  }
  std::vector<DefaultRole> take() {
    end_role();
    return std::move(roles_);
  }

 private:
  Result<> head(std::string_view line) {
    end_role();
    const std::string_view kind = take_word(line), name = take_word(line);
    if ((kind != "role" && kind != "controller") || name.empty()) return invalid("expected a role");
    DefaultRole role{.name = std::string(name)};
    if (take_word(line) == "in") role.name_space = take_word(line);
    writes_events_ = kind == "controller";
    if (kind == "controller") {
      role.name = text("system:controller:{}", name);
      role.binding = role.name;
      role.given_to = {{Recipient::Kind::account, std::string(name), "kube-system"}};
    }
    roles_.push_back(std::move(role));
    return {};
  }
  void end_role() {
    if (writes_events_)
      roles_.back().rules.push_back({.verbs = {"create", "patch", "update"},
                                     .groups = {"", "events.k8s.io"},
                                     .resources = {"events"},
                                     .names = {},
                                     .paths = {}});
    writes_events_ = false;
  }

  std::vector<DefaultRole> roles_;
  bool writes_events_ = false;
};

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";

void begin_object(json::Writer& out, std::string_view kind, std::string_view name,
                  std::string_view name_space, std::string_view feeds = {}) {
  out.object().key("kind").string(kind).key("apiVersion").string("rbac.authorization.k8s.io/v1");
  out.key("metadata").object().key("name").string(name);
  if (!name_space.empty()) out.key("namespace").string(name_space);
  out.key("labels").object().key("kubernetes.io/bootstrapping").string("rbac-defaults");
  if (!feeds.empty()) out.key(text("rbac.authorization.k8s.io/aggregate-to-{}", feeds)).string("true");
  out.end().key("annotations").object();
  out.key("rbac.authorization.kubernetes.io/autoupdate").string("true").end().end();
}

void write_list(json::Writer& out, std::string_view key, const std::vector<std::string>& list) {
  if (list.empty()) return;
  out.key(key).array();
  for (const std::string& item : list) out.string(item);
  out.end();
}

std::string role_json(const DefaultRole& role) {
  json::Writer out;
  begin_object(out, role.name_space.empty() ? "ClusterRole" : "Role", role.name, role.name_space, role.feeds);
  out.key("rules");
  if (role.rules.empty()) out.null();
  else out.array();
  for (const Rule& rule : role.rules) {
    out.object();
    write_list(out, "verbs", rule.verbs);
    write_list(out, "apiGroups", rule.groups);
    write_list(out, "resources", rule.resources);
    write_list(out, "resourceNames", rule.names);
    write_list(out, "nonResourceURLs", rule.paths);
    out.end();
  }
  if (!role.rules.empty()) out.end();
  if (!role.gathers.empty()) {
    out.key("aggregationRule").object().key("clusterRoleSelectors").array().object();
    out.key("matchLabels").object();
    out.key(text("rbac.authorization.k8s.io/aggregate-to-{}", role.gathers)).string("true");
    out.end().end().end().end();
  }
  out.end();
  return out.take();
}

void write_recipient(json::Writer& out, const Recipient& recipient) {
  constexpr std::string_view kinds[] = {"User", "Group", "ServiceAccount"};
  out.object().key("kind").string(kinds[static_cast<int>(recipient.kind)]);
  if (recipient.kind != Recipient::Kind::account) out.key("apiGroup").string(rbac_group);
  out.key("name").string(recipient.name);
  if (!recipient.name_space.empty()) out.key("namespace").string(recipient.name_space);
  out.end();
}

std::string binding_json(const DefaultRole& role) {
  const bool everywhere = role.name_space.empty();
  json::Writer out;
  begin_object(out, everywhere ? "ClusterRoleBinding" : "RoleBinding", role.binding, role.name_space);
  if (!role.given_to.empty()) {
    out.key("subjects").array();
    for (const Recipient& recipient : role.given_to) write_recipient(out, recipient);
    out.end();
  }
  out.key("roleRef").object().key("apiGroup").string(rbac_group);
  out.key("kind").string(everywhere ? "ClusterRole" : "Role").key("name").string(role.name).end().end();
  return out.take();
}

}  // namespace

Result<std::vector<DefaultRole>> parse_roles(std::string_view source) {
  Reader reader;
  for (std::size_t number = 1; !source.empty(); ++number) {
    const std::string_view line = source.substr(0, source.find('\n'));
    TRY_IN(text("line {}", number), reader.line(line));
    source.remove_prefix(std::min(line.size() + 1, source.size()));
  }
  return reader.take();
}

std::vector<DefaultRole> default_roles() {
  auto roles = parse_roles({podo_default_roles, podo_default_roles_end});
  ENSURE(roles.has_value());
  return *std::move(roles);
}

std::vector<std::string> default_rbac_objects() {
  std::vector<std::string> objects;
  const std::vector<DefaultRole> roles = default_roles();
  for (const DefaultRole& role : roles) objects.push_back(role_json(role));
  for (const DefaultRole& role : roles)
    if (!role.binding.empty()) objects.push_back(binding_json(role));
  return objects;
}

}  // namespace podo::access
