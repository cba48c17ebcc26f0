// How long a Kubernetes Pod of about 7 KB takes to be parsed and written, and what it takes in memory.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/format/json.h"
#include "base/format/json_writer.h"

namespace podo::json {
namespace {

void write_environment(Writer& out) {
  out.key("env").array();
  for (int i = 0; i < 8; ++i) {
    out.object().key("name").string(text("SETTING_{}", i));
    out.key("value").string("tcp://10.96.0.1:443/path").end();
  }
  out.object().key("name").string("POD_IP").key("valueFrom").object().key("fieldRef").object();
  out.key("apiVersion").string("v1").key("fieldPath").string("status.podIP").end().end().end().end();
}

void write_probe(Writer& out, std::string_view name) {
  out.key(name).object().key("httpGet").object().key("path").string("/healthz").key("port").number(8080);
  out.key("scheme").string("HTTP").end().key("initialDelaySeconds").number(5).key("timeoutSeconds").number(1);
  out.key("periodSeconds").number(10).key("successThreshold").number(1);
  out.key("failureThreshold").number(3).end();
}

void write_container(Writer& out, int number) {
  out.object().key("name").string(text("web-{}", number));
  out.key("image").string("registry.example/team/web:1.27.3");
  out.key("args").array().string("--listen=0.0.0.0:8080").string("--log-format=json").end();
  out.key("ports").array().object().key("name").string("http").key("containerPort").number(8080);
  out.key("protocol").string("TCP").end().end();
  write_environment(out);
  out.key("resources").object().key("limits").object().key("cpu").string("500m");
  out.key("memory").string("128Mi").end();
  out.key("requests").object().key("cpu").string("250m").key("memory").string("64Mi").end().end();
  write_probe(out, "livenessProbe");
  write_probe(out, "readinessProbe");
  out.key("volumeMounts").array().object().key("name").string("kube-api-access-x7k2p");
  out.key("readOnly").boolean(true);
  out.key("mountPath").string("/var/run/secrets/kubernetes.io/serviceaccount").end().end();
  out.key("terminationMessagePath").string("/dev/termination-log");
  out.key("imagePullPolicy").string("IfNotPresent");
  out.key("securityContext").object().key("runAsUser").number(1000);
  out.key("privileged").boolean(false).end().end();
}

void write_status(Writer& out) {
  out.key("status").object().key("phase").string("Running").key("conditions").array();
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    out.object().key("type").string(type).key("status").string("True").key("lastProbeTime").null();
    out.key("lastTransitionTime").string("2025-11-02T09:14:33Z").end();
  }
  out.end().key("hostIP").string("192.0.2.17").key("podIP").string("10.244.1.23");
  out.key("qosClass").string("Burstable");
  out.end();
}

std::string pod() {
  Writer out;
  out.object().key("apiVersion").string("v1").key("kind").string("Pod").key("metadata").object();
  out.key("name").string("web-7d9c5b6f4d-x2x9z").key("namespace").string("default");
  out.key("uid").string("0b3f6a52-7a0e-4d1c-9a54-3f1f0c7f2a11").key("resourceVersion").string("184467");
  out.key("labels").object().key("app").string("web").key("pod-template-hash").string("7d9c5b6f4d").end();
  out.key("annotations").object().key("note").string("line one\nline \"two\"").end().end();
  out.key("spec").object().key("containers").array();
  for (int i = 0; i < 4; ++i) write_container(out, i);
  out.end().key("nodeName").string("node-a").key("restartPolicy").string("Always");
  out.key("priority").number(0).end();
  write_status(out);
  return out.end().take();
}

// The fastest of many rounds: what the work costs when nothing else runs.
template <class Input, class Work>
double least_us(const Input& input, Work work) {
  constexpr int rounds = 200, times = 100;
  const SystemClock clock;
  double least = 1e9;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Input> inputs(times, input);
    const Monotonic start = clock.now();
    for (Input& each : inputs) work(each);
    least = std::min(least, static_cast<double>((clock.now() - start).ns) / 1000 / times);
  }
  return least;
}

void measure(const char* name, const std::string& bytes) {
  const auto document = parse(bytes);
  if (!document) return static_cast<void>(std::printf("%s: %s\n", name, document.error().message().c_str()));
  std::size_t sum = 0;
  const double parse_us =
      least_us(bytes, [&](std::string& text) { sum += parse(std::move(text))->root().size(); });
  const double write_us =
      least_us(document->root(), [&](Value root) { sum += Writer().value(root).take().size(); });
  const double memory = static_cast<double>(document->memory_bytes());
  std::printf("%s: %zu bytes, parse %.2f us, write %.2f us, memory %.2f x%s\n", name, bytes.size(),
      parse_us, write_us,
              memory / static_cast<double>(bytes.size()), sum == 0 ? "!" : "");
}

}  // namespace
}  // namespace podo::json

int main() {
  using namespace podo::json;
  const std::string compact = pod();
  measure("pod", compact);
  measure("pod, indented", Writer(Layout::indented).value(parse(compact)->root()).take());
}
