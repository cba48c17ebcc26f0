#include "model/docker/encode_members.h"

namespace podo::docker {

static void value(Writer& out, const HealthConfig& of) {
  out.object();
  member_if(out, "Test", of.test);
  member_if(out, "Interval", of.interval_ns);
  member_if(out, "Timeout", of.timeout_ns);
  member_if(out, "StartPeriod", of.start_period_ns);
  member_if(out, "StartInterval", of.start_interval_ns);
  member_if(out, "Retries", of.retries);
  out.end();
}

static void value(Writer& out, const EndpointSettings::IpamConfig& of) {
  out.object();
  member_if(out, "IPv4Address", of.ipv4_address);
  member_if(out, "IPv6Address", of.ipv6_address);
  member_if(out, "LinkLocalIPs", of.link_local_ips);
  out.end();
}

void encode(Writer& out, const Config& config) {
  out.object();
  member(out, "Hostname", config.hostname);
  member(out, "Domainname", config.domainname);
  member(out, "User", config.user);
  member(out, "AttachStdin", config.attach_stdin);
  member(out, "AttachStdout", config.attach_stdout);
  member(out, "AttachStderr", config.attach_stderr);
  member_if(out, "ExposedPorts", config.exposed_ports);
  member(out, "Tty", config.tty);
  member(out, "OpenStdin", config.open_stdin);
  member(out, "StdinOnce", config.stdin_once);
  member(out, "Env", config.env);
  member_or_null(out, "Cmd", config.cmd);
  member_if(out, "Healthcheck", config.healthcheck);
  member_if(out, "ArgsEscaped", config.args_escaped);
  member(out, "Image", config.image);
  member_or_null(out, "Volumes", config.volumes);
  member(out, "WorkingDir", config.working_dir);
  member_or_null(out, "Entrypoint", config.entrypoint);
  member_if(out, "NetworkDisabled", config.network_disabled);
  member_if(out, "MacAddress", config.mac_address);
  member_or_null(out, "OnBuild", config.on_build);
  member(out, "Labels", config.labels);
  member_if(out, "StopSignal", config.stop_signal);
  member_if(out, "StopTimeout", config.stop_timeout_s);
  member_if(out, "Shell", config.shell);
  out.end();
}

void encode_members(Writer& out, const EndpointSettings& settings) {
  member_or_null(out, "IPAMConfig", settings.ipam_config);
  member_or_null(out, "Links", settings.links);
  member_or_null(out, "Aliases", settings.aliases);
  member(out, "MacAddress", settings.mac_address);
  member_or_null(out, "DriverOpts", settings.driver_opts);
  member(out, "GwPriority", settings.gw_priority);
}

}  // namespace podo::docker
