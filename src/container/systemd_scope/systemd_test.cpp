#include "container/systemd_scope/systemd.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

namespace podo::runtime {
namespace {

using dbus::Message;
using dbus::MessageType;
using dbus::Writer;

const std::string job = "/org/freedesktop/systemd1/job/7";

// What the manager answers a call with: an error of this name, or a reply, and then a job's end.
struct Answer {
  std::string error = {}, body = {}, signature = {}, job_result = {};
};
Answer started(std::string result) {
  return {.body = Writer().string(job).take(), .signature = "o", .job_result = std::move(result)};
}
Answer refused(const std::string& name) { return {.error = "org.freedesktop.systemd1." + name}; }

// A user's systemd that has one caller: it answers call by call from a list, then hangs up.
class FakeSystemd {
 public:
  explicit FakeSystemd(std::vector<Answer> answers) : answers_(std::move(answers)) {
    char made[] = "/tmp/podo-systemd-XXXXXX";
    REQUIRE(::mkdtemp(made) != nullptr);
    folder_ = made;
    REQUIRE(::mkdir((folder_ + "/systemd").c_str(), 0700) == 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder_ + "/systemd/private").copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = io::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeSystemd() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::unsetenv("XDG_RUNTIME_DIR");
    (void)!::system(("rm -rf " + folder_).c_str());
  }
  // To be asked when the caller has its last answer.
  const std::vector<std::string>& calls() {
    thread_.join();
    return calls_;
  }

 private:
  void serve() {
    client_ = io::Fd(::accept(listener_.get(), nullptr, nullptr));
    if (!client_) return;
    send("DATA\r\nOK 1234\r\n");
    std::string received;
    while (!received.contains("BEGIN\r\n")) {
      if (!receive(received)) return;
    }
    received.erase(0, received.find("BEGIN\r\n") + 7);
    for (const Answer& answer : answers_) {
      while (received.size() < dbus::start_bytes || received.size() < *dbus::message_size(received)) {
        if (!receive(received)) return;
      }
      const std::size_t size = *dbus::message_size(received);
      const auto call = dbus::decode(received.substr(0, size));
      received.erase(0, size);
      calls_.push_back(call->member);
      reply(*call, answer);
    }
    client_.close();
  }

  void reply(const Message& call, const Answer& answer) {
    Message reply{.type = answer.error.empty() ? MessageType::reply : MessageType::error, .serial = 1};
    reply.reply_serial = call.serial;
    reply.error_name = answer.error;
    reply.body = answer.body;
    reply.signature = answer.signature;
    send(*dbus::encode(reply));
    for (const std::string& each :
         {std::string("/org/freedesktop/systemd1/job/6"), job}) {  // another's before
      if (answer.job_result.empty()) continue;
      Message signal{.type = MessageType::signal, .serial = 2, .path = "/org/freedesktop/systemd1"};
      signal.interface = "org.freedesktop.systemd1.Manager";
      signal.member = "JobRemoved";
      signal.signature = "uoss";
      signal.body = Writer()
                        .uint32(7)
                        .string(each)
                        .string("a.scope")
                        .string(each == job ? answer.job_result : "failed")
                        .take();
      send(*dbus::encode(signal));
    }
  }

  void send(const std::string& bytes) {
    (void)::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  bool receive(std::string& into) {
    char part[4096];
    const ssize_t count = ::recv(client_.get(), part, sizeof part, 0);
    if (count > 0) into.append(part, static_cast<std::size_t>(count));
    return count > 0;
  }

  std::vector<Answer> answers_;
  std::vector<std::string> calls_;
  std::string folder_;
  io::Fd listener_, client_;
  std::thread thread_;
};

using Calls = std::vector<std::string>;

Systemd connect() {
  static const SystemClock clock;
  auto systemd = Systemd::connect(SystemdManager::user, clock);
  REQUIRE(systemd.has_value());
  return *std::move(systemd);
}

}  // namespace

TEST_CASE("a scope is started when its job is done") {
  FakeSystemd fake({started("done")});
  CHECK(connect().start_scope("a.scope", {}).has_value());
  CHECK(fake.calls() == Calls{"StartTransientUnit"});
}

TEST_CASE("a job that fails is an error that names the unit") {
  FakeSystemd fake({started("failed")});
  const auto outcome = connect().start_scope("a.scope", {});
  REQUIRE(!outcome);
  CHECK(outcome.error().kind() == ErrorKind::unavailable);
  CHECK(outcome.error().message().contains("a.scope"));
}

TEST_CASE("a unit of that name that failed is forgotten and started anew") {
  FakeSystemd fake({refused("UnitExists"), {}, started("done")});
  CHECK(connect().start_scope("a.scope", {}).has_value());
  CHECK(fake.calls() == Calls{"StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"});
}

TEST_CASE("a unit of that name that lives is left alone") {
  FakeSystemd fake({refused("UnitExists"), {}, refused("UnitExists")});
  CHECK(connect().start_scope("a.scope", {}).error().kind() == ErrorKind::already_exists);
}

TEST_CASE("stopping forgets a unit that failed, and one that is gone is fine") {
  FakeSystemd fake({started("done"), refused("NoSuchUnit")});
  CHECK(connect().stop("a.scope").has_value());
  CHECK(fake.calls() == Calls{"StopUnit", "ResetFailedUnit"});
  FakeSystemd gone({refused("NoSuchUnit")});
  CHECK(connect().stop("a.scope").has_value());
  CHECK(gone.calls() == Calls{"StopUnit"});
}

TEST_CASE("properties are changed, and in the files, when it returns") {
  FakeSystemd fake({{}, {.body = Writer().string("/u").take(), .signature = "o"}});
  CHECK(connect()
            .set_properties("a.scope", std::vector<dbus::Property>{{"TasksMax", std::uint64_t{7}}})
            .has_value());
  CHECK(fake.calls() == Calls{"SetUnitProperties", "GetUnit"});
}

TEST_CASE("a systemd that hangs up or answers strangely is an error") {
  FakeSystemd silent({});
  CHECK(!connect().start_scope("a.scope", {}));
  FakeSystemd strange({{.body = Writer().uint32(1).take(), .signature = "u"}});
  CHECK(connect().start_scope("a.scope", {}).error().kind() == ErrorKind::corrupt);
}

TEST_CASE("without a systemd the error says what to do") {
  const SystemClock clock;
  CHECK(Systemd::connect(SystemdManager::user, clock).error().message().contains("XDG_RUNTIME_DIR"));
  ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
  const auto absent = Systemd::connect(SystemdManager::user, clock);
  ::unsetenv("XDG_RUNTIME_DIR");
  REQUIRE(!absent);
  CHECK(absent.error().message().contains("systemd"));
}

}  // namespace podo::runtime
