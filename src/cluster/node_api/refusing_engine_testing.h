// What an engine can do and a node's API never asks for, refused: what tests build their engines on.
#pragma once

#include "container/engine/engine.h"

namespace podo::node_api {

using io::Task;

class RefusingEngine : public engine::Engine {
 public:
  Task<Created> create(docker::CreateRequest, std::string) override { co_return no(); }
  Task<Created> create_step(docker::CreateRequest, std::string) override { co_return no(); }
  Result<engine::ContainerPtr> get(std::string_view) const override { return no(); }
  std::vector<engine::ContainerPtr> list() const override { return {}; }
  Task<bool> start(std::string, std::string) override { co_return no(); }
  Task<bool> stop(std::string, engine::StopOptions) override { co_return no(); }
  Task<void> restart(std::string, engine::StopOptions) override { co_await no(); }
  Task<void> kill(std::string, std::string) override { co_await no(); }
  Task<void> pause(std::string) override { co_await no(); }
  Task<void> unpause(std::string) override { co_await no(); }
  Task<void> rename(std::string, std::string) override { co_await no(); }
  Task<std::vector<std::string>> update(std::string, docker::UpdateRequest) override { co_return no(); }
  Task<void> remove(std::string, engine::RemoveOptions) override { co_await no(); }
  Result<std::unique_ptr<Waiter>> wait(std::string, engine::WaitFor) override { return no(); }
  Task<Top> top(std::string, std::string) override { co_return no(); }
  Task<std::string> stats(std::string, std::string_view, bool) override { co_return no(); }
  Task<std::vector<image::Change>> changes(std::string) override { co_return no(); }
  Task<engine::Usage> usage(std::string) override { co_return no(); }
  Task<engine::PathStat> stat_path(std::string, std::string) override { co_return no(); }
  Task<engine::PathStat> copy_from(std::string, std::string, std::function<Task<void>(engine::PathStat)>,
                                   image::Images::Sink) override {
    co_return no();
  }
  Task<void> copy_to(std::string, std::string, http::Body&, CopyOptions) override { co_await no(); }
  Task<void> export_tree(std::string, image::Images::Sink) override { co_await no(); }
  Task<image::ImagePtr> commit(CommitRequest) override { co_return no(); }
  Task<engine::VolumePtr> create_volume(VolumeWish) override { co_return no(); }
  Result<engine::VolumePtr> get_volume(std::string_view) const override { return no(); }
  std::vector<engine::VolumePtr> list_volumes() const override { return {}; }
  std::vector<std::string> users_of_volume(std::string_view) const override { return {}; }
  Task<std::uint64_t> volume_bytes(std::string) override { co_return no(); }
  Task<void> remove_volume(std::string, bool) override { co_await no(); }
  Task<void> connect(std::string, std::string, docker::EndpointSettings) override { co_await no(); }
  Task<void> disconnect(std::string, std::string, bool) override { co_await no(); }
  Task<engine::SandboxPtr> make_sandbox(engine::SandboxWish) override { co_return no(); }
  engine::SandboxPtr find_sandbox(std::string_view) const override { return nullptr; }
  std::vector<engine::SandboxPtr> list_sandboxes() const override { return {}; }
  Task<void> set_sandbox_hosts(std::string, std::string) override { co_await no(); }
  Task<void> remove_sandbox(std::string) override { co_await no(); }
  Task<void> set_control_group(std::string, docker::Resources) override { co_await no(); }
  Task<void> remove_control_group(std::string) override { co_await no(); }
  Task<void> close(bool) override { co_return; }

 protected:
  static Failure no() { return unsupported("this engine does not do that"); }
};

}  // namespace podo::node_api
