#include "base/dns/resolver.h"

#include <fcntl.h>

#include <algorithm>

#include "base/io/combine.h"
#include "base/io/fd.h"

namespace podo::dns {

std::string read_configuration(const std::string& path) {
  constexpr std::size_t bytes_max = 1 << 20;
  const io::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  char buffer[4096];
  while (file && bytes.size() < bytes_max) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  return bytes;
}

std::vector<Upstream> upstreams_of(const ResolvConf& conf, std::uint16_t port) {
  std::vector<Upstream> upstreams;
  for (const IpAddress& server : conf.servers) upstreams.push_back({server, port});
  if (upstreams.empty())
    upstreams.push_back({IpAddress::from_bytes(std::string_view("\x7f\0\0\1", 4)), port});
  return upstreams;
}

io::Task<std::vector<IpAddress>> Resolver::query(std::string name, Type type, const ResolvConf& conf) {
  Message message;
  message.questions.push_back({name, type});
  message.edns_udp_bytes = 1232;  // what crosses any path in one piece
  co_await encode_name(name);     // a name that is none is not asked for
  const std::string bytes =
      co_await exchange_.ask(encode(message), upstreams_of(conf, port_), {conf.timeout, conf.attempts});
  const Message answer = co_await parse(bytes);
  std::vector<IpAddress> found;
  if (answer.code != Code::no_error && answer.code != Code::no_such_name)
    co_return unavailable("the DNS server failed");
  for (const Record& record : answer.answers)  // at the end of a chain of CNAMEs, which the server followed
    if (record.type == type)
      if (const IpAddress address = IpAddress::from_bytes(record.data)) found.push_back(address);
  co_return found;
}

namespace {

template <class T>
io::Task<Result<T>> caught(io::Task<T> task) {
  co_return Result<Result<T>>(co_await task.result());
}

}  // namespace

// Both families at once. One of them failing is no failure while the other one answers.
io::Task<std::vector<IpAddress>> Resolver::look_up(std::string name, const ResolvConf& conf) {
  auto [v4, v6] = co_await io::all(caught(query(name, Type::a, conf)), caught(query(name, Type::aaaa, conf)));
  if (!v4 && !v6) co_return Failure(std::move(v4).error());
  std::vector<IpAddress> found;
  if (v4) found = *std::move(v4);
  if (v6) found.insert(found.end(), v6->begin(), v6->end());
  co_return found;
}

io::Task<std::vector<IpAddress>> Resolver::addresses(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (const auto numeric = IpAddress::parse(host)) co_return std::vector{*numeric};
  if (auto known = Hosts::parse(read_configuration(files_.hosts)).find(host); !known.empty()) {
    std::ranges::stable_sort(known, {}, [](const IpAddress& a) { return a.is_v6(); });
    co_return known;
  }
  if (is_within(host, "localhost"))  // RFC 6761, 6.3: never asked for
    co_return std::vector{*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
  const ResolvConf conf = ResolvConf::parse(read_configuration(files_.resolv_conf));
  const bool absolute = host.ends_with('.');
  if (absolute) host.pop_back();
  std::vector<std::string> names;
  if (!absolute)
    for (const std::string& domain : conf.search) names.push_back(text("{}.{}", host, domain));
  const bool has_dots = std::ranges::count(host, '.') >= conf.dots;
  names.insert(has_dots ? names.begin() : names.end(), host);
  for (const std::string& name : names) {
    std::vector<IpAddress> found = co_await look_up(name, conf);
    if (!found.empty()) co_return found;
  }
  co_return not_found("lookup {}: no such host", host);
}

}  // namespace podo::dns
