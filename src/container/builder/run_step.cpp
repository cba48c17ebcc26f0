// RUN: a command in a container of the engine's, over the stage's tree. What it changed becomes a layer.
#include <fcntl.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/builder/config_change.h"
#include "container/builder/run_mounts.h"
#include "container/builder/solve.h"
#include "container/builder/step_failed.h"
#include "container/builder/step_key.h"
#include "container/engine/container_name.h"

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using Strings = std::vector<std::string>;

struct Command {
  Strings words;
  std::string program = {};  // a heredoc that begins with "#!": written to a file, which is the command
  std::vector<dockerfile::RunMount> mounts;
  std::string network, security;
};

constexpr std::string_view program_path = "/dev/pipes/script";  // in the container's own /dev

std::string joined(const Strings& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Nothing is mounted over the whole tree.
Result<> check_target(const StageRun& run, const dockerfile::RunMount& mount) {
  using Type = dockerfile::RunMount::Type;
  if (mount.type == Type::secret || mount.type == Type::ssh) return {};
  if (!mount.target.empty() && join_working_dir(run.state.config.working_dir, mount.target) != "/") return {};
  return invalid("invalid mount target \"/\"");
}

Result<Command> read_step(const Work& work, const StageRun& run, const Instruction& step) {
  Command command;
  if (step.exec_form) {
    command.words = step.words;
  } else {
    dockerfile::Script script = dockerfile::script_of(step);
    if (script.is_program) {
      command.program = std::move(script.text);
      command.words = {std::string(program_path)};
    } else {
      command.words = shell_command(run.state.config, std::move(script.text));
    }
  }
  const dockerfile::ExpandValue expand = [&](std::string_view value) {
    const dockerfile::Lookup lookup = [&](std::string_view name) { return run.state.find(name); };
    return dockerfile::expand(value, lookup, work.file.directives.escape);
  };
  for (const dockerfile::Flag& flag : step.flags) {
    if (flag.name == "mount") {
      command.mounts.push_back(TRY(dockerfile::parse_run_mount(flag.value, expand)));
      TRY(check_target(run, command.mounts.back()));
    } else if (flag.name == "network") command.network = flag.value;
    else if (flag.name == "security") command.security = flag.value;
  }
  if (command.network == "default") command.network.clear();
  if (command.security == "sandbox") command.security.clear();
  if (!command.network.empty() && command.network != "none" && command.network != "host")
    return invalid("invalid network mode \"{}\"", command.network);
  if (!command.security.empty() && command.security != "insecure")
    return invalid("security \"{}\" is not valid", command.security);
  if (command.network == "host" && !work.request.allow_host_network)
    return denied("entitlement network.host is not allowed");
  if (!command.security.empty() && !work.request.allow_insecure)
    return denied("entitlement security.insecure is not allowed");
  return command;
}

// What of it the result may depend on: the image's variables and the ARGs.
Strings environment_of(const StageRun& run) {
  Strings env = run.state.scope.over(run.state.config.env);
  if (!find_in(env, "PATH")) env.emplace_back(default_path);
  return env;
}

Task<std::string> key_of(Solve& solve, StageRun& run, const Command& command) {
  StepKey key("run");
  key.add("parent", run.state.top())
      .add("past", run.state.past)
      .add("command", command.words)
      .add("program", command.program);
  key.add("env", environment_of(run)).add("user", run.state.config.user);
  key.add("folder", run.state.config.working_dir);
  key.add("mounts", co_await mount_keys(solve, run, command.mounts));
  key.add("network", command.network).add("security", command.security);
  key.add("platform", run.platform.to_text());
  if (solve.work().epoch) key.add("epoch", text("{}", *solve.work().epoch));
  co_return key.digest();
}

// --- the container ---------------------------------------------------------------------------------------

docker::CreateRequest container_of(const Work& work, const StageRun& run, const Command& command,
                                   const RunMounts& mounts) {
  docker::CreateRequest request;
  docker::Config& config = request.config;
  config.entrypoint = docker::Strings();
  config.cmd = command.words;
  config.user = run.state.config.user;
  config.working_dir = run.state.config.working_dir;
  config.env = environment_of(run);
  for (std::string& proxy : proxies_of(work.given))
    if (!find_in(config.env, proxy.substr(0, proxy.find('=')))) config.env.push_back(std::move(proxy));
  config.env.insert(config.env.end(), mounts.environment.begin(), mounts.environment.end());
  config.attach_stdout = config.attach_stderr = true;
  docker::HostConfig& host = request.host_config = work.request.host;
  if (!command.network.empty()) host.network_mode = command.network;
  if (!command.security.empty()) host.privileged = true;
  host.log_config = {.type = "none", .config = {}};
  host.mounts = mounts.mounts;
  return request;
}

// Everything that is mounted on, so that mounts leave no trace in the layer.
Strings stubs_of(const RunMounts& mounts) {
  Strings stubs = {"/proc/", "/sys/", "/dev/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
  for (const std::string& target : mounts.targets)
    if (!target.starts_with("/dev/")) stubs.push_back(target);
  return stubs;
}

// Output as attach frames it: stream:1 zeros:3 length:be32 bytes.
class Frames {
 public:
  Frames(Work& work, int step) : work_(work), step_(step) {}

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      if (left_ == 0) {
        const std::size_t count = std::min(bytes.size(), 8 - head_.size());
        head_ += bytes.substr(0, count);
        bytes.remove_prefix(count);
        if (head_.size() < 8) return;
        for (std::size_t i = 4; i < 8; ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[i]);
        error_ = head_[0] == 2;
        head_.clear();
        continue;
      }
      const std::size_t count = std::min(bytes.size(), left_);
      BuildEvent event{.kind = BuildEvent::Kind::output, .step = step_};
      event.text = bytes.substr(0, count);
      event.error = error_;
      work_.tell(event);
      bytes.remove_prefix(count);
      left_ -= count;
    }
  }

 private:
  Work& work_;
  int step_;
  std::string head_;
  std::size_t left_ = 0;  // of the frame
  bool error_ = false;
};

Task<void> relay_output(Work& work, int step, io::Stream& stream) {
  Frames frames(work, step);
  std::string buffer(32 << 10, '\0');
  while (const std::size_t count = co_await stream.read(io::writable_bytes_of(buffer)))
    frames.feed(std::string_view(buffer).substr(0, count));
}

Task<int> run_container(Work& work, int step, docker::CreateRequest request, std::string id) {
  engine::Engine& engine = work.ground.engine;
  co_await io::shielded(engine.create_step(std::move(request), id));
  BuildEvent event{.kind = BuildEvent::Kind::running, .step = step};
  event.state = id;
  work.tell(event);
  const auto waiter = co_await engine.wait(id, engine::WaitFor::next_exit);
  const auto output = co_await engine.attach(id, {.stream = true, .out = true, .err = true});
  co_await engine.start(id);
  co_await relay_output(work, step, *output);
  const engine::Waited ended = co_await waiter->done();
  if (!ended.error.empty()) co_return invalid("{}", ended.error);
  co_return ended.exit_code;
}

Error explained(Error error, const StageRun& run) {
  const bool foreign = oci::Platform::own().suits(run.platform) == 0;
  if (!foreign || error.message().find("exec format error") == std::string::npos) return error;
  return {error.kind(), text("{}: programs for {} run here only with an emulator that is registered in "
                             "/proc/sys/fs/binfmt_misc",
                             error.message(), run.platform.to_text())};
}

// --- the step --------------------------------------------------------------------------------------------

Task<void> write_program(Work& work, const std::string& program, RunMounts& mounts) {
  const std::string path = text("{}/{}", work.folder, work.next_name());
  co_await work.ground.pool.run([path, program, folder = work.folder]() -> Result<> {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0755));
    return linux::write_whole(file.get(), program);
  });
  docker::Mount mount;
  mount.type = "bind";
  mount.source = path;
  mount.target = program_path;
  mount.read_only = true;
  mounts.mounts.push_back(std::move(mount));
}

Task<int> prepare_and_run(Solve& solve, StageRun& run, const Command& command, RunMounts& mounts,
                          const std::string& id) {
  Work& work = solve.work();
  co_await make_mounts(solve, run, command.mounts, mounts);
  if (!command.program.empty()) co_await write_program(work, command.program, mounts);
  co_await io::shielded(work.ground.images.make_build_snapshot(id, run.state.chain_ids, stubs_of(mounts)));
  co_return co_await run_container(work, run.number, container_of(work, run, command, mounts), id);
}

// A container that has ended is gone by itself.
Task<void> end_container(Work& work, std::string id) {
  const auto removed = co_await work.ground.engine.remove(id, {.force = true}).result();
  if (!removed && removed.error().kind() != ErrorKind::not_found)
    work.ground.log.warn("remove the container {} of a build: {}", id, removed.error().message());
}

Task<image::Images::KeptLayer> make_layer(Solve& solve, StageRun& run, const Command& command) {
  Work& work = solve.work();
  const std::string id = engine::make_id(work.ground.random);
  RunMounts mounts;
  const auto ended = co_await prepare_and_run(solve, run, command, mounts, id).result();
  if (!ended) co_await io::shielded(end_container(work, id));
  co_await drop_mounts(work, std::move(mounts));
  MountedTree tree{.id = id, .path = {}, .is_mounted = false};
  if (!ended || *ended != 0) {
    co_await drop_tree(work, std::move(tree));
    co_return ended ? Failure(step_failure({.command = joined(command.words), .exit_code = *ended}))
                    : Failure(explained(ended.error(), run));
  }
  co_return co_await keep_tree(work, std::move(tree));
}

}  // namespace

Task<StepDone> run_step(Solve& solve, StageRun& run, Instruction step) {
  const Command command = co_await read_step(solve.work(), run, step);
  std::string key = co_await key_of(solve, run, command);
  const std::size_t layers = run.state.chain_ids.size();
  const StepDone done = co_await solve.add_layer(run, std::move(key), step.text,
                                                 [&] { return make_layer(solve, run, command); });
  run.state.add_history(done.created,
                        "RUN " + run.state.scope.history(run.state.config.env) + joined(command.words),
                        run.state.chain_ids.size() == layers);
  co_return done;
}

}  // namespace podo::builder
