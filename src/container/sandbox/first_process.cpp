// The first process of a PID namespace that a sandbox's containers share.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/namespaces.h"
#include "base/linux/process.h"
#include "base/linux/spawn.h"
#include "container/sandbox/namespaces.h"

namespace podo::engine {
namespace {

constexpr Duration patience = seconds(5);

struct Pipe {
  io::Fd reader, writer;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed_errno(errno, "pipe");
  return Pipe{io::Fd(ends[0]), io::Fd(ends[1])};
}

linux::Program program_of(const SandboxPaths& paths, const std::string& program,
                          const std::vector<std::string>& tasks, int null, int output) {
  linux::Program init{.path = program, .args = {"sandbox-init", paths.folder}, .env = {}, .directory = "/"};
  for (const std::string* name_space : {&paths.network, &paths.ipc, &paths.uts}) {
    if (!name_space->empty()) init.args.push_back(*name_space);
  }
  init.args.emplace_back("--");
  init.args.insert(init.args.end(), tasks.begin(), tasks.end());
  init.in = null;
  init.out = output;
  init.err = output;
  return init;
}

Result<> kill_and_reap(const linux::Child& child) {
  (void)linux::signal_process(child.pidfd, SIGKILL);
  TRY(linux::reap(child));
  return {};
}

// "ready", or what it could not do.
Result<> wait_until_ready(const Pipe& pipe) {
  std::string said;
  char bytes[512];
  for (ssize_t count;
       (count = ::read(pipe.reader.get(), bytes, sizeof bytes)) != 0 && !said.ends_with('\n');) {
    if (count < 0 && errno != EINTR) return failed_errno(errno, "the first process of a sandbox");
    if (count > 0) said.append(bytes, static_cast<std::size_t>(count));
  }
  if (said == "ready\n") return {};
  while (said.ends_with('\n')) said.pop_back();
  return internal("the first process of a sandbox: {}", said.empty() ? "it ended without a word" : said);
}

Result<FirstProcess> settle(const linux::Child& child, const Pipe& pipe, const std::string& pin) {
  TRY(wait_until_ready(pipe));
  const io::Fd name_space =
      TRY(linux::open_at(AT_FDCWD, text("/proc/{}/ns/pid", child.pid).c_str(), O_RDONLY));
  TRY(linux::pin_namespace(name_space, pin));
  return FirstProcess{child.pid, TRY(linux::read_process_stat(child.pid)).start_time};
}

}  // namespace

Result<FirstProcess> start_first_process(const SandboxPaths& paths, const std::string& program,
                                         const std::vector<std::string>& tasks) {
  Pipe pipe = TRY(make_pipe());
  const io::Fd null = TRY(linux::open_at(AT_FDCWD, "/dev/null", O_RDWR));
  linux::Child child;
  {
    const auto visit = TRY(linux::NewNamespacesVisit::enter(CLONE_NEWPID));
    child = TRY(linux::spawn(program_of(paths, program, tasks, null.get(), pipe.writer.get())));
  }
  pipe.writer.close();
  auto settled = settle(child, pipe, paths.pid);
  if (!settled) (void)kill_and_reap(child);
  return settled;
}

Result<io::Fd> find_first_process(const FirstProcess& process) {
  io::Fd pidfd = TRY(linux::open_process(process.pid));
  const linux::ProcessStat stat = TRY(linux::read_process_stat(process.pid));
  if (stat.start_time != process.start_time || stat.ended())
    return not_found("process {} has ended", process.pid);
  return pidfd;
}

Result<> end_first_process(const FirstProcess& process) {
  if (process.pid == 0) return {};
  const auto pidfd = find_first_process(process);
  if (pidfd) {
    (void)linux::signal_process(*pidfd, SIGKILL);
    if (!TRY(linux::wait_for_end(*pidfd, patience)))
      return unavailable("process {} does not end", process.pid);
  }
  siginfo_t info{};  // of ours: nobody else reaps it; of an earlier daemon's: not our child
  if (pidfd) (void)::waitid(P_PIDFD, static_cast<id_t>(pidfd->get()), &info, WEXITED | WNOHANG);
  return {};
}

}  // namespace podo::engine
