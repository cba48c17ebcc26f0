// podo info, podo version
#include "base/core/version.h"
#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/template.h"
#include "cli/console/units.h"
#include "cli/daemon_costs.h"

namespace podo::cli {
namespace {

Result<> print_as(json::Value value, const std::string& format) {
  if (format == "json") return print(json::Writer().value(value).take() + "\n");
  Template parsed = TRY(Template::parse(format));
  return print(TRY(parsed.run(value)) + "\n");
}

std::string info_text(json::Value info) {
  std::string out;
  auto line = [&](std::string_view name, const std::string& value) { out += text(" {}: {}\n", name, value); };
  auto number = [&](std::string_view member) { return text("{}", get_number(info, member)); };
  auto list = [&](json::Value values) {
    std::vector<std::string> parts;
    for (json::Value value : values.items()) parts.emplace_back(value.string());
    return join(parts, " ");
  };
  out += "\nServer:\n";
  line("Containers", number("Containers"));
  out += text("  Running: {}\n  Paused: {}\n  Stopped: {}\n", number("ContainersRunning"),
              number("ContainersPaused"), number("ContainersStopped"));
  line("Images", number("Images"));
  line("Server Version", get_text(info, "ServerVersion"));
  line("Storage Driver", get_text(info, "Driver"));
  line("Logging Driver", get_text(info, "LoggingDriver"));
  line("Cgroup Driver", get_text(info, "CgroupDriver"));
  line("Cgroup Version", get_text(info, "CgroupVersion"));
  out +=
      text(" Plugins:\n  Volume: {}\n  Network: {}\n  Log: {}\n", list(info.find("Plugins").find("Volume")),
           list(info.find("Plugins").find("Network")), list(info.find("Plugins").find("Log")));
  std::vector<std::string> runtimes;
  for (auto [name, runtime] : info.find("Runtimes").members()) runtimes.emplace_back(name);
  line("Runtimes", join(runtimes, " "));
  line("Default Runtime", get_text(info, "DefaultRuntime"));
  out += " Security Options:\n";
  for (json::Value option : info.find("SecurityOptions").items()) {
    std::vector<std::string> parts = split(option.string(), ',');
    for (const std::string& part : parts)
      out += part.starts_with("name=") ? text("  {}\n", part.substr(5)) : text("   {}\n", part);
  }
  line("Kernel Version", get_text(info, "KernelVersion"));
  line("Operating System", get_text(info, "OperatingSystem"));
  line("OSType", get_text(info, "OSType"));
  line("Architecture", get_text(info, "Architecture"));
  line("CPUs", number("NCPU"));
  line("Total Memory", binary_size(static_cast<double>(get_number(info, "MemTotal"))));
  line("Name", get_text(info, "Name"));
  line("ID", get_text(info, "ID"));
  line("Root Dir", get_text(info, "DockerRootDir"));
  line("Debug Mode", get_truth(info, "Debug") ? "true" : "false");
  return out;
}

// The client's part is told although the daemon does not answer.
Task<int> info(Call call) {
  std::string format = call.flags.text("format");
  if (format.empty()) co_await print(text("Client:\n Version: {}\n Git commit: {}\n", version(), commit()));
  json::Document answer = co_await call.daemon.get("/info");
  if (!format.empty()) co_await print_as(answer.root(), format);
  else co_await print(info_text(answer.root()) + co_await daemon_costs(call.daemon, answer.root()));
  for (json::Value warning : answer.root().find("Warnings").items()) complain(warning.string());
  co_return 0;
}

std::string client_json() {
  json::Writer out;
  out.object()
      .key("Version")
      .string(version())
      .key("ApiVersion")
      .string("1.51")
      .key("GitCommit")
      .string(commit());
  out.key("Os").string("linux").end();
  return out.take();
}

std::string version_text(json::Value versions) {
  json::Value client = versions.find("Client"), server = versions.find("Server");
  std::string out = text("Client: Podo\n Version:           {}\n Git commit:        {}\n",
                         get_text(client, "Version"), get_text(client, "GitCommit"));
  if (!server.is(json::Kind::object)) return out;
  out += text("\nServer: {}\n", get_text(server.find("Platform"), "Name"));
  auto line = [&](std::string_view name, const std::string& value) {
    out += text("  {}:{}{}\n", name, std::string(17 - name.size(), ' '), value);
  };
  out += " Engine:\n";
  line("Version", get_text(server, "Version"));
  line("API version",
       text("{} (minimum version {})", get_text(server, "ApiVersion"), get_text(server, "MinAPIVersion")));
  line("Git commit", get_text(server, "GitCommit"));
  line("Built", get_text(server, "BuildTime"));
  line("OS/Arch", text("{}/{}", get_text(server, "Os"), get_text(server, "Arch")));
  line("Kernel", get_text(server, "KernelVersion"));
  return out;
}

// The client's part is told although the daemon does not answer.
Task<int> show_version(Call call) {
  Result<json::Document> server = co_await call.daemon.get("/version").result();
  json::Writer both;
  both.object().key("Client").raw(client_json()).key("Server");
  if (server) both.value(server->root());
  else both.null();
  json::Document versions = co_await json::parse(both.end().take());
  std::string format = call.flags.text("format");
  if (!format.empty()) co_await print_as(versions.root(), format);
  else co_await print(version_text(versions.root()));
  if (server) co_return 0;
  complain(server.error().message());
  co_return 1;
}

constexpr Flag info_flags[] = {{"format", 'f', FlagKind::value, "Format output: 'json' or a Go TEMPLATE"}};

}  // namespace

std::span<const Command> info_commands() {
  static constexpr Command table[] = {
      {"info|system info", "", "Display system-wide information", info_flags, 0, 0, info},
      {"version", "", "Show the version of Podo here and at the daemon", info_flags, 0, 0, show_version},
  };
  return table;
}

}  // namespace podo::cli
