#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/seccomp/seccomp_testing.h"

namespace podo::runtime {
using namespace testing;  // NOLINT

namespace {

struct Outcome {
  int code = -1, signal = 0;
  bool operator==(const Outcome&) const = default;
};

// `work` under the filter, in a process of its own; its value is the exit code.
template <class Work>
Outcome run_under(const SeccompFilter& filter, Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!load_seccomp(filter)) ::_exit(99);
    ::_exit(work());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? Outcome{-1, WTERMSIG(status)} : Outcome{WEXITSTATUS(status), 0};
}

int errno_of(long result) { return result < 0 ? errno : 0; }
int make_directory() { return errno_of(::syscall(SYS_mkdirat, AT_FDCWD, "/", 0700)); }

// A socket pair to the child, over which it sends the descriptor that it got.
io::Fd receive(int socket, std::string& payload) {
  char bytes[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  REQUIRE(size >= 0);
  payload.assign(bytes, static_cast<std::size_t>(size));
  const cmsghdr* rights = CMSG_FIRSTHDR(&message);
  REQUIRE(rights != nullptr);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return io::Fd(fd);
}

}  // namespace

TEST_CASE("the kernel does what the program says") {
  const auto outcome = [](const char* action) {
    return run_under(compiled(profile("SCMP_ACT_ALLOW", {rule({"mkdirat"}, action)})), make_directory);
  };
  CHECK(outcome("SCMP_ACT_ERRNO") == Outcome{EPERM});
  CHECK(outcome("SCMP_ACT_KILL") == Outcome{-1, SIGSYS});
  CHECK(outcome("SCMP_ACT_KILL_PROCESS") == Outcome{-1, SIGSYS});
  CHECK(outcome("SCMP_ACT_TRAP") == Outcome{-1, SIGSYS});
  CHECK(outcome("SCMP_ACT_TRACE") == Outcome{ENOSYS});  // nobody traces
  CHECK(outcome("SCMP_ACT_LOG") == Outcome{EEXIST});
  CHECK(outcome("SCMP_ACT_ALLOW") == Outcome{EEXIST});
}

TEST_CASE("under an engine's profile a process lives, and cannot mount") {
  const SeccompFilter filter = compiled(engine_profile());
  CHECK(run_under(filter, make_directory) == Outcome{EEXIST});
  CHECK(run_under(filter, [] { return errno_of(::mount("none", "/", "tmpfs", MS_REMOUNT, nullptr)); }) ==
        Outcome{EPERM});
  CHECK(run_under(filter, [] { return errno_of(::syscall(511)); }) == Outcome{ENOSYS});
  CHECK(run_under(filter, [] { return errno_of(::syscall(SYS_personality, 9)); }) == Outcome{EPERM});
}

TEST_CASE("every flag is taken by the kernel") {
  oci::Seccomp some = profile("SCMP_ACT_ALLOW", {rule({"mkdirat"}, "SCMP_ACT_ERRNO")});
  some.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  CHECK(run_under(compiled(some), make_directory) == Outcome{EPERM});
}

TEST_CASE("a program the kernel refuses is an error with its errno") {
  SeccompFilter broken;
  broken.program.assign(sizeof(sock_filter), '\x7F');
  const auto loaded = load_seccomp(broken);
  REQUIRE_FALSE(loaded.has_value());
  CHECK_EQ(loaded.error().system_errno(), EINVAL);
}

namespace {

// A listening agent in a directory whose name is longer than an address may be.
class Agent {
 public:
  Agent() {
    REQUIRE(::mkdir(directory_.c_str(), 0700) == 0);
    const io::Fd above(::open(directory_.c_str(), O_PATH | O_DIRECTORY));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    text("/proc/self/fd/{}/agent", above.get()).copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_.get(), 1) == 0);
  }
  ~Agent() {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/agent"; }
  io::Fd accept() const { return io::Fd(::accept(socket_.get(), nullptr, nullptr)); }

 private:
  std::string directory_ = text("/tmp/podo-seccomp-{}-{}", ::getpid(), std::string(100, 'a'));
  io::Fd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("a notified call is answered through the listener that was sent on") {
  const Agent agent;
  oci::Seccomp some = profile("SCMP_ACT_ALLOW", {rule({"mkdirat"}, "SCMP_ACT_NOTIFY")});
  some.listener_path = agent.path();
  const SeccompFilter filter = compiled(some);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto listener = load_seccomp(filter);
    if (!listener || !*listener) ::_exit(99);
    const std::string state = listener_state_json("meta", ::getpid(), R"({"id":"web"})", "1.2.0");
    if (!send_listener(agent.path(), *listener, state)) ::_exit(98);
    ::_exit(make_directory());
  }
  const io::Fd connection = agent.accept();
  std::string state;
  const io::Fd listener = receive(connection.get(), state);
  const std::string expected =
      R"({"ociVersion":"1.2.0","fds":["seccompFd"],"pid":PID,"metadata":"meta","state":{"id":"web"}})";
  const std::size_t pid = expected.find("PID");
  CHECK_EQ(state, expected.substr(0, pid) + text("{}", child) + expected.substr(pid + 3));
  char byte;
  CHECK(::read(connection.get(), &byte, 1) == 0);  // one state a connection

  seccomp_notif request{};
  REQUIRE(::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &request) == 0);
  CHECK_EQ(request.data.nr, SYS_mkdirat);
  seccomp_notif_resp response{request.id, 0, -EXDEV, 0};
  REQUIRE(::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), EXDEV);
}

TEST_CASE("an agent that is not there is an error") {
  const auto sent = send_listener("/no/such/agent", io::Fd(::dup(0)), "{}");
  REQUIRE_FALSE(sent.has_value());
  CHECK_EQ(sent.error().message(), "connect to /no/such/agent: No such file or directory");
}

}  // namespace podo::runtime
