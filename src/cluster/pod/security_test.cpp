#include "cluster/pod/security.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

struct Applied {
  docker::CreateRequest request = {};
  std::string error = {};
};

// Of a pod whose securityContext and whose container's are given.
Applied applied(std::string_view of_pod, std::string_view of_container, std::string image_user = {},
                const SecurityFacts& facts = {}) {
  const json::Tree pod = parsed(text(
      R"({{"metadata":{{"name":"p","namespace":"ns","uid":"u"}},"spec":{{"securityContext":{}}}}})", of_pod));
  const json::Tree container = parsed(text(R"({{"name":"c","securityContext":{}}})", of_container));
  oci::ImageConfig image;
  image.user = std::move(image_user);
  Applied result;
  const auto done = apply_security(result.request, pod.root(), container.root(), image, facts);
  if (!done) result.error = done.error().message();
  return result;
}

TEST_CASE("the user is the container's, the pod's, or the image's") {
  struct Row {
    std::string_view pod, container, image, user;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"{}", "{}", "", ""},
                                  {"{}", "{}", "app:staff", "app:staff"},
                                  {R"({"runAsUser":1})", "{}", "app", "1"},
                                  {R"({"runAsUser":1,"runAsGroup":2})", R"({"runAsUser":3})", "", "3:2"},
                                  {R"({"runAsGroup":2})", "{}", "app:staff", "app:2"},
                                  {R"({"runAsGroup":2})", "{}", "", "0:2"},
                                  {"null", "null", "7", "7"}}) {
    CAPTURE(row.pod);
    CHECK_EQ(applied(row.pod, row.container, std::string(row.image)).request.config.user, row.user);
  }
}

TEST_CASE("who must not be root is refused when he may be") {
  struct Row {
    std::string_view pod, container, image, error;
  };
  for (const Row& row : std::initializer_list<Row>{
           {R"({"runAsNonRoot":true})", "{}", "1000", ""},
           {R"({"runAsNonRoot":true})", R"({"runAsNonRoot":false})", "", ""},
           {R"({"runAsNonRoot":true,"runAsUser":5})", "{}", "", ""},
           {R"({"runAsNonRoot":true})", R"({"runAsUser":0})", "5",
            "container's runAsUser breaks non-root policy (pod: \"p_ns(u)\", container: c)"},
           {R"({"runAsNonRoot":true})", "{}", "",
            "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)"},
           {"{}", R"({"runAsNonRoot":true})", "0:5",
            "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)"},
           {"{}", R"({"runAsNonRoot":true})", "app",
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root "
            "(pod: \"p_ns(u)\", container: c)"}}) {
    CAPTURE(row.image);
    CHECK_EQ(applied(row.pod, row.container, std::string(row.image)).error, row.error);
  }
}

TEST_CASE("groups, capabilities and privileges are the engine's") {
  const auto request =
      applied(R"({"supplementalGroups":[10,20,10],"fsGroup":20})",
              R"({"capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]},"readOnlyRootFilesystem":true,
                  "allowPrivilegeEscalation":false,"procMount":"Unmasked"})")
          .request;
  CHECK(request.host_config.group_add == docker::Strings{"@image", "10", "20"});
  CHECK(request.host_config.cap_add == docker::Strings{"NET_ADMIN"});
  CHECK(request.host_config.cap_drop == docker::Strings{"ALL"});
  CHECK(request.host_config.readonly_rootfs);
  CHECK(request.host_config.security_opt == docker::Strings{"no-new-privileges"});
  CHECK(request.host_config.masked_paths == docker::Strings{});
  const auto strict = applied(R"({"supplementalGroupsPolicy":"Strict","runAsUser":1})", "{}").request;
  CHECK(strict.host_config.group_add == docker::Strings{"@none"});
  const auto plain = applied("{}", R"({"allowPrivilegeEscalation":true})").request;
  CHECK(plain.host_config.security_opt.empty());
  CHECK_FALSE(plain.host_config.masked_paths.has_value());
  CHECK(plain.host_config.cgroupns_mode.empty());
  const auto privileged = applied("{}", R"({"privileged":true})").request;
  CHECK(privileged.host_config.privileged);
  CHECK(privileged.host_config.cgroupns_mode == "host");
}

TEST_CASE("profiles are the engine's default unless another is named") {
  const auto options = [](std::string_view pod, std::string_view container, const SecurityFacts& facts = {}) {
    const Applied result = applied(pod, container, "", facts);
    if (!result.error.empty()) return "error: " + result.error;
    std::string all;
    for (const std::string& each : result.request.host_config.security_opt) all += each + ";";
    return all;
  };
  CHECK_EQ(options("{}", "{}"), "");
  CHECK_EQ(options(R"({"seccompProfile":{"type":"Unconfined"}})", "{}"), "seccomp=unconfined;");
  CHECK_EQ(options(R"({"seccompProfile":{"type":"Unconfined"}})",
                   R"({"seccompProfile":{"type":"RuntimeDefault"}})"),
           "");
  const std::string_view local = R"({"seccompProfile":{"type":"Localhost","localhostProfile":"a.json"}})";
  CHECK_EQ(options(local, "{}", {.apparmor = false, .seccomp_profile = "{}"}), "seccomp={};");
  CHECK_EQ(options(local, "{}"),
           "error: cannot load seccomp profile \"a.json\": there is no such file on this node");
  CHECK_EQ(localhost_profile(parsed("{}").root(), parsed(text(R"({{"securityContext":{}}})", local)).root()),
           "a.json");
  const std::string_view armor = R"({"appArmorProfile":{"type":"Localhost","localhostProfile":"x"}})";
  CHECK_EQ(options("{}", armor, {.apparmor = true}), "apparmor=x;");
  CHECK_EQ(options("{}", armor), "error: Cannot enforce AppArmor: AppArmor is not enabled on the host");
  CHECK_EQ(options("{}", armor, {.apparmor = true, .apparmor_profile = false}),
           "error: Cannot enforce AppArmor: profile \"x\" is not loaded");
}

TEST_CASE("a pod with an unsafe sysctl fails at once") {
  const auto why = [](std::string_view spec) {
    const json::Tree pod = parsed(text(R"({{"spec":{}}})", spec));
    const auto refused = forbidden_sysctl(pod.root());
    return refused ? refused->reason + ": " + refused->message : "";
  };
  CHECK_EQ(why(R"({"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}]}})"), "");
  CHECK_EQ(why(R"({"securityContext":{"sysctls":[{"name":"net/ipv4/tcp_rmem","value":"1"}]}})"), "");
  CHECK_EQ(why(R"({"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}})"),
           "SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowlisted");
  CHECK_EQ(
      why(R"({"hostNetwork":true,
                   "securityContext":{"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}]}})"),
      "SysctlForbidden: forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled");
}

}  // namespace
}  // namespace podo::pod
