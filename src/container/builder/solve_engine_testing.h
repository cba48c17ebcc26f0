// An engine for the solver's tests, whose commands are words with a meaning:
//
//   "out TEXT"   prints TEXT and ends with 0         "fail N"    ends with N
//   "meet N"     ends once N of them run at a time   "forever"   until it is removed
#pragma once

#include <charconv>

#include "base/io/condition.h"
#include "container/builder/solve_images_testing.h"
#include "container/engine/engine.h"

namespace podo::builder {

class FakeEngine final : public engine::Engine {
 public:
  explicit FakeEngine(FakeImages& images) : images_(images) {}
  std::vector<std::string> started;  // commands, in their order
  std::vector<docker::CreateRequest> requests;
  std::size_t most_at_once = 0;

  Task<Created> create_step(docker::CreateRequest request, std::string id) override {
    Step step{.command = request.config.cmd.value_or(docker::Strings()).back()};
    images_.commands[id] = step.command;
    steps_[id] = std::move(step);
    requests.push_back(std::move(request));
    co_return Created{.id = id, .warnings = {}};
  }
  Task<bool> start(std::string id, std::string) override {
    started.push_back(steps_.at(id).command);
    steps_.at(id).runs = true;
    most_at_once = std::max(most_at_once, running());
    changed_.notify_all();
    co_return true;
  }
  Result<std::unique_ptr<Waiter>> wait(std::string id, engine::WaitFor) override {
    return std::unique_ptr<Waiter>(std::make_unique<StepWaiter>(*this, std::move(id)));
  }
  Task<std::unique_ptr<io::Stream>> attach(std::string id, engine::AttachOptions) override {
    co_return std::unique_ptr<io::Stream>(std::make_unique<Output>(steps_.at(id).command));
  }
  Task<void> remove(std::string id, engine::RemoveOptions) override {
    if (steps_.erase(id) == 0) co_await not_found("No such container: {}", id);
  }
  std::size_t containers() const { return steps_.size(); }

  Task<Created> create(docker::CreateRequest, std::string) override { co_return none(); }
  Result<engine::ContainerPtr> get(std::string_view) const override { return none(); }
  std::vector<engine::ContainerPtr> list() const override { return {}; }
  Task<bool> stop(std::string, engine::StopOptions) override { co_return none(); }
  Task<void> restart(std::string, engine::StopOptions) override { co_return; }
  Task<void> kill(std::string, std::string) override { co_return; }
  Task<void> pause(std::string) override { co_return; }
  Task<void> unpause(std::string) override { co_return; }
  Task<void> rename(std::string, std::string) override { co_return; }
  Task<std::vector<std::string>> update(std::string, docker::UpdateRequest) override { co_return none(); }
  Task<void> resize(std::string, std::uint32_t, std::uint32_t) override { co_return; }
  Task<std::unique_ptr<engine::LogReader>> logs(std::string, engine::LogOptions) override {
    co_return none();
  }
  Task<Top> top(std::string, std::string) override { co_return none(); }
  Task<std::string> stats(std::string, std::string_view, bool) override { co_return none(); }
  Task<std::vector<image::Change>> changes(std::string) override { co_return none(); }
  Task<engine::Usage> usage(std::string) override { co_return none(); }
  Task<engine::PathStat> stat_path(std::string, std::string) override { co_return none(); }
  Task<engine::PathStat> copy_from(std::string, std::string, std::function<Task<void>(engine::PathStat)>,
                                   image::Images::Sink) override {
    co_return none();
  }
  Task<void> copy_to(std::string, std::string, http::Body&, CopyOptions) override { co_return; }
  Task<void> export_tree(std::string, image::Images::Sink) override { co_return; }
  Task<image::ImagePtr> commit(CommitRequest) override { co_return none(); }
  Task<std::string> create_exec(std::string, docker::ExecConfig) override { co_return none(); }
  Result<engine::ExecPtr> get_exec(std::string_view) const override { return none(); }
  Task<std::unique_ptr<io::Stream>> start_exec(std::string, ExecStart) override { co_return none(); }
  Task<int> wait_exec(std::string) override { co_return none(); }
  Task<void> resize_exec(std::string, std::uint32_t, std::uint32_t) override { co_return; }
  Task<engine::VolumePtr> create_volume(VolumeWish) override { co_return none(); }
  Result<engine::VolumePtr> get_volume(std::string_view) const override { return none(); }
  std::vector<engine::VolumePtr> list_volumes() const override { return {}; }
  std::vector<std::string> users_of_volume(std::string_view) const override { return {}; }
  Task<std::uint64_t> volume_bytes(std::string) override { co_return 0; }
  Task<void> remove_volume(std::string, bool) override { co_return; }
  Task<void> connect(std::string, std::string, docker::EndpointSettings) override { co_return; }
  Task<void> disconnect(std::string, std::string, bool) override { co_return; }
  Task<engine::SandboxPtr> make_sandbox(engine::SandboxWish) override { co_return none(); }
  engine::SandboxPtr find_sandbox(std::string_view) const override { return nullptr; }
  std::vector<engine::SandboxPtr> list_sandboxes() const override { return {}; }
  Task<void> set_sandbox_hosts(std::string, std::string) override { co_return; }
  Task<void> remove_sandbox(std::string) override { co_return; }
  Task<std::unique_ptr<io::Stream>> connect_in_sandbox(std::string, std::uint16_t) override {
    co_return none();
  }
  Task<void> set_control_group(std::string, docker::Resources) override { co_return; }
  Task<void> remove_control_group(std::string) override { co_return; }
  Task<void> close(bool) override { co_return; }

 private:
  struct Step {
    std::string command;
    bool runs = false;
  };
  class Output final : public io::Stream {
   public:
    explicit Output(const std::string& command) {
      if (!command.starts_with("out ")) return;
      const std::string text = command.substr(4);
      bytes_ = std::string("\1\0\0\0\0\0\0", 7) + static_cast<char>(text.size()) + text;
    }
    Task<std::size_t> read(std::span<std::byte> into) override {
      // In small pieces: a frame may come in any.
      const std::size_t count = std::min<std::size_t>({into.size(), bytes_.size(), 3});
      bytes_.copy(reinterpret_cast<char*>(into.data()), count);
      bytes_.erase(0, count);
      co_return count;
    }
    Task<void> write(std::span<const std::byte>) override { co_return; }
    Result<void> finish() override { return {}; }

   private:
    std::string bytes_;
  };
  class StepWaiter final : public Waiter {
   public:
    StepWaiter(FakeEngine& engine, std::string id) : engine_(engine), id_(std::move(id)) {}
    Task<engine::Waited> done() override {
      engine::Waited ended;
      while (!engine_.may_end(id_, ended.exit_code)) co_await engine_.changed_.wait();
      engine_.steps_.erase(id_);
      co_return ended;
    }

   private:
    FakeEngine& engine_;
    std::string id_;
  };

  std::size_t running() const {
    std::size_t count = 0;
    for (const auto& [id, step] : steps_) count += step.runs ? 1 : 0;
    return count;
  }
  bool may_end(const std::string& id, int& code) const {
    const std::string& command = steps_.at(id).command;
    const std::string_view number = std::string_view(command).substr(command.find(' ') + 1);
    int value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    if (command.starts_with("fail ")) code = value;
    if (command.starts_with("meet ")) return most_at_once >= static_cast<std::size_t>(value);
    return !command.starts_with("forever");
  }
  static Failure none() { return unsupported("not in this test"); }

  FakeImages& images_;
  std::map<std::string, Step> steps_;
  io::Condition changed_{"a command"};
};

}  // namespace podo::builder
