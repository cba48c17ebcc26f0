#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "base/format/json.h"
#include "base/linux/file.h"
#include "container/oci_cli/columns.h"
#include "container/oci_cli/listing.h"
#include "container/oci_cli/oci_log.h"
#include "container/oci_cli/ps_table.h"

namespace podo::oci_cli {

TEST_CASE("a log line is one line, whatever the message") {
  CHECK_EQ(log_line(LogFormat::text, LogLevel::error, "open \"x\":\nno", "T"),
           "time=\"T\" level=error msg=\"open \\\"x\\\":\\nno\"\n");
  CHECK_EQ(log_line(LogFormat::json, LogLevel::warning, "a\nb", "T"),
           "{\"level\":\"warning\",\"msg\":\"a\\nb\",\"time\":\"T\"}\n");
}

TEST_CASE("a log file is appended to, and the error is its last line") {
  char path[] = "/tmp/podo-log-XXXXXX";
  const io::Fd file(::mkstemp(path));
  REQUIRE(file);
  for (const char* message : {"first", "second"}) {
    OciLog log;
    REQUIRE(log.open(path, "json", false));
    log.debug("not wanted");
    log.warn("careful");
    log.write(LogLevel::error, message);
  }
  const std::string lines = *linux::read_file(path, 1 << 16);
  ::unlink(path);
  CHECK_FALSE(lines.contains("not wanted"));
  CHECK_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  const std::size_t last = lines.rfind('\n', lines.size() - 2) + 1;
  const auto entry = json::parse(lines.substr(last));
  REQUIRE(entry);
  CHECK_EQ(entry->root().find("level").string(), "error");
  CHECK_EQ(entry->root().find("msg").string(), "second");
  CHECK(OciLog().open("", "xml", false).error().kind() == ErrorKind::invalid);
  CHECK_FALSE(OciLog().open("/nowhere/log", "text", false));
}

TEST_CASE("columns are as wide as their widest cell") {
  Columns table(2, 4);
  table.row({"ID", "PID", "S"});
  table.row({"longer", "1", "x"});
  CHECK_EQ(table.take(), "ID      PID  S\nlonger  1    x\n");
}

TEST_CASE("of ps's table the header and the container's processes stay") {
  constexpr std::string_view table =
      "UID          PID    PPID  C CMD\n"
      "root           1       0  0 init 42\n"
      "root          42       1  0 sleep 1\n"
      "root         421       1  0 sleep 42\n"
      "short\n";
  CHECK_EQ(*pick_processes(table, {42, 7}),
           "UID          PID    PPID  C CMD\nroot          42       1  0 sleep 1\n");
  CHECK_EQ(*pick_processes(table, {}), "UID          PID    PPID  C CMD\n");
  CHECK(pick_processes("USER CMD\nroot x\n", {1}).error().kind() == ErrorKind::invalid);
  CHECK_EQ(*pick_processes("", {1}), "");
}

TEST_CASE("owners are told by name where they have one") {
  constexpr std::string_view passwd =
      "root:x:0:0:root:/root:/bin/sh\nbroken\nann:1001:7:1001::/:\nann2:x:1001:1001::/:\nlast:x:5:5";
  CHECK_EQ(find_user_name(passwd, 0), "root");
  CHECK_EQ(find_user_name(passwd, 1001), "ann2");
  CHECK_EQ(find_user_name(passwd, 5), "last");
  CHECK_EQ(find_user_name(passwd, 1000), "");
}

TEST_CASE("a stopped container has no process number") {
  runtime::Listing listing{.state = {}, .status = runtime::Status::stopped};
  listing.state.id = "web";
  listing.state.pid = 42;
  listing.state.annotations = {{"a", "1"}};
  const auto json_of = [&] {
    json::Writer out;
    write_listing(out, listing);
    return json::parse(out.take());
  };
  CHECK_EQ(json_of()->root().find("pid").as_int64(), 0);
  CHECK_EQ(json_of()->root().find("annotations").find("a").string(), "1");
  listing.status = runtime::Status::created;
  CHECK_EQ(json_of()->root().find("pid").as_int64(), 42);
  CHECK_EQ(json_of()->root().find("status").string(), "created");
}

}  // namespace podo::oci_cli
