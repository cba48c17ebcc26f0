#include "traffic/dns/cluster_answers.h"

#include <algorithm>

#include "base/dns/records.h"
#include "base/io/combine.h"

namespace podo::cluster_dns {

using dns::Code;
using dns::Message;
using dns::Question;
using dns::Type;
using io::Task;

namespace {

constexpr int aliases_max = 8;
constexpr Duration search_time = seconds(4);  // clients ask again after five

bool is_for_addresses(Type type) { return type == Type::a || type == Type::aaaa; }

bool is_refused(const Question& asked) {
  return asked.record_class != dns::internet_class || asked.type == Type::transfer ||
         asked.type == Type::incremental_transfer;
}

std::string_view last_label(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

// --- from the zone ----------------------------------------------------------------------------------------

Message ClusterAnswers::authoritative_reply(const Message& query, Code code) const {
  Message reply = dns::reply_to(query, code);
  reply.authoritative = true;
  return reply;
}

Message ClusterAnswers::answer_of(const Message& query, Finding finding) const {
  Message reply = authoritative_reply(query, finding.code);
  reply.answers = std::move(finding.answers);
  reply.additional = std::move(finding.additional);
  if (reply.answers.empty())
    reply.authority.push_back(zone_.authority(static_cast<std::uint32_t>(cache_.world())));
  return reply;
}

std::optional<Message> ClusterAnswers::know(const dns::Query& query) {
  const Question& asked = query.message.questions[0];
  if (is_refused(asked)) return dns::reply_to(query.message, Code::refused);
  const bool is_ours = zone_.owns(asked.name);
  const auto address =
      asked.type == Type::ptr ? IpAddress::from_bytes(dns::address_of_reverse_name(asked.name)) : IpAddress();
  if ((is_ours || address) && !ready_) return dns::reply_to(query.message, Code::server_failure);
  std::optional<Message> known;
  if (is_ours) {
    Finding finding = zone_.find(asked);
    if (asked.type == Type::any && finding.code == Code::no_error) finding = {};
    if (!finding.alias_of.empty()) return {};
    if (finding.code == Code::no_such_name && sought_by(asked)) return {};
    known = answer_of(query.message, std::move(finding));
  } else if (address) {
    known = know_address(query.message, address);
  }
  if (asked.type == Type::any && (!known || known->code == Code::no_error)) {
    known = authoritative_reply(query.message, Code::no_error);
    known->answers.push_back(dns::minimal_record(asked.name, record_ttl_s));
  }
  if (known)
    if (const auto key = dns::AnswerKey::of(query.message))
      cache_.keep(*key, *known, dns::Lifetime::until_change);
  return known;
}

std::optional<Message> ClusterAnswers::know_address(const Message& query, const IpAddress& address) const {
  std::vector<dns::Record> names = zone_.find_names(query.questions[0], address);
  if (names.empty()) return {};
  Message reply = authoritative_reply(query, Code::no_error);
  reply.answers = std::move(names);
  return reply;
}

// --- from elsewhere, too ----------------------------------------------------------------------------------

Task<std::string> ClusterAnswers::find_out(dns::Query query) {
  const Question asked = query.message.questions[0];
  const std::uint64_t world = cache_.world();
  const bool is_ours = zone_.owns(asked.name);
  auto sought = is_ours ? sought_by(asked) : std::nullopt;
  Message found;
  if (sought && zone_.find(asked).code == Code::no_such_name) {
    found = co_await search(query.message, *std::move(sought));
  } else {
    found = co_await resolve(query.message, aliases_max);
  }
  const Message reply = dns::answer_with(query.message, found);
  const bool may_be_ours = is_ours || asked.type == Type::ptr;  // an address may get a name here
  if (const auto key = dns::AnswerKey::of(query.message); key && may_be_ours && world == cache_.world())
    cache_.keep(*key, reply, dns::Lifetime::both);
  co_return dns::encode(reply);
}

// Follows aliases that begin here; those elsewhere are followed there.
Task<Message> ClusterAnswers::resolve(Message query, int aliases) {
  if (!zone_.owns(query.questions[0].name)) co_return co_await forwarder_.ask(std::move(query));
  Finding finding = zone_.find(query.questions[0]);
  const std::string target = finding.alias_of;
  Message found = answer_of(query, std::move(finding));
  if (target.empty()) co_return found;
  query.questions[0].name = target;
  Result<Message> rest = dns::reply_to(query, Code::server_failure);  // a circle, when there are too many
  if (aliases > 0) rest = co_await resolve(query, aliases - 1).result();
  if (!rest && rest.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(rest).error());
  if (!rest) rest = dns::reply_to(query, Code::server_failure);
  found.code = rest->code;
  found.answers.insert(found.answers.end(), rest->answers.begin(), rest->answers.end());
  found.authority = std::move(rest->authority);
  co_return found;
}

// --- the search path --------------------------------------------------------------------------------------

std::optional<ClusterAnswers::Sought> ClusterAnswers::sought_by(const Question& question) const {
  if (!is_for_addresses(question.type) || question.name.find('\\') != std::string::npos) return {};
  const std::string services = "svc." + zone_.domain();
  if (!dns::is_within(question.name, services) || question.name.size() <= services.size() + 1) return {};
  const std::string lowered = dns::lower(question.name);
  const auto path = std::string_view(lowered).substr(0, lowered.size() - services.size() - 1);
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {};
  Sought sought{std::string(path.substr(0, dot)), std::string(path.substr(dot + 1))};
  if (!names_.has_namespace(sought.name_space) || sought.name.starts_with('_')) return {};
  if (names_.find(sought.name_space, last_label(sought.name)) != nullptr) return {};
  if (sought.name.find('.') == std::string::npos && names_.has_service_somewhere(sought.name)) return {};
  return sought;
}

// In the order of the search path, but what the name is in the cluster first.
std::vector<std::string> ClusterAnswers::candidates(const Sought& sought) const {
  const std::string& name = sought.name;
  std::vector<std::string> names = {text("{}.svc.{}", name, zone_.domain()),
                                    text("{}.{}", name, zone_.domain())};
  if (zone_.owns(name)) {
    names.push_back(name);
    return names;
  }
  const std::size_t dot = name.find('.');
  const bool names_a_namespace = dot != std::string::npos && names_.has_namespace(last_label(name));
  if (names_a_namespace) return names;
  for (const std::string& domain : search_) names.push_back(text("{}.{}", name, domain));
  names.push_back(name);
  return names;
}

// The answer when the name has addresses of any family; of the one that is asked for there may be none.
Task<std::optional<Message>> ClusterAnswers::try_candidate(Message query, std::string name) {
  query.questions[0].name = std::move(name);
  Result<Message> found = co_await resolve(query, aliases_max).result();
  if (!found && found.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(found).error());
  if (!found || found->code != Code::no_error) co_return std::nullopt;
  if (!dns::is_negative(*found)) co_return std::optional(*std::move(found));
  query.questions[0].type = query.questions[0].type == Type::a ? Type::aaaa : Type::a;
  const Result<Message> other = co_await resolve(query, aliases_max).result();
  if (!other || other->code != Code::no_error || dns::is_negative(*other)) co_return std::nullopt;
  co_return std::optional(*std::move(found));
}

Task<Message> ClusterAnswers::search(Message query, Sought sought) {
  ++counts_.searched;
  const Question asked = query.questions[0];
  const auto walk = [](ClusterAnswers* self, Message wanted,
                       std::vector<std::string> names) -> Task<std::optional<Message>> {
    for (const std::string& name : names)
      if (auto found = co_await self->try_candidate(wanted, name)) {
        found->answers.insert(found->answers.begin(),
                              dns::alias_record(wanted.questions[0].name, name, negative_ttl_s));
        co_return found;
      }
    co_return std::nullopt;
  };
  auto found = co_await io::deadline(walk(this, query, candidates(sought)), search_time).result();
  if (!found && found.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(found).error());
  if (!found || !*found) co_return answer_of(query, {.code = Code::no_such_name});
  ++counts_.found_by_search;
  (*found)->questions = query.questions;
  co_return **std::move(found);
}

}  // namespace podo::cluster_dns
