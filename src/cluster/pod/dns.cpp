#include "cluster/pod/dns.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;
using Words = std::vector<std::string>;

std::string joined(const Words& words, std::string_view between) {
  std::string all;
  for (const std::string& word : words) all.append(all.empty() ? "" : between).append(word);
  return all;
}

Words words_of(std::string_view line) {
  Words words;
  for (std::size_t at = line.find_first_not_of(" \t\r"); at < line.size();) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = line.find_first_not_of(" \t\r", end);
  }
  return words;
}

void add_once(Words& words, std::string_view word) {
  if (std::ranges::find(words, word) == words.end()) words.emplace_back(word);
}

// "ndots:5" and "ndots:2" are the same option: the later one counts.
void set_option(Words& options, std::string_view option) {
  const auto name = [](std::string_view of) { return of.substr(0, of.find(':')); };
  for (std::string& each : options) {
    if (name(each) == name(option)) {
      each = option;
      return;
    }
  }
  options.emplace_back(option);
}

bool asks_cluster(const json::Item& pod, const DnsFacts& facts) {
  const std::string_view policy = text_at(pod, "spec.dnsPolicy");
  if (facts.cluster_dns.empty()) return false;
  if (policy == "ClusterFirstWithHostNet") return true;
  return (policy == "ClusterFirst" || policy.empty()) && !kube::is_true_at(pod, "spec.hostNetwork");
}

ResolvConf base_of(const json::Item& pod, const DnsFacts& facts) {
  if (text_at(pod, "spec.dnsPolicy") == "None") return {};
  ResolvConf machine = parse_resolv_conf(facts.machine);
  if (!asks_cluster(pod, facts)) return machine;
  ResolvConf conf{.servers = {facts.cluster_dns}, .search = {}, .options = {"ndots:5"}};
  const std::string& domain = facts.cluster_domain;
  conf.search = {text("{}.svc.{}", text_at(pod, "metadata.namespace"), domain), text("svc.{}", domain),
                 domain};
  for (const std::string& each : machine.search) add_once(conf.search, each);
  return conf;
}

void add_wishes(ResolvConf& conf, const json::Item& wish) {
  for (const json::Item& server : kube::children_at(wish, "nameservers"))
    add_once(conf.servers, server.string_or(""));
  for (const json::Item& search : kube::children_at(wish, "searches"))
    add_once(conf.search, search.string_or(""));
  for (const json::Item& option : kube::children_at(wish, "options")) {
    const std::string_view name = text_at(option, "name"), value = text_at(option, "value");
    set_option(conf.options, value.empty() ? std::string(name) : text("{}:{}", name, value));
  }
}

void cut_to_limits(PodDns& dns) {
  ResolvConf& conf = dns.conf;
  if (conf.servers.size() > servers_max) {
    conf.servers.resize(servers_max);
    dns.cut.push_back(text(
        "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line "
        "is: {}",
        joined(conf.servers, " ")));
  }
  const std::size_t before = conf.search.size();
  if (conf.search.size() > search_max) conf.search.resize(search_max);
  while (joined(conf.search, " ").size() > search_bytes_max) conf.search.pop_back();
  if (conf.search.size() < before)
    dns.cut.push_back(text(
        "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
        "{}",
        joined(conf.search, " ")));
}

}  // namespace

std::string ResolvConf::text() const {
  std::string file;
  if (!search.empty()) file.append("search ").append(joined(search, " ")).append("\n");
  for (const std::string& server : servers) file.append("nameserver ").append(server).append("\n");
  if (!options.empty()) file.append("options ").append(joined(options, " ")).append("\n");
  return file;
}

ResolvConf parse_resolv_conf(std::string_view file) {
  ResolvConf conf;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    Words words = words_of(file.substr(0, end));
    file.remove_prefix(std::min(end + 1, file.size()));
    if (words.size() < 2) continue;
    const std::string keyword = words.front();
    words.erase(words.begin());
    if (keyword == "nameserver") conf.servers.push_back(words.front());
    if (keyword == "search") conf.search = std::move(words);  // the last line counts
    else if (keyword == "options") conf.options = std::move(words);
  }
  std::erase(conf.search, ".");
  return conf;
}

PodDns dns_of(const json::Item& pod, const DnsFacts& facts) {
  PodDns dns{.conf = base_of(pod, facts), .cut = {}};
  add_wishes(dns.conf, kube::part_at(pod, "spec.dnsConfig"));
  cut_to_limits(dns);
  return dns;
}

}  // namespace podo::pod
