#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

constexpr const char* maps = "/api/v1/namespaces/ns/configmaps/";
constexpr const char* secrets = "/api/v1/namespaces/ns/secrets/";

// What nearly every pod has.
constexpr std::string_view api_access =
    R"({"name":"kube-api-access","projected":{"defaultMode":420,"sources":[
    {"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
    {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
    {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"fieldPath":"metadata.namespace"}}]}}]}})";

std::string volumes_only(std::string_view volumes) {
  return text(R"("volumes":[{}],"containers":[{{"name":"c"}}])", volumes);
}

struct Shown {
  std::vector<docker::Mount> mounts;
  std::string problem;
};

Shown mounts_of(World& w, const json::Tree& pod, int attempt = 0,
                std::map<std::string, std::string> environment = {}) {
  auto mounts = w.ground.run(
      w.volumes->mounts_of(pod.root(), {.container = *kube::find_at(pod.root(), "spec.containers[0]"),
                                        .attempt = attempt,
                                        .environment = std::move(environment)}));
  if (!mounts) return {{}, mounts.error().message()};
  return {*std::move(mounts), ""};
}

TEST_CASE("the token, the CA and the namespace are there, readable by the pod's user alone") {
  World w;
  w.api.put(maps + std::string("kube-root-ca.crt"), R"({"data":{"ca.crt":"CERT"}})");
  const json::Tree pod =
      w.pod(text(R"("securityContext":{{"runAsUser":1000,"fsGroup":2000}},{})", volumes_only(api_access)));
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  const std::string at = w.volume("projected/kube-api-access/");
  CHECK(image::content_of(at + "ca.crt") == "CERT");
  CHECK(image::content_of(at + "namespace") == "ns");
  CHECK(image::content_of(at + "token").starts_with("h."));
  CHECK(mode_at(at + "..data/token") == 0640);
  CHECK(status_of(at + "..data/token").st_uid == 1000);
  CHECK(status_of(at + "..data/token").st_gid == 2000);
  CHECK(mode_at(at + "..data/ca.crt") == 0644);
  CHECK(mounts_below(w.scratch.path)->size() == 1);
  // Again it costs nothing; after a restart the token is found.
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  w.open();
  CHECK(w.volumes->known_pods() == std::vector<std::string>{"u1"});
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  CHECK(w.api.tokens == 1);
  CHECK(mounts_below(w.scratch.path)->size() == 1);
  CHECK(w.problem(w.volumes->unmount("u1")) == "");
  CHECK(w.volumes->known_pods().empty());
  CHECK(names_in(w.scratch.path + "/pods")->empty());
  CHECK(w.problem(w.volumes->unmount("u1")) == "");
}

TEST_CASE("files follow their source and their token; what is the same stays, what fails leaves them") {
  World w;
  w.api.put(maps + std::string("kube-root-ca.crt"), R"({"data":{"ca.crt":"1"}})");
  w.api.put(secrets + std::string("s"), R"({"data":{"k":"MQ=="}})");
  const json::Tree pod =
      w.pod(volumes_only(text(R"({},{{"name":"s","secret":{{"secretName":"s"}}}})", api_access)));
  REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
  const std::string at = w.volume("projected/kube-api-access/"), secret = w.volume("secret/s/k");
  const std::string token = image::content_of(at + "token");
  const auto due = w.ground.run(w.volumes->refresh(pod.root()));
  REQUIRE((due.has_value() && due->has_value()));
  CHECK((*due)->ns > seconds(2800).ns);
  CHECK((*due)->ns <= seconds(2886).ns);

  const auto inode = status_of(at + "..data/token").st_ino;
  w.api.put(secrets + std::string("s"), R"({"data":{"k":"Mg=="}})");
  w.wait_for_change();
  CHECK(w.changes == std::vector<std::string>{"secret s"});
  REQUIRE(w.ground.run(w.volumes->refresh(pod.root())));
  CHECK(image::content_of(secret) == "2");
  CHECK(status_of(at + "..data/token").st_ino == inode);

  w.clock.shift = seconds(2900);
  REQUIRE(w.ground.run(w.volumes->refresh(pod.root())));
  CHECK(image::content_of(at + "token") != token);
  CHECK(w.api.tokens == 2);

  w.api.erase(secrets + std::string("s"));
  w.wait_for_change();
  const auto gone = w.ground.run(w.volumes->refresh(pod.root()));
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().message() == R"(MountVolume.SetUp failed for volume "s" : secret "s" not found)");
  CHECK(image::content_of(secret) == "2");
}

TEST_CASE("what is wrong with a volume is told as the kubelet does") {
  World w;
  w.api.put(maps + std::string("m"), R"({"data":{"a":"1"}})");
  const auto problem = [&](std::string_view volume) {
    const json::Tree pod = w.pod(volumes_only(text(R"({{"name":"v",{}}})", volume)));
    const std::string said = w.problem(w.volumes->mount(pod.root()));
    constexpr std::string_view prefix = R"(MountVolume.SetUp failed for volume "v" : )";
    return said.starts_with(prefix) ? said.substr(prefix.size()) : "? " + said;
  };
  CHECK(problem(R"("configMap":{"name":"x"})") == R"(configmap "x" not found)");
  CHECK(problem(R"("secret":{"secretName":"x"})") == R"(secret "x" not found)");
  CHECK(problem(R"("configMap":{"name":"m","items":[{"key":"k","path":"p"}]})") ==
        "configmap references non-existent config key: k");
  CHECK(problem(R"("configMap":{"name":"m","items":[{"key":"a","path":"../p"}]})") ==
        "invalid path: must not contain '..': ../p");
  CHECK(problem(R"("projected":{"sources":[{"configMap":{"name":"x"}},{"secret":{"name":"y"}}]})") ==
        R"([configmap "x" not found, secret "y" not found])");
  CHECK(problem(R"("hostPath":{"path":"/none/such","type":"Directory"})") ==
        "hostPath type check failed: /none/such is not a directory");
  CHECK(problem(R"("emptyDir":{"medium":"HugePages-2Mi"})") ==
        "emptyDir volumes of medium HugePages-2Mi are not supported by this node");
  CHECK(problem(R"("nfs":{"server":"s","path":"/"})") ==
        "volumes of kind nfs are not supported by this node");
  CHECK(problem(R"("projected":{"sources":[{"clusterTrustBundle":{"name":"x","path":"p"}}]})") ==
        "projected sources of kind clusterTrustBundle are not supported by this node");
  CHECK(problem(R"("configMap":{"name":"x","optional":true})") == "? ");
}

TEST_CASE("an optional source that comes later is written") {
  World w;
  const json::Tree pod =
      w.pod(volumes_only(R"({"name":"v","configMap":{"name":"m","optional":true,"defaultMode":256}})"));
  REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
  w.api.put(maps + std::string("m"), R"({"data":{"a":"1"}})");
  w.wait_for_change();
  REQUIRE(w.ground.run(w.volumes->refresh(pod.root())));
  CHECK(image::content_of(w.volume("configmap/v/a")) == "1");
  CHECK(mode_at(w.volume("configmap/v/..data/a")) == 0400);
}

TEST_CASE("mounts of a container: where from, where to, how") {
  World w;
  w.api.put(maps + std::string("m"), R"({"data":{"a":"1"}})");
  const json::Tree pod =
      w.pod(R"json("volumes":[{"name":"e","emptyDir":{}},{"name":"m","configMap":{"name":"m"}},
      {"name":"h","hostPath":{"path":"/some/where"}},
      {"name":"k","emptyDir":{"medium":"Memory","sizeLimit":"1Mi"}}],
    "containers":[{"name":"c","terminationMessagePath":"/dev/termination-log","volumeMounts":[
      {"name":"e","mountPath":"/e","mountPropagation":"Bidirectional"},
      {"name":"m","mountPath":"m"},
      {"name":"h","mountPath":"/h","readOnly":true,"recursiveReadOnly":"Enabled"},
      {"name":"e","mountPath":"/sub","subPathExpr":"x/$(POD)/$$(POD)","readOnly":true,
       "recursiveReadOnly":"IfPossible"},
      {"name":"k","mountPath":"/k","mountPropagation":"HostToContainer"}]}])json");
  REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
  CHECK(mounts_of(w, pod).problem == "missing value for POD");
  const Shown shown = mounts_of(w, pod, 0, {{"POD", "p"}});
  CHECK(shown.problem == "");
  std::string all;
  for (const docker::Mount& mount : shown.mounts) {
    std::string source = mount.source;
    if (source.starts_with(w.scratch.path)) source = source.substr(w.scratch.path.size());
    all += text("{} {} {} {}{}{}{}\n", source, mount.target, mount.bind->propagation,
                mount.read_only ? "ro" : "rw", mount.bind->create_mountpoint ? " made" : "",
                mount.bind->read_only_force_recursive ? " recursive" : "",
                mount.bind->read_only_non_recursive ? " flat" : "");
  }
  CHECK(all ==
        "/pods/u1/volumes/kubernetes.io~empty-dir/e /e rshared rw\n"
        "/pods/u1/volumes/kubernetes.io~configmap/m /m rprivate ro flat\n"
        "/some/where /h rprivate ro made recursive\n"
        "/pods/u1/volume-subpaths/e/c/3 /sub rprivate ro\n"
        "/pods/u1/volumes/kubernetes.io~empty-dir/k /k rslave rw\n"
        "/pods/u1/containers/c/0 /dev/termination-log rprivate rw\n");
  CHECK(image::exists(w.volume("empty-dir/e/x/p/$(POD)")));
  CHECK(w.problem(w.volumes->unmount("u1")) == "");
  CHECK(mounts_below(w.scratch.path)->empty());
}

TEST_CASE("a container of a volume that is not mounted, or of a path that leads out, does not start") {
  World w;
  const auto problem = [&](std::string_view mount, std::map<std::string, std::string> environment = {}) {
    const json::Tree pod =
        w.pod(text(R"("volumes":[{{"name":"e","emptyDir":{{}}}}],)"
                   R"("containers":[{{"name":"c","volumeMounts":[{{"mountPath":"/m",{}}}]}}])",
                   mount));
    REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
    return mounts_of(w, pod, 0, std::move(environment)).problem;
  };
  CHECK(problem(R"("name":"x")") == R"(cannot find volume "x" to mount into container "c")");
  CHECK(problem(R"json("name":"e","subPathExpr":"$(P)")json", {{"P", "/etc"}}) ==
        "error SubPath `/etc` must not be an absolute path");
  CHECK(problem(R"json("name":"e","subPathExpr":"a/$(P)")json", {{"P", "../.."}}) ==
        "unable to provision SubPath `a/../..`: must not contain '..'");
  REQUIRE(::symlink("/etc", w.volume("empty-dir/e/out").c_str()) == 0);
  CHECK(problem(R"("name":"e","subPath":"out")") ==
        R"(failed to prepare subPath for volumeMount "e" of container "c")");
  CHECK(problem(R"("name":"e","subPath":"out/passwd")") ==
        R"(failed to prepare subPath for volumeMount "e" of container "c")");
  image::write_to(w.volume("empty-dir/e/file"), "");
  CHECK(problem(R"("name":"e","subPath":"file/x")") ==
        R"(failed to create subPath directory for volumeMount "e" of container "c")");
}

TEST_CASE("a subPath of a ConfigMap stays what it was until the container's next attempt") {
  World w;
  w.api.put(maps + std::string("m"), R"({"data":{"a":"1"}})");
  const json::Tree pod = w.pod(R"("volumes":[{"name":"m","configMap":{"name":"m"}}],
    "containers":[{"name":"c","volumeMounts":[{"name":"m","mountPath":"/a","subPath":"a"}]}])");
  REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
  const std::string pinned = mounts_of(w, pod).mounts.at(0).source;
  CHECK(image::content_of(pinned) == "1");
  w.api.put(maps + std::string("m"), R"({"data":{"a":"2"}})");
  w.wait_for_change();
  REQUIRE(w.ground.run(w.volumes->refresh(pod.root())));
  CHECK(image::content_of(w.volume("configmap/m/a")) == "2");
  CHECK(image::content_of(pinned) == "1");
  CHECK(mounts_of(w, pod, 1).mounts.at(0).source == pinned);
  CHECK(image::content_of(pinned) == "2");
  CHECK(image::exists(w.scratch.path + "/pods/u1/containers/c/1"));
  image::write_to(w.scratch.path + "/pods/u1/containers/c/1", "the end");
  CHECK(*w.ground.run(w.volumes->termination_message("u1", "c", 1, 4096)) == "the end");
  CHECK(*w.ground.run(w.volumes->termination_message("u1", "c", 7, 4096)) == "");
}

Task<void> refresh_and_unmount(World& w, const json::Tree& pod) {
  io::TaskGroup group(co_await io::this_loop());
  const auto refresh = [](World& world, const json::Tree& of) -> Task<void> {
    co_await world.volumes->refresh(of.root());
  };
  w.clock.shift = seconds(3000);  // the token has to be asked for
  group.spawn(refresh(w, pod));
  group.spawn(w.volumes->unmount("u1"));
  group.spawn(refresh(w, pod));
  co_await group.join();
}

TEST_CASE("a refresh that meets the end of its pod brings nothing back") {
  World w;
  w.api.put(maps + std::string("kube-root-ca.crt"), R"({"data":{"ca.crt":"CERT"}})");
  const json::Tree pod = w.pod(volumes_only(api_access));
  REQUIRE(w.problem(w.volumes->mount(pod.root())) == "");
  CHECK(w.problem(refresh_and_unmount(w, pod)) == "");
  CHECK(w.api.tokens == 2);
  CHECK(w.volumes->known_pods().empty());
  CHECK(names_in(w.scratch.path + "/pods")->empty());
  w.api.put(maps + std::string("kube-root-ca.crt"), R"({"data":{"ca.crt":"NEW"}})");
  REQUIRE(w.ground.run(w.volumes->refresh(pod.root())));
  CHECK(w.changes.empty());  // nobody holds it
}

TEST_CASE("claims lead to their volume, or say why not") {
  World w;
  const std::string claims = "/api/v1/namespaces/ns/persistentvolumeclaims/",
                    volumes = "/api/v1/persistentvolumes/";
  const json::Tree pod = w.pod(R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}],
    "containers":[{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v"}]}])");
  const auto problem = [&] { return w.problem(w.volumes->mount(pod.root())); };
  const std::string prefix =
      "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process "
      "volumes=[v]: error processing PVC ns/c: ";
  CHECK(problem() == prefix + R"(failed to fetch PVC from API server: persistentvolumeclaims "c" not found)");
  w.api.put(claims + "c", R"({"metadata":{"uid":"cu"},"status":{"phase":"Pending"}})");
  CHECK(problem() == prefix + "PVC is not bound");
  w.api.put(claims + "c",
            R"({"metadata":{"uid":"cu"},"spec":{"volumeName":"pv"},"status":{"phase":"Bound"}})");
  w.api.put(volumes + "pv", R"({"spec":{"claimRef":{"uid":"other"}}})");
  CHECK(problem() == prefix + "found PV object pv with an unexpected pvc uid other instead of cu");
  w.api.put(volumes + "pv", R"({"spec":{"claimRef":{"uid":"cu"},"csi":{"driver":"d"}}})");
  CHECK(problem() == R"(MountVolume.SetUp failed for volume "pv" : )"
                     "PersistentVolumes of kind csi are not supported by this node");
  w.api.put(volumes + "pv",
            text(R"({{"spec":{{"claimRef":{{"uid":"cu"}},"local":{{"path":"{}/disk"}}}}}})", w.scratch.path));
  CHECK(problem() ==
        text(R"(MountVolume.SetUp failed for volume "pv" : path "{}/disk" does not exist)", w.scratch.path));
  REQUIRE(::mkdir((w.scratch.path + "/disk").c_str(), 0755) == 0);
  image::write_to(w.scratch.path + "/disk/data", "here");
  CHECK(problem() == "");
  CHECK(image::content_of(mounts_of(w, pod).mounts.at(0).source + "/data") == "here");
  CHECK(w.problem(w.volumes->unmount("u1")) == "");
  CHECK(image::content_of(w.scratch.path + "/disk/data") == "here");
}

TEST_CASE("an ephemeral volume's claim is the pod's own") {
  World w;
  const json::Tree pod = w.pod(R"("volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{}}}],
    "containers":[{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v"}]}])");
  const auto put = [&](std::string_view owner) {
    w.api.put("/api/v1/namespaces/ns/persistentvolumeclaims/p-v",
              text(R"({{"metadata":{{"uid":"cu","ownerReferences":[{{"uid":"{}","controller":true}}]}},)"
                   R"("spec":{{"volumeName":"pv"}},"status":{{"phase":"Bound"}}}})",
                   owner));
  };
  w.api.put("/api/v1/persistentvolumes/pv",
            text(R"({{"metadata":{{"annotations":{{"pv.kubernetes.io/provisioned-by":"x"}}}},)"
                 R"("spec":{{"claimRef":{{"uid":"cu"}},)"
                 R"("hostPath":{{"path":"{}/new","type":"DirectoryOrCreate"}}}}}})",
                 w.scratch.path));
  put("another");
  CHECK(w.problem(w.volumes->mount(pod.root()))
            .ends_with(
                "error processing PVC ns/p-v: PVC ns/p-v was not created for pod ns/p (pod is not owner)"));
  put("u1");
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  CHECK(mounts_of(w, pod).mounts.at(0).source == w.scratch.path + "/new");
  CHECK(mode_at(w.scratch.path + "/new") == 0777);
}

TEST_CASE("an image's tree is mounted, outlives the daemon, and goes with the pod") {
  World w;
  w.ground.load({.layers = {image::Archive().folder("d").file("d/f", "of the image").end()},
                 .tags = {"docker.io/library/data:1"}});
  const json::Tree pod = w.pod(R"("volumes":[
      {"name":"i","image":{"reference":"data:1","pullPolicy":"IfNotPresent"}}],
    "containers":[{"name":"c","volumeMounts":[{"name":"i","mountPath":"/i"}]}])");
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  const docker::Mount mount = mounts_of(w, pod).mounts.at(0);
  CHECK(mount.read_only);
  CHECK(image::content_of(mount.source + "/d/f") == "of the image");
  CHECK_FALSE(image::exists(mount.source + "/etc"));
  w.ground.open();
  w.open();
  CHECK(w.problem(w.volumes->mount(pod.root())) == "");
  CHECK(image::content_of(mount.source + "/d/f") == "of the image");
  CHECK(w.problem(w.volumes->unmount("u1")) == "");
  CHECK(names_in(w.scratch.path + "/pods")->empty());
  const json::Tree none =
      w.pod(volumes_only(R"({"name":"i","image":{"reference":"none:1","pullPolicy":"Never"}})"));
  CHECK(w.problem(w.volumes->mount(none.root())) ==
        R"(MountVolume.SetUp failed for volume "i" : )"
        R"(Container image "none:1" is not present with pull policy of Never)");
}

}  // namespace
}  // namespace podo::volumes
