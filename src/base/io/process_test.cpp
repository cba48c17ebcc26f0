#include "base/io/process.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io/combine.h"
#include "base/io/signals.h"

namespace podo::io {
namespace {

Command shell(std::string script) { return {.arguments = {"sh", "-c", std::move(script)}}; }

Captured captured(EpollLoop& loop, Command command, std::string input = {}) {
  Result<Captured> out = loop.run(capture(loop, std::move(command), std::move(input), 1 << 20));
  CHECK_MESSAGE(out.has_value(), (out ? "" : out.error().message()));
  return out ? *std::move(out) : Captured{};
}

int open_descriptors() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

TEST_CASE("a child's exit code, output and errors come back") {
  EpollLoop loop;
  Captured out = captured(loop, shell("cat; echo oops >&2; exit 3"), "from the parent");
  CHECK_EQ(out.status, ExitStatus{.code = 3});
  CHECK_EQ(out.output, "from the parent");
  CHECK_EQ(out.errors, "oops\n");
}

TEST_CASE("more bytes than a pipe holds go through a child both ways") {
  EpollLoop loop;
  std::string much(1 << 20, 'm');
  CHECK(captured(loop, {.arguments = {"cat"}}, much).output == much);
  CHECK_EQ(captured(loop, shell("exit 0"), much).status, ExitStatus{});  // does not read at all
}

TEST_CASE("a child that says too much is killed") {
  EpollLoop loop;
  Result<Captured> out = loop.run(capture(loop, {.arguments = {"yes"}}, "", 10'000));
  CHECK_EQ(out.error().kind(), ErrorKind::exhausted);
  CHECK_FALSE(has_children());
}

TEST_CASE("environment, folder and session are the child's own") {
  EpollLoop loop;
  Command command =
      shell("echo $ONE; pwd; read _ _ _ _ _ session _ < /proc/$$/stat; test $session = $$ && echo leader");
  command.environment = {"ONE=1", "PATH=/usr/bin:/bin"};
  command.folder = "/proc";
  command.new_session = true;
  CHECK_EQ(captured(loop, command).output, "1\n/proc\nleader\n");
}

TEST_CASE("what cannot be executed fails as the step that failed, and leaves nothing behind") {
  EpollLoop loop;
  int before = open_descriptors();
  auto spawn = [&](Command command) { return Process::spawn(loop, command).error(); };
  CHECK_EQ(spawn({}).kind(), ErrorKind::invalid);
  CHECK_EQ(spawn({.arguments = {"no-such-program-here"}}).kind(), ErrorKind::not_found);
  CHECK_EQ(spawn({.arguments = {"/etc/passwd"}}).message(), "execute /etc/passwd: Permission denied");
  CHECK_EQ(spawn({.arguments = {"true"}, .folder = "/nowhere"}).message(),
           "change to the folder /nowhere: No such file or directory");
  CHECK_EQ(spawn({.arguments = {"true"}, .passed = {{1000, 5}}}).system_errno(), EBADF);
  CHECK_EQ(spawn({.arguments = {"true"}, .passed = {{0, 2}}}).kind(), ErrorKind::invalid);
  CHECK_EQ(spawn({.arguments = {"true"}, .output = Stdio::same_as_output()}).kind(), ErrorKind::invalid);
  CHECK_EQ(open_descriptors(), before);
  CHECK_FALSE(has_children());
}

TEST_CASE("a child gets the descriptors it was passed, at their numbers, and no others") {
  EpollLoop loop;
  Pipe one = *open_pipe(), two = *open_pipe();
  Fd stray(::dup(0));  // not close-on-exec
  Command command = shell("echo one >&7; echo two >&3; ls /proc/self/fd | tr '\\n' ' '");
  command.passed = {{one.write_end.get(), 7}, {two.write_end.get(), 3}};
  // The child's target numbers are in use as sources here: they must not overwrite one another.
  Captured out = captured(loop, command);
  CHECK_EQ(out.output, "0 1 2 3 4 7 ");  // 4 is the folder that ls reads
  one.write_end.close();
  two.write_end.close();
  FdStream first_reader(loop, std::move(one.read_end)), second_reader(loop, std::move(two.read_end));
  CHECK_EQ(loop.run(read_to_end(first_reader, 100)), "one\n");
  CHECK_EQ(loop.run(read_to_end(second_reader, 100)), "two\n");
}

TEST_CASE("descriptors may change places") {
  EpollLoop loop;
  Pipe left = *open_pipe(), right = *open_pipe();
  int a = left.write_end.get(), b = right.write_end.get();
  Command command = shell(text("echo to-left >&{}; echo to-right >&{}", b, a));
  command.passed = {{a, b}, {b, a}};
  if (a < 10 && b < 10) captured(loop, command);  // sh knows one-digit numbers only
  else return;
  left.write_end.close();
  right.write_end.close();
  FdStream left_reader(loop, std::move(left.read_end)), right_reader(loop, std::move(right.read_end));
  CHECK_EQ(loop.run(read_to_end(left_reader, 100)), "to-left\n");
  CHECK_EQ(loop.run(read_to_end(right_reader, 100)), "to-right\n");
}

TEST_CASE("errors may go where the output goes") {
  EpollLoop loop;
  Command command = shell("echo a; echo b >&2");
  command.output = Stdio::pipe();
  command.errors = Stdio::same_as_output();
  auto process = *Process::spawn(loop, command);
  CHECK_EQ(loop.run(read_to_end(*process->output, 100)), "a\nb\n");
  CHECK(loop.run(process->wait())->ok());
}

TEST_CASE("a killed child ends by its signal; killing it again finds nobody") {
  EpollLoop loop;
  auto process = *Process::spawn(loop, {.arguments = {"sleep", "60"}});
  CHECK_EQ(loop.run(deadline(process->wait(), milliseconds(5))).error().system_errno(), ETIMEDOUT);
  CHECK(process->kill(SIGTERM).has_value());
  CHECK_EQ(loop.run(process->wait()), ExitStatus{.signal = SIGTERM});
  CHECK_EQ(loop.run(process->wait()), ExitStatus{.signal = SIGTERM});
  CHECK_EQ(process->kill(SIGTERM).error().kind(), ErrorKind::not_found);
}

TEST_CASE("a process that is dropped is killed and reaped, one that is left goes on") {
  EpollLoop loop;
  { auto process = *Process::spawn(loop, {.arguments = {"sleep", "60"}}); }
  CHECK_FALSE(has_children());
  pid_t pid = 0;
  {
    auto process = *Process::spawn(loop, {.arguments = {"sleep", "60"}});
    process->leave_running();
    pid = process->pid();
  }
  CHECK(has_children());
  CHECK_EQ(::kill(pid, SIGKILL), 0);
  CHECK_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_CASE("a child starts with no signal blocked, and dies of a broken pipe") {
  EpollLoop loop;
  Signals signals(loop, {SIGTERM, SIGUSR1});
  Captured out =
      captured(loop, shell("grep -E 'SigBlk' /proc/self/status; yes | true; kill -TERM $$; sleep 60"));
  CHECK_EQ(out.output, "SigBlk:\t0000000000000000\n");
  CHECK_EQ(out.status, ExitStatus{.signal = SIGTERM});
  CHECK_EQ(captured(loop, shell("kill -PIPE $$")).status, ExitStatus{.signal = SIGPIPE});
}

TEST_CASE("many children run at once") {
  EpollLoop loop;
  auto run = [&]() -> Task<void> {
    std::vector<Task<Captured>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(capture(loop, shell(text("echo {}", i)), "", 100));
    std::vector<Captured> all_out = co_await all(std::move(tasks));
    for (int i = 0; i < 50; ++i) CHECK_EQ(all_out[i].output, text("{}\n", i));
  };
  CHECK(loop.run(run()).has_value());
  CHECK_FALSE(has_children());
}

}  // namespace podo::io
