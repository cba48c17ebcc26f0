#include "pods.h"

#include "base/format/json_writer.h"

namespace podo::bench {

namespace {

std::string hex(Random& random, std::size_t digits) {
  std::string out;
  while (out.size() < digits) out += text("{:x}", random.next());
  return out.substr(0, digits);
}

std::string uid(Random& random) {
  return text("{}-{}-{}-{}-{}", hex(random, 8), hex(random, 4), hex(random, 4), hex(random, 4),
              hex(random, 12));
}

std::string moment(Random& random) {
  return text("2025-11-2{}T1{}:{}{}:{}{}Z", random.below(10), random.below(10), random.below(6),
              random.below(10), random.below(6), random.below(10));
}

void write_metadata(json::Writer& out, Random& random, const std::string& app) {
  const std::string set = text("{}-{}", app, hex(random, 9));
  out.key("metadata").object().key("name").string(text("{}-{}", set, hex(random, 5)));
  out.key("generateName").string(set + "-").key("namespace").string(text("team-{}", random.below(10)));
  out.key("uid").string(uid(random)).key("creationTimestamp").string(moment(random));
  out.key("labels").object().key("app.kubernetes.io/name").string(app);
  out.key("pod-template-hash").string(hex(random, 9)).end();
  out.key("ownerReferences").array().object().key("apiVersion").string("apps/v1");
  out.key("kind").string("ReplicaSet").key("name").string(set).key("uid").string(uid(random));
  out.key("controller").boolean(true).key("blockOwnerDeletion").boolean(true).end().end().end();
}

void write_spec(json::Writer& out, Random& random, const std::string& app) {
  out.key("spec").object().key("containers").array().object().key("name").string(app);
  out.key("image").string(text("registry.example/team/{}:1.{}.{}", app, random.below(30), random.below(10)));
  out.key("ports")
      .array()
      .object()
      .key("containerPort")
      .number(8080)
      .key("protocol")
      .string("TCP")
      .end()
      .end();
  out.key("env").array();
  for (const char* name : {"LOG_LEVEL", "DATABASE_HOST", "CACHE_SIZE"})
    out.object().key("name").string(name).key("value").string(text("{}-{}", app, random.below(1000))).end();
  out.end().key("resources").object().key("requests").object().key("cpu").string("250m");
  out.key("memory").string(text("{}Mi", 64 * (1 + random.below(8)))).end().end();
  out.key("volumeMounts").array().object().key("name").string("kube-api-access-" + hex(random, 5));
  out.key("mountPath").string("/var/run/secrets/kubernetes.io/serviceaccount").end().end();
  out.key("terminationMessagePath").string("/dev/termination-log");
  out.key("imagePullPolicy").string("IfNotPresent").end().end();
  out.key("restartPolicy").string("Always").key("dnsPolicy").string("ClusterFirst");
  out.key("nodeName")
      .string(text("node-{}", random.below(100)))
      .key("schedulerName")
      .string("default-scheduler");
  out.key("enableServiceLinks").boolean(true).end();
}

void write_status(json::Writer& out, Random& random, const std::string& app) {
  out.key("status").object().key("phase").string("Running").key("conditions").array();
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    out.object().key("type").string(type).key("status").string("True").key("lastProbeTime").null();
    out.key("lastTransitionTime").string(moment(random)).end();
  }
  out.end().key("containerStatuses").array().object().key("name").string(app).key("ready").boolean(true);
  out.key("restartCount").number(random.below(5)).key("state").object().key("running").object();
  out.key("startedAt").string(moment(random)).end().end();
  out.key("imageID").string(text("registry.example/team/{}@sha256:{}", app, hex(random, 64)));
  out.key("containerID").string("podo://" + hex(random, 64)).end().end();
  out.key("podIP").string(text("10.244.{}.{}", random.below(100), random.below(250)));
  out.key("startTime").string(moment(random)).key("qosClass").string("Burstable").end();
}

}  // namespace

std::string pod_text(Random& random, std::size_t bytes) {
  constexpr const char* apps[] = {"web", "checkout", "inventory", "search", "mailer", "billing"};
  std::string pods;
  while (pods.size() < bytes) {
    const std::string app = apps[random.below(std::size(apps))];
    json::Writer out;
    out.object().key("kind").string("Pod").key("apiVersion").string("v1");
    write_metadata(out, random, app);
    write_spec(out, random, app);
    write_status(out, random, app);
    pods += out.end().take();
  }
  return pods.substr(0, bytes);
}

}  // namespace podo::bench
