#include "container/runtime/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include <doctest/doctest.h>

#include <cstring>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

TEST_CASE(
    "a terminal of the container's own devpts is its standard streams, its controlling terminal and "
    "/dev/console") {
  const std::string said = in_namespaces(CLONE_NEWIPC, [] -> std::string {
    const Plan plan = default_plan(make_root());
    SilentLog silent;
    Result<Rootfs> rootfs =
        Rootfs::build({.plan = &plan, .bundle = "/tmp", .sources = {}, .cgroups = {}}, silent);
    PODO_MUST_WORK(rootfs);
    PODO_MUST_WORK(rootfs->enter());
    PODO_MUST(::setsid() > 0);
    ::signal(SIGHUP, SIG_IGN);  // comes when the master goes
    Result<io::Fd> master = open_terminal(oci::ConsoleSize{.height = 33, .width = 101}, true);
    PODO_MUST_WORK(master);
    PODO_MUST_WORK(rootfs->seal());
    winsize size;
    PODO_MUST(::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row == 33 && size.ws_col == 101);
    char name[64];
    PODO_MUST(::ttyname_r(STDOUT_FILENO, name, sizeof name) == 0);
    PODO_MUST_BE(std::string(name), "/dev/pts/0");
    const io::Fd controlling(::open("/dev/tty", O_RDWR | O_CLOEXEC));
    PODO_MUST(controlling);
    const io::Fd console(::open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC));
    PODO_MUST(console && ::isatty(console.get()));
    PODO_MUST(::write(console.get(), "hello", 5) == 5);
    char heard[16]{};
    PODO_MUST(::read(master->get(), heard, sizeof heard) == 5);
    PODO_MUST_BE(std::string(heard), "hello");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a link at /dev/console, or a /dev/pts that is none, is refused") {  // CVE-2025-52565
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan;
    plan.rootfs.path = make_root();
    plan.rootfs.mounts = {filesystem("proc", "/proc"), filesystem("tmpfs", "/dev"),
                          filesystem("devpts", "/dev/pts", 0, {{"ptmxmode", "0666"}})};
    Result<Rootfs> rootfs = build(plan);
    PODO_MUST_WORK(rootfs);
    spit("/tmp/root/victim", "");
    PODO_MUST(::symlink("/victim", "/tmp/root/dev/console") == 0);
    PODO_MUST_WORK(rootfs->enter());
    PODO_MUST(::setsid() > 0);
    PODO_MUST_BE(error_of(open_terminal({}, true)), "terminal: /dev/console is neither a file nor a device");
    struct stat status;
    PODO_MUST(::stat("/victim", &status) == 0 && S_ISREG(status.st_mode));
    PODO_MUST(::mount("tmpfs", "/dev/pts", "tmpfs", 0, nullptr) == 0);
    spit("/dev/pts/ptmx", "");
    PODO_MUST_BE(error_of(open_terminal({}, false)),
                 "terminal: /dev/pts is not a devpts file system: a terminal needs one");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("the master arrives over the console socket, also one with a long path") {
  const std::string said = in_namespaces(0, [] -> std::string {
    const std::string directory = "/tmp/" + std::string(120, 'd');
    PODO_MUST(::mkdir(directory.c_str(), 0755) == 0 && ::chdir(directory.c_str()) == 0);
    const io::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "socket");
    PODO_MUST(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
              ::listen(listener.get(), 1) == 0);
    Result<io::Fd> socket = connect_console_socket(directory + "/socket");
    PODO_MUST_WORK(socket);
    const io::Fd peer(::accept(listener.get(), nullptr, nullptr));
    int master_number = -1, slave_number = -1;
    PODO_MUST(::openpty(&master_number, &slave_number, nullptr, nullptr, nullptr) == 0);
    const io::Fd master(master_number), slave(slave_number);
    PODO_MUST_WORK(send_terminal(*socket, master));
    char payload[64]{}, control[64];
    iovec data{payload, sizeof payload};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    PODO_MUST(::recvmsg(peer.get(), &message, 0) > 0);
    PODO_MUST(std::string(payload).starts_with("/dev/pts/"));
    int received = -1;
    PODO_MUST(CMSG_FIRSTHDR(&message) != nullptr);
    std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
    PODO_MUST(::isatty(received) == 1);
    PODO_MUST(error_of(connect_console_socket("/tmp/nobody")).contains("console socket"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("the relay carries keys in and all output out, until the process ends") {
  const std::string said = in_namespaces(0, [] -> std::string {
    int in[2], out[2], master_number = -1;
    PODO_MUST(::pipe(in) == 0 && ::pipe(out) == 0);
    const pid_t process = ::forkpty(&master_number, nullptr, nullptr, nullptr);
    if (process == 0) {
      char line[64];
      const ssize_t size = ::read(STDIN_FILENO, line, sizeof line);
      for (int i = 0; i < 2000; ++i) ::write(STDOUT_FILENO, "0123456789", 10);
      ::write(STDOUT_FILENO, line, static_cast<std::size_t>(size));
      ::_exit(0);
    }
    const io::Fd master(master_number), pidfd(static_cast<int>(::syscall(434 /* pidfd_open */, process, 0)));
    const pid_t relay = ::fork();
    if (relay == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::_exit(relay_terminal(master, pidfd, io::Fd()) ? 0 : 1);
    }
    ::close(out[1]);
    PODO_MUST(::write(in[1], "typed\n", 6) == 6);
    const std::string shown = linux::read_all(out[0], 1 << 20).value_or("");
    int status = -1;
    PODO_MUST(::waitpid(relay, &status, 0) == relay && status == 0);
    PODO_MUST(shown.size() == 20'000 + 2 * 7 &&
              shown.ends_with("0123456789typed\r\n"));  // the echo, and the line
    return "";
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
