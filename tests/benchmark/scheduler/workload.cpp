#include "workload.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdio>

#include "base/core/text.h"

namespace bench {
namespace {

using podo::text;

std::string wishes(Kind kind, int set) {
  const std::string selector = text(R"("labelSelector":{{"matchLabels":{{"app":"set-{}"}}}})", set);
  if (kind == Kind::spread)
    return text(
        R"("topologySpreadConstraints":[)"
        R"({{"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone",)"
        R"("whenUnsatisfiable":"DoNotSchedule",{}}},)"
        R"({{"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"ScheduleAnyway",{}}}],)",
        selector, selector);
  if (kind == Kind::anti_affinity)
    return text(R"("affinity":{{"podAntiAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":[)"
                R"({{{},"topologyKey":"kubernetes.io/hostname"}}]}}}},)",
                selector);
  return "";
}

double seconds_of(timeval at) {
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_usec) / 1e6;
}

double resident_mb() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

}  // namespace

std::string node_json(int number) {
  return text(
      R"({{"kind":"Node","apiVersion":"v1","metadata":{{"name":"node-{}","uid":"00000000-0000-0000-0000-{}",)"
      R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"kubernetes.io/arch":"amd64",)"
      R"("kubernetes.io/hostname":"node-{}","kubernetes.io/os":"linux",)"
      R"("topology.kubernetes.io/zone":"zone-{}"}}}},)"
      R"("spec":{{}},"status":{{"capacity":{{"cpu":"32","memory":"256Gi","pods":"110"}},)"
      R"("allocatable":{{"cpu":"32","memory":"256Gi","pods":"110"}},)"
      R"("conditions":[{{"type":"Ready","status":"True"}}]}}}})",
      number, number, number, number % 3);
}

std::string pod_json(Kind kind, int number) {
  const int set = number / Size::pods_of_a_set;
  return text(
      R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"set-{}-{}","generateName":"set-{}-",)"
      R"("namespace":"default","uid":"11111111-1111-1111-1111-{}","generation":1,)"
      R"("creationTimestamp":"2026-01-01T00:00:00Z",)"
      R"("labels":{{"app":"set-{}","pod-template-hash":"5d5c7f9c6b"}},)"
      R"("ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"set-{}","uid":"set-{}",)"
      R"("controller":true,"blockOwnerDeletion":true}}]}},)"
      R"("spec":{{"volumes":[{{"name":"kube-api-access-{}","projected":{{"sources":[)"
      R"({{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},)"
      R"({{"configMap":{{"name":"kube-root-ca.crt",)"
      R"("items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}},{{"downwardAPI":{{"items":[{{"path":"namespace",)"
      R"("fieldRef":{{"apiVersion":"v1","fieldPath":"metadata.namespace"}}}}]}}}}],"defaultMode":420}}}}],)"
      R"("containers":[{{"name":"main","image":"registry.example.com/app:1.0",)"
      R"("ports":[{{"containerPort":8080,"protocol":"TCP"}}],)"
      R"("resources":{{"requests":{{"cpu":"100m","memory":"500Mi"}}}},)"
      R"("volumeMounts":[{{"name":"kube-api-access-{}",)"
      R"("readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],)"
      R"("terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",)"
      R"("imagePullPolicy":"IfNotPresent"}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,)"
      R"("dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default",)"
      R"("securityContext":{{}},)"
      R"({}"schedulerName":"default-scheduler","tolerations":[{{"key":"node.kubernetes.io/not-ready",)"
      R"("operator":"Exists","effect":"NoExecute","tolerationSeconds":300}},)"
      R"({{"key":"node.kubernetes.io/unreachable",)"
      R"("operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}],)"
      R"("priority":0,"enableServiceLinks":true,)"
      R"("preemptionPolicy":"PreemptLowerPriority"}},"status":{{"phase":"Pending",)"
      R"("qosClass":"Burstable"}}}})",
      set, number, set, number, set, set, set, number, number, wishes(kind, set));
}

Usage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9,
          seconds_of(used.ru_utime) + seconds_of(used.ru_stime), resident_mb()};
}

void report(std::string_view what, std::string_view of, int pods, const Usage& before, const Usage& after) {
  const double wall = after.wall_s - before.wall_s, cpu = after.cpu_s - before.cpu_s;
  std::printf("%-10.*s %-28.*s %9.0f pods/s %9.0f pods/cpu-s %7.1f us cpu/pod %7.0f MB\n",
              static_cast<int>(what.size()), what.data(), static_cast<int>(of.size()), of.data(), pods / wall,
              pods / cpu, cpu * 1e6 / pods, after.memory_mb - before.memory_mb);
  std::fflush(stdout);
}

}  // namespace bench
