#include "container/runtime/creation.h"
#include "container/runtime/hooks.h"
#include "container/seccomp/seccomp.h"
#include "model/oci/decode.h"

namespace podo::runtime {
Result<> send_listener_on(const io::Fd& listener, const ContainerState& state,
                          const StateDirectory& directory, Status now, pid_t pid) {
  const oci::Config config = TRY(saved_config(directory));
  if (!config.linux.seccomp) return internal("a seccomp listener of a container without a filter");
  const oci::Seccomp& seccomp = *config.linux.seccomp;
  const std::string notice =
      listener_state_json(seccomp.listener_metadata, pid, spec_state_json(state, now), state.oci_version);
  TRY_IN("linux.seccomp.listenerPath", send_listener(seccomp.listener_path, listener, notice));
  return {};
}

Result<> let_go(const Channel& channel, const ContainerState& state, const StateDirectory& directory,
                Status now, Log& log) {
  TRY(channel.send(Step::proceed));
  for (;;) {
    auto message = channel.receive();
    if (!message) {
      if (message.error().kind() == ErrorKind::cancelled) break;  // closed by execve
      return Failure(std::move(message).error());
    }
    if (message->step == Step::failed) {
      (void)channel.receive();  // until it is gone: whoever asks next sees it stopped
      return Failure(decode_failure(message->body));
    }
    if (message->step != Step::listener)
      return internal("the container's process said '{}' at start", static_cast<char>(message->step));
    TRY(send_listener_on(message->descriptor, state, directory, now, state.pid));
    TRY(channel.send(Step::proceed));
  }
  if (!state.has_poststart) return {};
  const oci::Config config = TRY(saved_config(directory));
  run_hooks_warning("poststart", config.hooks.poststart, spec_state_json(state, Status::running),
                    state.bundle, log);
  return {};
}

Result<> Runtime::start(const std::string& id) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::exclusive));
  const ContainerState state = TRY(directory.load());
  const Status status = observe(directory, state);
  if (status != Status::created) return conflict("cannot start a container that is {}", name_of(status));
  Channel waiting(TRY(directory.connect_start()));
  waiting.set_log(log_);
  TRY(directory.forget_start());  // from here on it counts as started, whatever becomes of us
  return let_go(waiting, state, directory, Status::created, log_);
}

}  // namespace podo::runtime
