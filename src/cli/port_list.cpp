#include "cli/port_list.h"

#include <algorithm>
#include <tuple>

#include "cli/console/daemon.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

struct Port {
  std::string ip, type;
  std::int64_t inside, outside;
};
struct Run {
  std::string ip, type;
  std::int64_t first, last;
};

std::string bracketed(const std::string& ip) { return ip.contains(':') ? "[" + ip + "]" : ip; }

std::string shown(const Run& run) {
  std::string ports = run.first == run.last ? text("{}", run.first) : text("{}-{}", run.first, run.last);
  if (!run.ip.empty()) ports = text("{}:{}->{}", bracketed(run.ip), ports, ports);
  return ports + "/" + run.type;
}

}  // namespace

std::string port_list(json::Value value) {
  std::vector<Port> ports;
  for (json::Value port : value.items())
    ports.push_back({get_text(port, "IP"), get_text(port, "Type"), get_number(port, "PrivatePort"),
                     get_number(port, "PublicPort")});
  std::ranges::sort(ports, {}, [](const Port& p) { return std::tuple(p.inside, p.ip, p.outside, p.type); });
  std::vector<Run> open;
  std::vector<std::string> out, moved;
  for (const Port& port : ports) {
    if (!port.ip.empty() && port.outside != port.inside) {
      moved.push_back(text("{}:{}->{}/{}", bracketed(port.ip), port.outside, port.inside, port.type));
      continue;
    }
    auto same = [&](const Run& run) { return run.ip == port.ip && run.type == port.type; };
    auto run = std::ranges::find_if(open, same);
    if (run == open.end()) {
      open.push_back({port.ip, port.type, port.inside, port.inside});
    } else if (port.inside == run->last + 1) {
      run->last = port.inside;
    } else {
      out.push_back(shown(*run));
      run->first = run->last = port.inside;
    }
  }
  for (const Run& run : open) out.push_back(shown(run));
  out.insert(out.end(), moved.begin(), moved.end());
  return join(out, ", ");
}

}  // namespace podo::cli
