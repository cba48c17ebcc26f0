#include "container/streams/monitor_client.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/io/combine.h"
#include "container/monitor/log_format.h"
#include "container/monitor/program.h"
#include "container/monitor/protocol.h"

namespace podo::engine {

using monitor::Type;

namespace {

void put_message(std::string& out, Type type, std::string_view payload) {
  char header[sizeof(monitor::Header)] = {static_cast<char>(type)};
  monitor::put_be32(header + 4, static_cast<std::uint32_t>(payload.size()));
  out.append(header, sizeof header).append(payload);
}

std::string_view driver_name(LogTarget::Driver driver) {
  switch (driver) {
    case LogTarget::Driver::json_file: return "json-file";
    case LogTarget::Driver::local: return "local";
    case LogTarget::Driver::none: break;
  }
  return "none";
}

constexpr Duration greeting_within = seconds(2), leaves_within = seconds(2);

// What the monitor wrote down when it had started the process; 0: nothing. A monitor that lives holds the
// pid, also of a process that has ended.
pid_t pid_in(const std::string& folder) {
  io::Fd file(::open((folder + "/pid").c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[32];
  const ssize_t count = file ? ::read(file.get(), bytes, sizeof bytes) : 0;
  pid_t pid = 0;
  if (count > 0) std::from_chars(bytes, bytes + count, pid);
  return pid;
}

Result<std::string> start_payload(const MonitorSpec& spec, bool subscribe) {
  std::string payload;
  auto add = [&](std::string_view key, std::string_view value) {
    payload.append(key).append("=").append(value).append(1, '\0');
  };
  add("log", driver_name(spec.log.driver));
  if (spec.log.driver != LogTarget::Driver::none) {
    add("path", spec.log.path);
    add("max-size", text("{}", spec.log.bytes_max));
    add("max-file", text("{}", spec.log.files_max));
    if (!spec.log.attributes.empty()) add("attrs", spec.log.attributes);
  }
  add("tty", spec.tty ? "1" : "0");
  add("stdin", spec.stdin_open ? "1" : "0");
  add("subscribe", subscribe ? "1" : "0");
  payload.append(1, '\0');
  for (const std::string& argument : spec.runtime) payload.append(argument).append(1, '\0');
  if (payload.size() > monitor::payload_max)
    return invalid("what a monitor is told to run takes {} bytes, more than {}", payload.size(),
                   monitor::payload_max);
  return payload;
}

}  // namespace

// --- the program ---

Result<MonitorProgram> MonitorProgram::load() {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  constexpr unsigned executable = 0x10;  // MFD_EXEC; older kernels do not know it, and need not
  io::Fd file(::memfd_create("podo-monitor", flags | executable));
  if (!file && errno == EINVAL) file = io::Fd(::memfd_create("podo-monitor", flags));
  if (!file) return failed_errno(errno, "make a file in memory for the monitor");
  std::span<const std::byte> bytes = monitor::program();
  if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return failed_errno(errno, "write the monitor into memory");
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  MonitorProgram program;
  // Out of the way of the descriptors that a monitor gets.
  program.file_ = io::Fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 16));
  if (!program.file_) return failed_errno(errno, "keep the monitor's file");
  return program;
}

std::string MonitorProgram::path() const { return text("/proc/self/fd/{}", file_.get()); }

// --- life ---

MonitorClient::MonitorClient(io::EpollLoop& loop, std::string folder, std::shared_ptr<AttachRelay> relay)
    : loop_(loop), folder_(std::move(folder)), relay_(std::move(relay)), group_(loop) {}

MonitorClient::~MonitorClient() {
  relay_->disconnect(this);
  if (process_) process_->leave_running();
}

io::Task<std::unique_ptr<MonitorClient>> MonitorClient::spawn(io::EpollLoop& loop,
                                                              const MonitorProgram& program, MonitorSpec spec,
                                                              std::shared_ptr<AttachRelay> relay) {
  std::string payload = co_await start_payload(spec, relay->wants_output());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    co_return failed_errno(errno, "make a socket pair");
  io::Fd ours(ends[0]), its(ends[1]);
  std::unique_ptr<MonitorClient> client(new MonitorClient(loop, spec.folder, std::move(relay)));
  client->process_ =
      co_await io::Process::spawn(loop, {.arguments = {"podo-monitor", spec.folder},
                                         .program = program.path(),
                                         .folder = spec.folder,
                                         .passed = {{its.get(), monitor::control_descriptor},
                                                    {spec.runtime_program, monitor::runtime_descriptor}}});
  its.close();
  client->socket_ = std::make_unique<io::Socket>(loop, std::move(ours));
  client->send(Type::start, payload);
  client->relay_->connect(client.get());
  client->group_.spawn(client->converse(), "monitor");
  while (client->pid_ == 0 && !client->failed_ && !client->ended_) co_await client->changed_.wait();
  if (client->failed_) {
    (void)co_await io::deadline(client->gone(), leaves_within).result();
    co_return invalid("{}", client->failure_);
  }
  if (client->pid_ == 0) co_return internal("the monitor of {} ended before anything ran", spec.folder);
  co_return client;
}

io::Task<void> MonitorClient::introduced() {
  while (pid_ == 0 && !failed_ && !ended_) co_await changed_.wait();
}

io::Task<std::unique_ptr<MonitorClient>> MonitorClient::connect(io::EpollLoop& loop, std::string folder,
                                                                std::shared_ptr<AttachRelay> relay) {
  std::unique_ptr<MonitorClient> client(new MonitorClient(loop, folder, std::move(relay)));
  client->socket_ = co_await client->connect_again();
  client->begin_connection();
  client->relay_->connect(client.get());
  client->group_.spawn(client->converse(), "monitor");
  // One that is stopped, or waits for a disk, says nothing: its container runs all the same, and a daemon
  // that starts does not wait for it.
  (void)co_await io::deadline(client->introduced(), greeting_within).result();
  if (client->pid_ == 0 && !client->failed_ && !client->ended_) client->pid_ = pid_in(folder);
  if (client->pid_ == 0) co_return not_found("the monitor of {} has just ended", folder);
  co_return client;
}

// Through the folder's descriptor: its path may be longer than a socket's address holds.
io::Task<std::unique_ptr<io::Socket>> MonitorClient::connect_again() {
  io::Fd folder(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) co_return failed_errno(errno, "open {}", folder_);
  auto socket = co_await io::connect_socket(
                    loop_, io::Address::unix_path(text("/proc/self/fd/{}/monitor.sock", folder.get())))
                    .result();
  if (!socket) co_return not_found("there is no monitor in {}", folder_);
  co_return *std::move(socket);
}

std::optional<Ended> MonitorClient::read_ended(const std::string& folder) {
  io::Fd file(::open((folder + "/exit").c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[96];
  ssize_t count = file ? ::read(file.get(), bytes, sizeof bytes) : 0;
  if (count <= 0) return {};
  const char* at = bytes;
  std::uint64_t numbers[3] = {};
  for (std::uint64_t& number : numbers) {
    auto [end, error] = std::from_chars(at, bytes + count, number);
    if (error != std::errc()) return {};
    at = std::min<const char*>(end + 1, bytes + count);
  }
  return Ended{.code = static_cast<int>(numbers[0]),
               .signal = static_cast<int>(numbers[1]),
               .at = Wall{static_cast<std::int64_t>(numbers[2])}};
}

io::Task<Ended> MonitorClient::ended() {
  while (!ended_) co_await changed_.wait();
  co_return *ended_;
}

io::Task<Ended> MonitorClient::drained() {
  while (!drained_ || !ended_) co_await changed_.wait();
  co_return *ended_;
}

io::Task<void> MonitorClient::gone() {
  while (!gone_) co_await changed_.wait();
}

// --- the conversation ---

// Until both ends of the container's life are known, or cannot be.
io::Task<void> MonitorClient::converse() {
  for (;;) {
    std::vector<io::Task<void>> both;
    both.push_back(receive());
    both.push_back(write_messages());
    (void)co_await io::first(std::move(both)).result();
    if ((drained_ && ended_) || failed_) break;
    auto again = co_await connect_again().result();
    if (!again) break;
    socket_ = *std::move(again);
    begin_connection();
  }
  socket_.reset();
  if (!ended_ && !failed_) ended_ = read_ended(folder_).value_or(Ended{.lost = true});
  drained_ = true;
  relay_->end_of(this);
  changed_.notify_all();
  if (process_) (void)co_await process_->wait().result();
  gone_ = true;
  changed_.notify_all();
}

// What a monitor forgets about an earlier connection.
void MonitorClient::begin_connection() {
  outgoing_.clear();
  credit_ = 0;
  if (relay_->wants_output()) forward_output(true);
  if (input_closed_) send(Type::close_in, {});
}

io::Task<void> MonitorClient::receive() {
  constexpr std::size_t small = 4096, large = sizeof(monitor::Header) + monitor::payload_max;
  std::string buffer(small, '\0');
  std::size_t have = 0;
  for (;;) {
    auto read = co_await socket_->read(io::writable_bytes_of(buffer).subspan(have)).result();
    if (!read || *read == 0) co_return;
    have += *read;
    std::size_t used = 0, needed = small;
    while (have - used >= sizeof(monitor::Header)) {
      std::size_t size = monitor::be32(buffer.data() + used + 4);
      if (size > monitor::payload_max) co_return;  // no monitor of ours
      needed = sizeof(monitor::Header) + size;
      if (have - used < needed) break;
      take(static_cast<Type>(buffer[used]),
           std::string_view(buffer).substr(used + sizeof(monitor::Header), size));
      used += needed;
    }
    buffer.erase(0, used);
    have -= used;
    // Most monitors say little; those that say much get a buffer for whole frames.
    buffer.resize(needed > small ? large : small);
    if (needed <= small && buffer.capacity() > large) buffer.shrink_to_fit();
  }
}

io::Task<void> MonitorClient::write_messages() {
  for (;;) {
    while (outgoing_.empty()) co_await outgoing_changed_.wait();
    std::string messages = std::exchange(outgoing_, {});
    auto written = co_await socket_->write(io::bytes_of(messages)).result();
    if (!written) break;
  }
  // The reader will see the end, after what the monitor still had to say.
  for (;;) co_await outgoing_changed_.wait();
}

void MonitorClient::take(Type type, std::string_view payload) {
  switch (type) {
    case Type::stdout_:
    case Type::stderr_: relay_->put_output(static_cast<std::uint8_t>(type), io::bytes_of(payload)); return;
    case Type::started:
      if (payload.size() == 4) pid_ = static_cast<pid_t>(monitor::be32(payload.data()));
      break;
    case Type::failed:
      failure_ = payload;
      failed_ = true;
      break;
    case Type::exited:
      if (payload.size() != 16 || ended_) break;
      ended_ = Ended{.code = static_cast<int>(monitor::be32(payload.data())),
                     .signal = static_cast<int>(monitor::be32(payload.data() + 4)),
                     .at = Wall{static_cast<std::int64_t>(monitor::be64(payload.data() + 8))}};
      break;
    case Type::drained:
      drained_ = true;
      if (payload.size() == 8) dropped_log_lines_ = monitor::be64(payload.data());
      break;
    case Type::credit:
      if (payload.size() == 4) credit_ += monitor::be32(payload.data());
      relay_->input_room_changed();
      return;
    default: return;  // of a later version
  }
  if (drained_ && ended_) {
    ended_->dropped_log_lines = dropped_log_lines_;
    relay_->end_of(this);
  }
  changed_.notify_all();
}

void MonitorClient::send(Type type, std::string_view payload) {
  put_message(outgoing_, type, payload);
  outgoing_changed_.notify_all();
}

void MonitorClient::resize(std::uint32_t rows, std::uint32_t columns) {
  char payload[4];
  monitor::put_be32(payload, (rows & 0xffff) << 16 | (columns & 0xffff));
  send(Type::resize, {payload, sizeof payload});
}

void MonitorClient::rotate_log() { send(Type::rotate, {}); }

void MonitorClient::put_input(std::span<const std::byte> bytes) {
  ENSURE(bytes.size() <= credit_);
  credit_ -= bytes.size();
  while (!bytes.empty()) {
    std::span<const std::byte> part = bytes.first(std::min(bytes.size(), monitor::payload_max));
    send(Type::stdin_, {reinterpret_cast<const char*>(part.data()), part.size()});
    bytes = bytes.subspan(part.size());
  }
}

void MonitorClient::close_input() {
  if (std::exchange(input_closed_, true)) return;
  send(Type::close_in, {});
}

void MonitorClient::forward_output(bool wanted) {
  send(Type::subscribe, wanted ? std::string_view("\1", 1) : std::string_view("\0", 1));
}

}  // namespace podo::engine
