#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "container/runtime/state_testing.h"

namespace podo::runtime {
namespace {

using Lock = StateDirectory::Lock;

void overwrite(const Root& root, std::string_view content) {
  const auto file =
      linux::open_at(AT_FDCWD, (root.path + "/web/state.json").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  REQUIRE(file);
  REQUIRE_EQ(::write(file->get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
}

}  // namespace

TEST_CASE("a state is read back as it was written") {
  ContainerState state = state_of(::getpid());
  state.rootfs = "/bundle/\"root\"";
  state.oci_version = "1.3.0";
  state.created = "2024-05-01T09:08:07.000000001Z";
  state.owner_uid = 1001;
  state.has_poststop = state.started = true;
  state.annotations = {{"b", "2"}, {"a", "1\n"}};
  state.cgroups = {{"memory", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/podo/web"},
                   {"", "/cg", "/cg/x"}};
  const auto read = decode_state(encode_state(state));
  REQUIRE(read);
  CHECK_EQ(encode_state(*read), encode_state(state));
  CHECK_EQ(read->cgroups.size(), 2u);
  CHECK_EQ(read->annotations[1].second, "1\n");
  CHECK(read->has_poststop);
  CHECK_FALSE(read->has_poststart);
}

TEST_CASE("a scope of systemd's is remembered, and one that is none is refused") {
  ContainerState state = state_of(::getpid());
  CHECK_FALSE(decode_state(encode_state(state))->scope);
  for (const auto manager : {SystemdManager::system, SystemdManager::user}) {
    state.scope = {manager, "podo-web.scope"};
    CHECK(decode_state(encode_state(state))->scope == state.scope);
  }
  for (const char* unit : {"", ".scope", "ssh.service", "a b.scope", "../x.scope"}) {
    state.scope.unit = unit;
    CHECK_FALSE(decode_state(encode_state(state)));
  }
}

TEST_CASE("the groups of a creation that was not finished are marked, with the scope they are in") {
  Root root;
  const auto directory = StateDirectory::create(root.path, "web");
  REQUIRE(directory);
  CHECK_FALSE(*directory->find_cgroups());
  REQUIRE(directory->mark_cgroups({}));
  CHECK_FALSE((*directory->find_cgroups())->scope);
  REQUIRE(directory->mark_cgroups({{SystemdManager::user, "podo-web.scope"}, "/user.slice/podo-web.scope"}));
  const auto marked = directory->find_cgroups();
  REQUIRE(marked);
  CHECK((*marked)->scope == SystemdScope{SystemdManager::user, "podo-web.scope"});
  CHECK_EQ((*marked)->path, "/user.slice/podo-web.scope");
  REQUIRE(directory->mark_cgroups({{SystemdManager::system, "ssh.service"}, "/"}));
  CHECK_FALSE(directory->find_cgroups());
}

TEST_CASE("members of a later version are ignored") {
  std::string bytes = encode_state(state_of(::getpid()));
  bytes.insert(1, R"("later":{"id":[1,2]},)");
  CHECK(decode_state(bytes));
}

TEST_CASE("a damaged state is corrupt, whatever the damage") {
  const std::string good = encode_state(state_of(::getpid()));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string bytes = good;
    const std::size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    return bytes.replace(at, from.size(), to);
  };
  const std::string cgroup = R"("cgroups":[{"controllers":"","mountPoint":"/sys/fs/cgroup","path":)";
  const std::string damages[] = {"",
                                 "{",
                                 "null",
                                 "[]",
                                 "{}",
                                 "\xff\xfe",
                                 std::string(100, '\0'),
                                 "{\"id\":\"web\"}",
                                 good.substr(0, good.size() / 2),
                                 good + "x",
                                 replaced("\"web\"", "\"../x\""),
                                 replaced("\"web\"", "7"),
                                 replaced("\"pid\":", "\"pid\":-"),
                                 replaced("\"pid\":", "\"pid\":99999999999"),
                                 replaced("\"pidStartTime\"", "\"other\""),
                                 replaced("\"cgroups\":[]", "\"cgroups\":{}"),
                                 replaced("\"cgroups\":[]", cgroup + "\"/sys/fs/cgroup\"}]"),
                                 replaced("\"cgroups\":[]", cgroup + "\"/\"}]"),
                                 replaced("\"cgroups\":[]", cgroup + "\"/sys/fs/cgroup/../../x\"}]"),
                                 replaced("\"cgroups\":[]", cgroup + "\"/sys/fs/cgroup//\"}]"),
                                 replaced("\"cgroups\":[]", cgroup + "\"/sys/fs/cgroupfs\"}]"),
                                 replaced("\"annotations\":{}", "\"annotations\":{\"a\":1}")};
  for (const std::string& bytes : damages) {
    CAPTURE(bytes);
    const auto state = decode_state(bytes);
    REQUIRE_FALSE(state);
    CHECK(state.error().kind() == ErrorKind::corrupt);
    CHECK_FALSE(state.error().message().empty());
  }
}

TEST_CASE("a damaged file is told with its path; one of another container as well") {
  const Root root;
  const auto directory = StateDirectory::create(root.path, "web");
  REQUIRE(directory);
  CHECK(directory->load().error().kind() == ErrorKind::not_found);  // nothing saved yet
  overwrite(root, "{\"id\":");
  CHECK(directory->load().error().kind() == ErrorKind::corrupt);
  CHECK(directory->load().error().message().starts_with(
      "the state of container web is damaged: " + root.path + "/web/state.json: line 1, column 7"));
  ContainerState other = state_of(::getpid());
  other.id = "db";
  overwrite(root, encode_state(other));
  CHECK(directory->load().error().message().contains("it is that of container db"));
}

TEST_CASE("only ids that are plain names are container ids") {
  for (const char* id : {"a", "web-1", "A.b_c+d", "..."}) CHECK(check_container_id(id));
  for (const char* id : {"", ".", "..", "a/b", "../a", "a b", "a\n", "a~", "\xc3\xa9", "a\\b"}) {
    CAPTURE(id);
    CHECK(check_container_id(id).error().kind() == ErrorKind::invalid);
    CHECK(StateDirectory::create("/nowhere", id).error().kind() == ErrorKind::invalid);
    CHECK(StateDirectory::open("/nowhere", id, Lock::none).error().kind() == ErrorKind::invalid);
  }
  CHECK_FALSE(check_container_id(std::string(1025, 'a')));
}

TEST_CASE("a container's directory is private, found until removed, and made once") {
  const Root root("/deep/er");
  CHECK(list_containers(root.path)->empty());
  auto made = StateDirectory::create(root.path, "web");
  REQUIRE(made);
  REQUIRE(made->save(state_of(::getpid())));
  REQUIRE(made->save_config("{}\n"));
  CHECK_EQ(*made->config(), "{}\n");
  struct stat entry;
  REQUIRE_EQ(::stat((root.path + "/web").c_str(), &entry), 0);
  CHECK_EQ(entry.st_mode & 07777, 0700);
  REQUIRE_EQ(::stat((root.path + "/web/state.json").c_str(), &entry), 0);
  CHECK_EQ(entry.st_mode & 07777, 0600);
  CHECK(StateDirectory::create(root.path, "web").error().kind() == ErrorKind::already_exists);
  CHECK_EQ(*list_containers(root.path), std::vector<std::string>{"web"});
  CHECK_EQ(StateDirectory::open(root.path, "web", Lock::none)->load()->bundle, "/bundle");
  REQUIRE(made->remove());
  CHECK(list_containers(root.path)->empty());
  CHECK_EQ(::rmdir(root.path.c_str()), 0);  // nothing at all is left
  const auto gone = StateDirectory::open(root.path, "web", Lock::none);
  CHECK(gone.error().kind() == ErrorKind::not_found);
  CHECK_EQ(gone.error().message(), "container web does not exist");
}

TEST_CASE("the lock is the process's own: its children and its death do not keep it") {
  const Root root;
  int ready[2];
  REQUIRE_EQ(::pipe(ready), 0);
  const auto holder = linux::clone_process({});
  REQUIRE(holder);
  if (holder->pid == 0) {
    const auto directory = StateDirectory::create(root.path, "web");
    const auto child =
        linux::clone_process({});  // as a container's first process: has a copy of every descriptor
    if (child->pid != 0) (void)!::write(ready[1], &child->pid, sizeof child->pid);
    ::pause();
    ::_exit(0);
  }
  pid_t grandchild = 0;
  REQUIRE_EQ(::read(ready[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  const auto looking = StateDirectory::open(root.path, "web", Lock::none);
  REQUIRE(looking);
  CHECK(looking->is_being_changed());
  ContainerState state;
  CHECK(observe(*looking, state) == Status::creating);
  ::kill(holder->pid, SIGKILL);
  CHECK_EQ(*linux::wait_for_exit(holder->pid), 128 + SIGKILL);
  CHECK_FALSE(looking->is_being_changed());
  CHECK(observe(*looking, state) == Status::stopped);
  CHECK(StateDirectory::open(root.path, "web", Lock::exclusive));
  ::kill(grandchild, SIGKILL);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a container is alive when the very process is") {
  ContainerState state = state_of(::getpid());
  CHECK(is_alive(state));
  ++state.pid_start_time;
  CHECK_FALSE(is_alive(state));
  state = state_of(::getpid());
  state.boot_id = "another boot";
  CHECK_FALSE(is_alive(state));
  state = state_of(::getpid());
  state.pid = 0;
  CHECK_FALSE(is_alive(state));
  const auto child = linux::clone_process({});
  if (child->pid == 0) ::_exit(0);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED | WNOWAIT);
  state.pid = child->pid;
  state.pid_start_time = *process_start_time(child->pid);
  CHECK_FALSE(is_alive(state));  // a zombie
  (void)linux::wait_for_exit(child->pid);
}

TEST_CASE("start goes through a socket of whole messages, however long the path") {
  for (const std::string& below : {std::string(), "/" + std::string(120, 'x')}) {
    const Root root(below);
    auto directory = StateDirectory::create(root.path, "web");
    REQUIRE(directory);
    const ContainerState state = state_of(::getpid());
    CHECK_FALSE(directory->waits_for_start());
    CHECK(directory->connect_start().error().kind() == ErrorKind::conflict);
    auto listener = directory->listen_start();
    REQUIRE(listener);
    CHECK(directory->waits_for_start());
    CHECK(observe(*directory, state) == Status::created);
    struct stat entry;
    REQUIRE_EQ(::stat((root.path + "/web/start.sock").c_str(), &entry), 0);
    CHECK_EQ(entry.st_mode & 0777, 0600);
    const auto caller = directory->connect_start();
    REQUIRE(caller);
    const io::Fd callee(::accept(listener->get(), nullptr, nullptr));
    REQUIRE_EQ(::write(caller->get(), "one", 3), 3);
    REQUIRE_EQ(::write(caller->get(), "two", 3), 3);
    char message[16];
    CHECK_EQ(::read(callee.get(), message, sizeof message), 3);
    listener->close();
    CHECK(directory->connect_start().error().kind() == ErrorKind::conflict);  // its process has ended
    REQUIRE(directory->forget_start());
    REQUIRE(directory->forget_start());
    CHECK(observe(*directory, state) == Status::running);
    CHECK(directory->remove());
  }
}

TEST_CASE("hooks get the state as the specification writes it") {
  ContainerState state;
  state.id = "web";
  state.oci_version = "1.3.0";
  state.bundle = "/b";
  state.pid = 42;
  CHECK_EQ(spec_state_json(state, Status::created),
           R"({"ociVersion":"1.3.0","id":"web","status":"created","pid":42,"bundle":"/b","annotations":{}})");
  CHECK_EQ(spec_state_json(state, Status::stopped),
           R"({"ociVersion":"1.3.0","id":"web","status":"stopped","bundle":"/b","annotations":{}})");
}

}  // namespace podo::runtime
