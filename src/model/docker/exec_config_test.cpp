#include "model/docker/exec_config.h"

#include <doctest/doctest.h>

namespace podo::docker {
namespace {

std::string encoded(const ExecConfig& config) {
  json::Writer out;
  encode(out, config);
  return out.take();
}

TEST_CASE("every member of an exec is read and written") {
  const std::string body =
      R"({"User":"u","Privileged":true,"Tty":true,"ConsoleSize":[40,120],"AttachStdin":true,)"
      R"("AttachStderr":true,"AttachStdout":true,"DetachKeys":"ctrl-a","Env":["A=1"],)"
      R"("WorkingDir":"/w","Cmd":["ls","-l"]})";
  CHECK(encoded(*decode_exec_config(*json::parse(body))) == body);
}

TEST_CASE("an exec without a console size has none") {
  const auto config = *decode_exec_config(*json::parse(R"({"cmd":["ls"],"ConsoleSize":null})"));
  CHECK(config.cmd == Strings{"ls"});
  CHECK(!config.console_size);
  CHECK(!decode_exec_config(*json::parse(R"({"Cmd":{}})")));
}

}  // namespace
}  // namespace podo::docker
