#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/core/text.h"
#include "container/runtime/process_setup.h"

namespace podo::runtime {
namespace {

// bin/tool may be executed, bin/plain may not.
struct Bin {
  Bin() {
    char name[] = "/tmp/podo-resolve-XXXXXX";
    path = ::mkdtemp(name);
    make("tool", 0755);
    make("plain", 0644);
  }
  ~Bin() {
    for (const char* each : {"tool", "plain"}) ::unlink((path + "/" + each).c_str());
    ::rmdir(path.c_str());
  }
  void make(const char* name, mode_t mode) const {
    FILE* file = ::fopen((path + "/" + name).c_str(), "w");
    ::fclose(file);
    ::chmod((path + "/" + name).c_str(), mode);
  }
  std::string path;
};

ProcessPlan process(std::string command, std::string path) {
  ProcessPlan plan;
  plan.args = {std::move(command)};
  plan.env = {"PATH=/first-is-ignored", "PATH=" + path, "HOME=/home/x"};
  plan.cwd = "/";
  return plan;
}

std::string refusal(const ProcessPlan& plan) {
  const auto command = resolve_command(plan);
  return command ? "found " + command->file : command.error().message();
}

}  // namespace

TEST_CASE("a command is looked up in the container's PATH, the last one given") {
  const Bin bin;
  CHECK_EQ(refusal(process("tool", "/nowhere:" + bin.path)), "found " + bin.path + "/tool");
  CHECK_EQ(refusal(process("missing", bin.path)), "exec: \"missing\": executable file not found in $PATH");
  CHECK_EQ(refusal(process("tool", "")), "exec: \"tool\": executable file not found in $PATH");
  CHECK_EQ(refusal(process("plain", bin.path)), "exec: \"plain\": permission denied");
}

TEST_CASE("a path is taken as it is, a relative one from cwd") {
  const Bin bin;
  CHECK_EQ(refusal(process(bin.path + "/tool", "")), "found " + bin.path + "/tool");
  CHECK_EQ(refusal(process(bin.path + "/gone", "")),
           text("exec: \"{}/gone\": no such file or directory", bin.path));
  CHECK_EQ(refusal(process(bin.path, "")), text("exec: \"{}\": is a directory: permission denied", bin.path));
  ProcessPlan relative = process("./tool", "");
  relative.cwd = bin.path;
  CHECK_EQ(refusal(relative), "found " + bin.path + "/./tool");
}

TEST_CASE("HOME is added when the config gives none") {
  ProcessPlan plan = process("/bin/true", "");
  CHECK_EQ(resolve_command(plan)->env.size(), plan.env.size());
  plan.env = {"A=1"};
  plan.uid = 4'000'000'000;
  CHECK_EQ(resolve_command(plan)->env.back(), "HOME=/");
}

}  // namespace podo::runtime
