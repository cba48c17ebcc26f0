// The runtime's side of a birth. See birth.h for the whole order.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/runtime/birth.h"

namespace podo::runtime {
namespace {

// unshare()d by the child itself: cgroup once it is in its groups, time because clone3 cannot set offsets.
constexpr std::uint64_t made_by_child = CLONE_NEWCGROUP | CLONE_NEWTIME;

// The process is killed unless the birth succeeded.
class Midwife {
 public:
  Midwife(Birth& birth, Log& log) : birth_(birth), namespaces_(birth.plan->namespaces), log_(log) {}
  ~Midwife() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);  // our own child, not reaped yet: the number is still its own
    (void)linux::wait_for_exit(pid_);
  }

  Result<Newborn> deliver(BirthAttendant& attendant) {
    auto [ours, theirs] = TRY(Channel::make());
    ours.set_log(log_);
    TRY(needs_between(namespaces_) ? clone_by_between(ours, theirs) : clone_directly(ours, theirs));
    theirs.close();
    if ((namespaces_.create & CLONE_NEWUSER) != 0) TRY(write_maps());
    TRY(attendant.born(pid_));
    TRY(ours.send(Step::proceed, text("{}", pid_)));
    io::Fd terminal;
    for (;;) {
      Message message = TRY(ours.receive());
      if (message.step == Step::failed) return Failure(decode_failure(message.body));
      if (message.step == Step::ready) break;
      if (message.step == Step::terminal) {
        terminal = std::move(message.descriptor);
      } else if (message.step == Step::runtime_hooks) {
        TRY(attendant.run_runtime_hooks());
        TRY(ours.send(Step::proceed));
      } else {
        return internal("the container's process said '{}' during its birth",
                        static_cast<char>(message.step));
      }
    }
    return Newborn{std::exchange(pid_, 0), std::move(pidfd_), std::move(ours), std::move(terminal)};
  }

 private:
  std::uint64_t clone_flags() const { return namespaces_.create & ~made_by_child; }

  Result<> clone_directly(Channel& ours, Channel& theirs) {
    const NamespaceJoin* pid_namespace = nullptr;
    for (const NamespaceJoin& join : namespaces_.join) {
      if (join.kind == CLONE_NEWPID) pid_namespace = &join;
    }
    io::Fd own;  // a process joins a pid namespace by being born there; afterwards our own children are ours
                 // again (hooks)
    if (pid_namespace != nullptr) {
      own = TRY(linux::open_at(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY));
      TRY(join_namespaces({*pid_namespace}));
    }
    auto child = clone_into(birth_.cgroup_entry, clone_flags(), "linux.namespaces");
    if (child && child->pid == 0) {
      ours.close();
      run_init_stage(birth_, theirs);
    }
    if (own) TRY(linux::join_namespace(own.get(), CLONE_NEWPID));
    if (!child) return Failure(std::move(child).error());
    pid_ = child->pid;
    pidfd_ = std::move(child->pidfd);
    return {};
  }

  // A process between us and the container's: it enters the existing namespaces with our privileges, then has
  // the container's process as its sibling (CLONE_PARENT), whose new user namespace owns what it makes.
  Result<> clone_by_between(Channel& ours, Channel& theirs) {
    linux::Child between = TRY(linux::clone_process({}));
    if (between.pid == 0) {
      ours.close();
      be_between(theirs);
    }
    theirs.close();  // so that we hear of it when it is killed
    auto born = ours.expect(Step::born);
    TRY(linux::wait_for_exit(between.pid));
    const std::string number = TRY(std::move(born)).body;
    std::from_chars(number.data(), number.data() + number.size(), pid_);
    pidfd_ = TRY(linux::open_process(pid_));
    return {};
  }

  [[noreturn]] void be_between(Channel& theirs) {
    const Result<> done = [&]() -> Result<> {
      TRY_IN("linux.namespaces", join_namespaces(namespaces_.join));
      const linux::Child child =
          TRY(clone_into(birth_.cgroup_entry, clone_flags() | CLONE_PARENT, "linux.namespaces"));
      if (child.pid == 0) run_init_stage(birth_, theirs);
      return theirs.send(Step::born, text("{}", child.pid));
    }();
    if (!done) (void)theirs.send_failure(done.error());
    ::_exit(done ? 0 : 1);
  }

  Result<> write_maps() {
    const bool privileged = ::geteuid() == 0;
    const auto file = [&](std::string_view name) { return text("/proc/{}/{}", pid_, name); };
    // An unprivileged writer of gid_map must give up setgroups first (user_namespaces(7)).
    if (!privileged) TRY(linux::write_file(AT_FDCWD, file("setgroups").c_str(), "deny"));
    const auto write = [&](std::string_view name, const std::string& map, const char* program) -> Result<> {
      if (map.empty()) return {};
      const auto written = linux::write_file(AT_FDCWD, file(name).c_str(), map);
      if (written || privileged || written.error().system_errno() != EPERM) return written;
      return write_map_with(program, map);
    };
    TRY_IN("linux.gidMappings", write("gid_map", namespaces_.gid_map, "newgidmap"));
    TRY_IN("linux.uidMappings", write("uid_map", namespaces_.uid_map, "newuidmap"));
    return {};
  }

  // More than one's own id is granted by shadow's setuid programs from /etc/subuid, /etc/subgid.
  Result<> write_map_with(const char* program, const std::string& map) {
    std::vector<std::string> words = {program, text("{}", pid_)};
    std::string word;
    for (const char c : map) {
      if (c != ' ' && c != '\n') word.push_back(c);
      else if (!word.empty()) words.push_back(std::exchange(word, {}));
    }
    std::vector<char*> args;
    for (auto& each : words) args.push_back(each.data());
    args.push_back(nullptr);
    pid_t helper = 0;
    const int error = ::posix_spawnp(&helper, program, nullptr, nullptr, args.data(), environ);
    if (error != 0) return failed_errno(error, "{} (package uidmap)", program);
    const int code = TRY(linux::wait_for_exit(helper));
    if (code != 0)
      return denied("{} refused the mapping (exit status {}): see /etc/subuid and /etc/subgid", program,
                    code);
    return {};
  }

  Birth& birth_;
  const NamespacePlan& namespaces_;
  Log& log_;
  pid_t pid_ = 0;
  io::Fd pidfd_;
};

}  // namespace

bool needs_between(const NamespacePlan& namespaces) {
  const bool makes_user = (namespaces.create & CLONE_NEWUSER) != 0;
  for (const NamespaceJoin& join : namespaces.join) {
    if (makes_user || join.kind == CLONE_NEWUSER) return true;
  }
  return false;
}

Result<> join_namespaces(const std::vector<NamespaceJoin>& join) {
  std::vector<std::pair<const NamespaceJoin*, io::Fd>> waiting;
  for (const NamespaceJoin& each :
       join) {  // all are opened first: behind a joined mount namespace paths mean something else
    waiting.emplace_back(&each,
                         TRY_IN("linux.namespaces", linux::open_at(AT_FDCWD, each.path.c_str(), O_RDONLY)));
  }
  // Those of another owner than the user namespace to be joined must be entered before it, its own only from
  // inside it: so two rounds around it; mount last, in the round that gets it.
  const auto enter = [&](bool last_chance) -> Result<> {
    for (auto& [each, descriptor] : waiting) {
      if (!descriptor || each->kind == CLONE_NEWUSER) continue;
      auto joined = linux::join_namespace(descriptor.get(), each->kind);
      if (joined) descriptor.close();
      else if (last_chance || joined.error().system_errno() != EPERM) {
        return Failure(std::move(joined).error().within(
            text("linux.namespaces: {} {}", linux::name_of_namespace(each->kind), each->path)));
      }
    }
    return {};
  };
  for (auto& [each, descriptor] : waiting) {
    if (each->kind != CLONE_NEWUSER) continue;
    TRY(enter(false));
    TRY_IN(text("linux.namespaces: user {}", each->path),
           linux::join_namespace(descriptor.get(), CLONE_NEWUSER));
    descriptor.close();
  }
  return enter(true);
}

Result<Newborn> give_birth(Birth& birth, BirthAttendant& attendant, Log& log) {
  return Midwife(birth, log).deliver(attendant);
}

}  // namespace podo::runtime
