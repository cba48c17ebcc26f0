#include "container/streams/logs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "container/monitor/log_format.h"
#include "container/streams/log_decoder.h"
#include "container/streams/monitor_client.h"

namespace podo::engine {
namespace {

using io::Task;

struct Scene {
  Scene() {
    char pattern[] = "/tmp/podo-logs-XXXXXX";
    folder = ::mkdtemp(pattern);
    path = folder + "/log";
  }
  ~Scene() { std::filesystem::remove_all(folder); }

  void append(const std::string& name, std::string_view bytes) {
    std::ofstream(folder + "/" + name, std::ios::app).write(bytes.data(), static_cast<long>(bytes.size()));
  }
  std::string read(LogOptions options, LogFormat format = LogFormat::json_file) {
    auto reader = open_log(loop, pool, {.path = path, .format = format, .tty = true}, std::move(options));
    REQUIRE(reader.has_value());
    auto all = loop.run(read_all(**reader));
    REQUIRE_MESSAGE(all.has_value(), (all ? "" : all.error().message()));
    return *all;
  }
  static Task<std::string> read_all(LogReader& reader) {
    std::string all;
    for (;;) {
      std::string piece = co_await reader.next();
      if (piece.empty()) co_return all;
      all += piece;
    }
  }

  std::string folder, path;
  io::EpollLoop loop;
  io::BlockingPool pool{2};
};

std::string json_line(std::string_view text, int second, unsigned stream = 1,
                      std::string_view attributes = {}) {
  char timestamp[monitor::timestamp_size];
  monitor::put_timestamp(timestamp, second * 1'000'000'000L);
  std::string line(monitor::json_record_max(text.size(), attributes.size()), '\0');
  char* end = monitor::put_json_record(line.data(), {text.data(), text.size()}, stream, timestamp,
                                       {attributes.data(), attributes.size()});
  line.resize(static_cast<std::size_t>(end - line.data()));
  return line;
}

std::string local_record(std::string_view text, int second, unsigned stream = 1) {
  std::string record(monitor::local_record_size(text.size()), '\0');
  monitor::put_local_record(record.data(), {text.data(), text.size()}, stream, second * 1'000'000'000L);
  return record;
}

TEST_CASE("what a monitor writes reads back, whatever bytes it had; what is not UTF-8 is replaced") {
  LogDecoder decoder(LogFormat::json_file);
  for (std::string_view text : {"plain\n", "\"quoted\" \\ back\n", "tab\t bell\a cr\r\n",
                                "h\u00e9 \u4e2d \U0001f600\n", "", "\x7f"}) {
    std::string line = json_line(text, 1'700'000'000, 2);
    std::optional<LogRecord> record;
    CHECK(decoder.next(line, record) == line.size());
    REQUIRE(record.has_value());
    CHECK(record->bytes == text);
    CHECK(record->stream == 2);
    CHECK(record->at == Wall{1'700'000'000'000'000'000});
  }
  std::optional<LogRecord> record;
  std::string line = json_line("a\xff\xc3(\xe4\xb8", 1);
  decoder.next(line, record);
  REQUIRE(record.has_value());
  CHECK(record->bytes == "a\ufffd\ufffd(\ufffd\ufffd");
}

TEST_CASE("a record decodes to the same by hand and by the whole JSON parser") {
  LogDecoder decoder(LogFormat::json_file);
  std::optional<LogRecord> record;
  // As Docker writes it: <, > and & escaped, zeros cut off the time, attributes before it.
  std::string line =
      "{\"log\":\"\\u003cb\\u003e \\ud83d\\ude00\\n\",\"stream\":\"stderr\",\"attrs\":{\"b\":\"2\",\"a\":\"x "
      "y\"},"
      "\"time\":\"2024-05-01T09:08:07.5Z\"}\n";
  CHECK(decoder.next(line, record) == line.size());
  REQUIRE(record.has_value());
  CHECK(record->bytes == "<b> \U0001f600\n");
  CHECK(record->at == *parse_rfc3339("2024-05-01T09:08:07.5Z"));
  std::string out;
  append_frame(out, *record, {.timestamps = true, .details = true}, false);
  CHECK(out.substr(0, 4) == std::string_view("\2\0\0\0", 4));
  CHECK(out.substr(8) == "2024-05-01T09:08:07.500000000Z a=x+y,b=2 <b> \U0001f600\n");
}

TEST_CASE("every day of four centuries has the timestamp that it reads back from") {
  LogDecoder decoder(LogFormat::json_file);
  for (std::int64_t day = 0; day < 106'000; ++day) {
    Wall at{(day * 86'400 + day % 86'400) * 1'000'000'000 + 123'456'789};
    char timestamp[monitor::timestamp_size];
    monitor::put_timestamp(timestamp, at.ns);
    std::string_view written(timestamp, sizeof timestamp);
    if (day % 97 == 0) CHECK(written == rfc3339(at));
    std::string line = R"({"log":"x","stream":"stdout","time":")" + std::string(written) + "\"}\n";
    std::optional<LogRecord> record;
    decoder.next(line, record);
    REQUIRE(record.has_value());
    REQUIRE(record->at == at);
  }
}

TEST_CASE("the last records, since, until and one stream, across rotated files") {
  for (LogFormat format : {LogFormat::json_file, LogFormat::local}) {
    Scene scene;
    auto record = [format](int number) {
      std::string text = podo::text("line {}\n", number);
      unsigned stream = number % 2 == 0 ? 2 : 1;
      return format == LogFormat::local ? local_record(text, number, stream)
                                        : json_line(text, number, stream);
    };
    for (int number = 0; number < 3000; ++number)
      scene.append(number < 1000 ? "log.2" : number < 2000 ? "log.1" : "log", record(number));
    std::string all = scene.read({}, format);
    CHECK(all.starts_with("line 0\nline 1\n"));
    CHECK(all.ends_with("line 2998\nline 2999\n"));
    CHECK(std::ranges::count(all, '\n') == 3000);
    CHECK(scene.read({.tail = 0}, format).empty());
    CHECK(scene.read({.tail = 2}, format) == "line 2998\nline 2999\n");
    CHECK(scene.read({.tail = 1000}, format).starts_with("line 2000\n"));
    CHECK(scene.read({.tail = 1001}, format).starts_with("line 1999\n"));
    CHECK(scene.read({.tail = 99'999}, format) == all);
    CHECK(scene.read({.out = false, .tail = 3}, format) == "line 2998\n");
    CHECK(scene.read({.since = Wall{1999'000'000'000}, .until = Wall{2001'000'000'000}}, format) ==
          "line 1999\nline 2000\nline 2001\n");
  }
}

TEST_CASE("what is no record is passed over, and the rest of a record is awaited") {
  Scene scene;
  scene.append("log",
               json_line("one\n", 1) + "garbage\n{\"log\":3}\n\n" + json_line("two\n", 2) + "{\"log\":\"thr");
  CHECK(scene.read({}) == "one\ntwo\n");
  Scene local;
  local.append("log",
               local_record("one\n", 1) + local_record("two\n", 2) + local_record("three\n", 3).substr(0, 9));
  CHECK(local.read({}, LogFormat::local) == "one\ntwo\n");
  CHECK(local.read({.tail = 1}, LogFormat::local) == "two\n");
}

TEST_CASE("no log is an empty log") {
  Scene scene;
  CHECK(scene.read({}).empty());
  CHECK(scene.read({.tail = 5}).empty());
}

// A follower of a fast writer whose log is rotated all the time sees every line, and ends with the container.
Task<void> follow_through_rotation(Scene& scene, LogTarget::Driver driver) {
  const bool local = driver == LogTarget::Driver::local;
  auto life = std::make_shared<LogLife>();
  io::Fd shell(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
  MonitorProgram program = co_await MonitorProgram::load();
  MonitorSpec spec;
  spec.folder = scene.folder;
  spec.runtime = {
      "sh", "-c",
      "sh -c 'for b in $(seq 100); do seq $((b*100)) $((b*100+99)); done; sleep 0.05' & echo $! > pid"};
  spec.runtime_program = shell.get();
  spec.log = {.driver = driver, .path = scene.path, .bytes_max = 20'000, .files_max = 200};
  auto relay = AttachRelay::make({.spill_folder = scene.folder});
  auto reader = co_await open_log(scene.loop, scene.pool,
                                  {.path = scene.path,
                                   .format = local ? LogFormat::local : LogFormat::json_file,
                                   .tty = true,
                                   .life = life},
                                  {.follow = true});
  auto monitor = co_await MonitorClient::spawn(scene.loop, program, std::move(spec), relay);
  auto end = [](MonitorClient& client, LogLife& its_life) -> Task<std::string> {
    co_await client.drained();
    its_life.end();
    co_return std::string();
  };
  auto [ended, all] = co_await io::all(end(*monitor, *life), Scene::read_all(*reader));
  std::string expected;
  for (int number = 100; number < 10'100; ++number) expected += text("{}\n", number);
  CHECK(all == expected);
  CHECK(std::filesystem::exists(scene.path + ".3"));
}

TEST_CASE("following loses nothing while the log is rotated, and ends with the container") {
  for (LogTarget::Driver driver : {LogTarget::Driver::json_file, LogTarget::Driver::local}) {
    Scene scene;
    Result<void> ran = scene.loop.run(io::deadline(follow_through_rotation(scene, driver), seconds(20)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace
}  // namespace podo::engine
