#include "model/kube/printing.h"

#include <doctest/doctest.h>

#include "model/kube/schema.h"
#include "model/schema/instant.h"

namespace podo::kube {
namespace {

// The cells of an object's row, without the brackets. It is 2024-01-10T00:00:00Z.
std::string cells(std::string_view group, std::string_view plural, std::string object) {
  auto tree = json::Tree::parse(std::move(object));
  REQUIRE(tree);
  const auto now = schema::parse_instant("2024-01-10T00:00:00Z", schema::Precision::seconds);
  std::string out;
  append_row(out, columns_of(group, plural), tree->root(), "null", {now->seconds * 1'000'000'000});
  const std::size_t end = out.find("],\"");
  REQUIRE(end != std::string::npos);
  return out.substr(10, end - 10);
}

// A pod's name, then what stands in Ready, Status and Restarts.
std::string pod(std::string spec, std::string status, std::string metadata = "") {
  const std::string row = cells("", "pods",
                                R"({"metadata":{"name":"p","creationTimestamp":"2024-01-09T00:00:00Z")" +
                                    metadata + R"(},"spec":)" + spec + R"(,"status":)" + status + "}");
  REQUIRE(row.starts_with("\"p\","));
  return row.substr(4, row.find(",\"24h\"") - 4);
}

std::string deployment_like(std::string spec, std::string status) {
  return R"({"metadata":{"name":"x","creationTimestamp":"2024-01-09T23:59:30Z"},"spec":)" + spec +
         R"(,"status":)" + status + "}";
}

const std::string one = R"({"containers":[{"name":"a"}]})";
const std::string two = R"({"containers":[{"name":"a"},{"name":"b"}]})";

}  // namespace

TEST_CASE("durations lose what does not matter any more") {
  const std::pair<std::int64_t, std::string_view> cases[] = {
      {-2, "<invalid>"},  {-1, "0s"},           {0, "0s"},          {119, "119s"},
      {120, "2m"},        {125, "2m5s"},        {600, "10m"},       {10'799, "179m"},
      {10'800, "3h"},     {10'860, "3h1m"},     {28'800, "8h"},     {172'799, "47h"},
      {172'800, "2d"},    {180'000, "2d2h"},    {691'200, "8d"},    {63'071'999, "729d"},
      {63'072'000, "2y"}, {63'158'400, "2y1d"}, {252'288'000, "8y"}};
  for (const auto& [seconds, text] : cases) CHECK_EQ(human_duration(seconds), text);
  CHECK_EQ(age_of("", {0}), "<unknown>");
  CHECK_EQ(age_of("1970-01-01T00:00:01Z", {500'000'000}), "0s");
}

TEST_CASE("a pod's status is the phase until its containers say more") {
  CHECK_EQ(pod(one, R"({"phase":"Pending"})"), R"("0/1","Pending","0")");
  CHECK_EQ(pod(one, R"({"phase":"Failed","reason":"Evicted"})"), R"("0/1","Evicted","0")");
  CHECK_EQ(
      pod(one, R"({"phase":"Pending","conditions":[{"type":"PodScheduled","reason":"SchedulingGated"}]})"),
      R"("0/1","SchedulingGated","0")");
  CHECK_EQ(
      pod(two,
          R"({"phase":"Running","containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}},)"
          R"("lastState":{"terminated":{"finishedAt":"2024-01-09T23:55:00Z"}}},{"ready":false,)"
          R"("restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})"),
      R"x("1/2","CrashLoopBackOff","3 (5m ago)")x");
      CHECK_EQ(
          pod(one, R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]})"),
          R"("0/1","ExitCode:3","0")");
  CHECK_EQ(
      pod(one,
          R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"signal":9,"exitCode":137}}}]})"),
      R"("0/1","Signal:9","0")");
}

TEST_CASE("a completed container beside a running one is not the pod's end") {
  const std::string statuses =
      R"("containerStatuses":[{"state":{"terminated":{"reason":"Completed","exitCode":0}}},)"
      R"({"ready":true,"state":{"running":{}}}])";
  CHECK_EQ(
      pod(two, R"({"phase":"Running",)" + statuses + R"(,"conditions":[{"type":"Ready","status":"True"}]})"),
      R"("1/2","Running","0")");
  CHECK_EQ(pod(two, R"({"phase":"Running",)" + statuses + "}"), R"("1/2","NotReady","0")");
  CHECK_EQ(
      pod(two, R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}},)"
               R"({"state":{"terminated":{"reason":"Error","exitCode":1}}}]})"),
      R"("0/2","Error","0")");
}

TEST_CASE("init containers decide until they are done, sidecars count as containers") {
  const std::string spec = R"({"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}],)"
                           R"("containers":[{"name":"a"}]})";
  CHECK_EQ(pod(spec, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})"),
           R"("0/2","Init:0/2","0")");
  CHECK_EQ(
      pod(spec,
          R"({"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":4,"state":{"waiting":)"
          R"({"reason":"CrashLoopBackOff"}}}]})"),
      R"("0/2","Init:CrashLoopBackOff","4")");
  CHECK_EQ(
      pod(spec,
          R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,)"
          R"("reason":"Error"}}}]})"),
      R"("0/2","Init:Error","0")");
  CHECK_EQ(
      pod(spec,
          R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},)"
          R"({"name":"s","started":false,"state":{"waiting":{"reason":"PodInitializing"}}}]})"),
      R"("0/2","Init:1/2","0")");
  CHECK_EQ(
      pod(spec,
          R"({"phase":"Running","initContainerStatuses":[{"name":"i","restartCount":7,"state":{"terminated":)"
          R"({"exitCode":0}}},{"name":"s","started":true,"ready":true,"restartCount":2}],)"
          R"("containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}}}]})"),
      R"("2/2","Running","3")");
}

TEST_CASE("a pod that is deleted terminates, unless it has ended or its node is lost") {
  const std::string deleted = R"(,"deletionTimestamp":"2024-01-09T00:00:00Z")";
  CHECK_EQ(pod(one, R"({"phase":"Running"})", deleted), R"("0/1","Terminating","0")");
  CHECK_EQ(pod(one, R"({"phase":"Succeeded"})", deleted), R"("0/1","Succeeded","0")");
  CHECK_EQ(pod(one, R"({"phase":"Running","reason":"NodeLost"})", deleted), R"("0/1","Unknown","0")");
}

TEST_CASE("wide columns of a pod") {
  const std::string row =
      cells("", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","readinessGates":[
      {"conditionType":"a"},{"conditionType":"b"}]},"status":{"podIPs":[{"ip":"10.0.0.1"}],
      "conditions":[{"type":"a","status":"True"}]}})");
  CHECK(row.ends_with(R"("\u003cunknown\u003e","10.0.0.1","n","\u003cnone\u003e","1/2")"));
}

TEST_CASE("rows of pods that have ended carry a condition") {
  auto tree = json::Tree::parse(R"({"kind":"Pod","status":{"phase":"Succeeded"}})");
  std::string out;
  append_row(out, columns_of("", "pods"), tree->root(), "{}", {0});
  CHECK(out.contains(R"("conditions":[{"type":"Completed","status":"True","reason":"Succeeded",)"));
  CHECK(out.ends_with(R"("object":{}})"));
}

TEST_CASE("workloads") {
  const std::string pod_template =
      R"("template":{"spec":{"containers":[{"name":"a","image":"i:1"},{"name":"b","image":"j"}]}})";
  CHECK_EQ(cells("apps", "deployments",
                 deployment_like(
                     R"({"replicas":3,"selector":{"matchLabels":{"b":"2","a":"1"}},)" + pod_template + "}",
                     R"({"readyReplicas":2,"updatedReplicas":3})")),
           R"("x","2/3",3,0,"30s","a,b","i:1,j","a=1,b=2")");
  CHECK_EQ(
      cells("apps", "replicasets", deployment_like(R"({"replicas":3,"selector":{}})", R"({"replicas":2})")),
      R"("x",3,2,0,"30s","","","\u003cnone\u003e")");
  CHECK_EQ(cells("apps", "statefulsets", deployment_like(R"({"replicas":1})", "{}")),
           R"("x","0/1","30s","","")");
  CHECK_EQ(cells("apps", "daemonsets",
                 deployment_like(R"({"template":{"spec":{"nodeSelector":{"k":"v"}}}})",
                                 R"({"desiredNumberScheduled":4,"currentNumberScheduled":3,"numberReady":2,)"
                                 R"("updatedNumberScheduled":1})")),
           R"("x",4,3,2,1,0,"k=v","30s","","","\u003cnone\u003e")");
  CHECK_EQ(
      cells("", "replicationcontrollers", deployment_like(R"({"replicas":2,"selector":{"a":"b"}})", "{}")),
      R"("x",2,0,0,"30s","","","a=b")");
  CHECK_EQ(
      cells("apps", "controllerrevisions", R"({"metadata":{"name":"r","ownerReferences":[{"controller":true,
      "apiVersion":"apps/v1","kind":"StatefulSet","name":"db"}]},"revision":3})"),
      R"("r","statefulset.apps/db",3,"\u003cunknown\u003e")");
}

TEST_CASE("jobs") {
  const auto job = [](std::string spec, std::string status) {
    const std::string row = cells("batch", "jobs", deployment_like(spec, status));
    return row.substr(4, row.find(",\"30s\",\"\"") - 4);
  };
  CHECK_EQ(job(R"({"completions":5})", R"({"succeeded":2,"startTime":"2024-01-09T23:00:00Z"})"),
           R"("Running","2/5","60m")");
  CHECK_EQ(job(R"({"parallelism":3})", R"({"conditions":[{"type":"Failed","status":"True"}]})"),
           R"("Failed","0/1 of 3","")");
  CHECK_EQ(job("{}",
               R"({"startTime":"2024-01-09T23:00:00Z","completionTime":"2024-01-09T23:00:07Z","succeeded":1,)"
               R"("conditions":[{"type":"Complete","status":"True"}]})"),
           R"("Complete","1/1","7s")");
  CHECK_EQ(job("{}", R"({"conditions":[{"type":"Suspended","status":"True"}]})"), R"("Suspended","0/1","")");
  CHECK_EQ(
      cells("batch", "cronjobs",
            deployment_like(R"({"schedule":"* * * * *","suspend":false})", R"({"active":[{}]})")),
      R"("x","* * * * *","\u003cnone\u003e","False",1,"\u003cnone\u003e","30s","","","\u003cnone\u003e")");
}

TEST_CASE("services") {
  const auto service = [](std::string spec, std::string status = "{}") {
    const std::string row = cells("", "services", deployment_like(spec, status));
    return row.substr(4, row.find(",\"30s\"") - 4);
  };
  CHECK_EQ(
      service(R"({"type":"ClusterIP","clusterIPs":["10.1.2.3"],"ports":[{"port":80,"protocol":"TCP"}]})"),
      R"("ClusterIP","10.1.2.3","\u003cnone\u003e","80/TCP")");
  CHECK_EQ(
      service(
          R"({"type":"NodePort","externalIPs":["1.1.1.1","2.2.2.2"],"ports":[{"port":80,"nodePort":30080,)"
          R"("protocol":"TCP"},{"port":53,"protocol":"UDP"}]})"),
      R"("NodePort","\u003cnone\u003e","1.1.1.1,2.2.2.2","80:30080/TCP,53/UDP")");
  CHECK_EQ(service(R"({"type":"LoadBalancer"})"),
           R"("LoadBalancer","\u003cnone\u003e","\u003cpending\u003e","\u003cnone\u003e")");
  CHECK_EQ(service(R"({"type":"LoadBalancer","externalIPs":["9.9.9.9"]})",
                   R"({"loadBalancer":{"ingress":[{"ip":"5.5.5.5"},{"hostname":"a.b"},{"ip":"5.5.5.5"}]}})"),
           R"("LoadBalancer","\u003cnone\u003e","5.5.5.5,a.b,9.9.9.9","\u003cnone\u003e")");
  CHECK_EQ(service(R"({"type":"ExternalName","externalName":"db.example"})"),
           R"("ExternalName","\u003cnone\u003e","db.example","\u003cnone\u003e")");
}

TEST_CASE("endpoints, slices and ingresses show three and count the rest") {
  CHECK_EQ(cells("", "endpoints",
                 R"({"metadata":{"name":"e"},"subsets":[{"addresses":[{"ip":"1.1.1.1"},{"ip":"fd::1"}],
      "ports":[{"port":80},{"port":81}]}]})"),
           R"("e","1.1.1.1:80,[fd::1]:80,1.1.1.1:81 + 1 more...","\u003cunknown\u003e")");
  CHECK_EQ(
      cells("", "endpoints", R"({"metadata":{"name":"e"},"subsets":[{"addresses":[{"ip":"1.1.1.1"}]}]})"),
      R"("e","1.1.1.1","\u003cunknown\u003e")");
  CHECK_EQ(cells("", "endpoints", R"({"metadata":{"name":"e"}})"),
           R"("e","\u003cnone\u003e","\u003cunknown\u003e")");
  CHECK_EQ(
      cells("discovery.k8s.io", "endpointslices", R"({"metadata":{"name":"e"},"addressType":"IPv4","ports":[
      {"port":80},{"name":"x"},{}],"endpoints":[{"addresses":["1","2"]},{"addresses":["3","4"]}]})"),
      R"("e","IPv4","80,x,*","1,2,3 + 1 more...","\u003cunknown\u003e")");
  CHECK_EQ(cells("networking.k8s.io", "ingresses",
                 R"({"metadata":{"name":"i"},"spec":{"tls":[{}],"rules":[{"host":"a"},
      {"host":"b"},{"host":"c"},{"host":"d"},{}]}})"),
           R"("i","\u003cnone\u003e","a,b,c + 2 more...","","80, 443","\u003cunknown\u003e")");
  CHECK_EQ(cells("networking.k8s.io", "ingresses", R"({"metadata":{"name":"i"}})"),
           R"("i","\u003cnone\u003e","*","","80","\u003cunknown\u003e")");
  CHECK_EQ(cells("networking.k8s.io", "ingressclasses", R"({"metadata":{"name":"i","annotations":{
      "ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"c/d",
      "parameters":{"kind":"K","apiGroup":"g","name":"n"}}})"),
           R"x("i (default)","c/d","K.g/n","\u003cunknown\u003e")x");
      CHECK_EQ(cells("networking.k8s.io", "ipaddresses",
                     R"({"metadata":{"name":"i"},"spec":{"parentRef":{"resource":"services",
      "namespace":"a","name":"b"}}})"),
               R"("i","services/a/b")");
}

TEST_CASE("nodes") {
  const std::string row =
      cells("", "nodes", R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/worker":"",
      "node-role.kubernetes.io/control-plane":"","kubernetes.io/role":"worker"}},)"
           R"("spec":{"unschedulable":true},
      "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP",)"
           R"("address":"10.0.0.5"}],
      "nodeInfo":{"kubeletVersion":"v1.36.0","kernelVersion":"6.1","architecture":"amd64"}}})");
  CHECK_EQ(
      row,
      R"("n","Ready,SchedulingDisabled","control-plane,worker","\u003cunknown\u003e","v1.36.0","10.0.0.5",)"
      R"x("\u003cnone\u003e","\u003cunknown\u003e","6.1 (amd64)","\u003cunknown\u003e")x");
      CHECK(cells("", "nodes", R"({"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}})")
                .contains("\"NotReady\""));
}

TEST_CASE("events of both groups") {
  CHECK_EQ(
      cells("", "events", R"({"metadata":{"name":"e"},"type":"Normal","reason":"Started","message":" hi\n",
      "involvedObject":{"kind":"Pod","name":"p","fieldPath":"f"},"source":{"component":"kubelet","host":"n"},
      "firstTimestamp":"2024-01-09T23:58:00Z","lastTimestamp":"2024-01-09T23:59:00Z","count":3})"),
      R"("60s","Normal","Started","pod/p","f","kubelet, n","hi","2m",3,"e")");
  CHECK_EQ(cells("events.k8s.io", "events",
                 R"({"metadata":{"name":"e"},"reason":"R","note":"hi","regarding":{"kind":"Node"},
      "reportingController":"c","eventTime":"2024-01-09T23:59:00.000000Z",
      "series":{"count":7,"lastObservedTime":"2024-01-09T23:59:50.000000Z"}})"),
           R"("10s","","R","node","","c","hi","60s",7,"e")");
}

TEST_CASE("autoscalers tell what they look at") {
  const auto targets = [](std::string metrics, std::string current) {
    const std::string row = cells(
        "autoscaling", "horizontalpodautoscalers",
        R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},)"
        R"("maxReplicas":5,"metrics":)" +
            metrics + R"(},"status":{"currentMetrics":)" + current + "}}");
    REQUIRE(row.starts_with(R"("h","Deployment/d",)"));
    return row.substr(19, row.find(",\"\\u003cunset") - 19);
  };
  CHECK_EQ(targets("[]", "[]"), R"("\u003cnone\u003e")");
  const std::string cpu =
      R"({"type":"Resource","resource":{"name":"cpu","target":{"averageUtilization":80}}})";
  CHECK_EQ(targets("[" + cpu + "]", "[]"), R"("cpu: \u003cunknown\u003e/80%")");
  CHECK_EQ(
      targets(
          "[" + cpu + R"(,{"type":"Pods","pods":{"target":{"averageValue":"10"}}},{"type":"Object"}])",
          R"([{"resource":{"current":{"averageUtilization":41}}},)"
          R"({"pods":{"current":{"averageValue":"7"}}}])"),
      R"("cpu: 41%/80%, 7/10 + 1 more...")");
  CHECK_EQ(targets(R"([{"type":"External","external":{"target":{"averageValue":"5"}}}])", "[]"),
           R"x("\u003cunknown\u003e/5 (avg)")x");
}

TEST_CASE("storage") {
  CHECK_EQ(
      cells("", "persistentvolumeclaims",
            R"({"metadata":{"name":"c"},"spec":{"volumeName":"v","storageClassName":"s"},
      "status":{"phase":"Bound","capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany",)"
           R"("ReadWriteOnce"]}})"),
      R"("c","Bound","v","1Gi","RWO,RWX","s","\u003cunset\u003e","\u003cunknown\u003e","\u003cunset\u003e")");
  CHECK_EQ(cells("", "persistentvolumeclaims",
                 R"({"metadata":{"name":"c","deletionTimestamp":"x"},"status":{"phase":"Pending"}})"),
           R"("c","Terminating","","","","","\u003cunset\u003e","\u003cunknown\u003e","\u003cunset\u003e")");
  CHECK_EQ(
      cells("", "persistentvolumes", R"({"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},
      "accessModes":["ReadWriteOncePod"],"persistentVolumeReclaimPolicy":"Retain",)"
           R"("claimRef":{"namespace":"n","name":"c"},
      "volumeMode":"Block"},"status":{"phase":"Bound"}})"),
      R"("v","1Gi","RWOP","Retain","Bound","n/c","","\u003cunset\u003e","","\u003cunknown\u003e","Block")");
  CHECK_EQ(cells("storage.k8s.io", "storageclasses", R"({"metadata":{"name":"s","annotations":{
      "storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p",)"
           R"("allowVolumeExpansion":true})"),
           R"x("s (default)","p","Delete","Immediate",true,"\u003cunknown\u003e")x");
      CHECK_EQ(cells("storage.k8s.io", "csidrivers",
                     R"({"metadata":{"name":"d"},"spec":{"tokenRequests":[{"audience":"a"},
      {"audience":"b"}],"volumeLifecycleModes":["Persistent"]}})"),
               R"("d",true,false,false,"a,b",false,"Persistent","\u003cunknown\u003e")");
}

TEST_CASE("access, configuration and the rest") {
  CHECK_EQ(
      cells("rbac.authorization.k8s.io", "rolebindings", R"({"metadata":{"name":"b"},"roleRef":{"kind":"Role",
      "name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"User","name":"w"},{"kind":"ServiceAccount",
      "namespace":"n","name":"s"}]})"),
      R"("b","Role/r","\u003cunknown\u003e","u, w","","n/s")");
  CHECK_EQ(cells("rbac.authorization.k8s.io", "roles",
                 R"({"metadata":{"name":"r","creationTimestamp":"2024-01-01T00:00:00Z"}})"),
           R"("r","2024-01-01T00:00:00Z")");
  CHECK_EQ(
      cells("", "configmaps", R"({"metadata":{"name":"c"},"data":{"a":"b"},"binaryData":{"x":"","y":""}})"),
      R"("c",3,"\u003cunknown\u003e")");
  CHECK_EQ(cells("", "secrets", R"({"metadata":{"name":"s"},"type":"Opaque","data":{"a":"b"}})"),
           R"("s","Opaque",1,"\u003cunknown\u003e")");
  CHECK_EQ(cells("", "resourcequotas",
                 R"({"metadata":{"name":"q"},"status":{"hard":{"pods":"10","limits.cpu":"4","cpu":"2"},
      "used":{"pods":"3"}}})"),
           R"("q","cpu: 0/2, pods: 3/10","limits.cpu: 0/4","\u003cunknown\u003e")");
  CHECK_EQ(
      cells("policy", "poddisruptionbudgets", R"({"metadata":{"name":"p"},"spec":{"minAvailable":0},"status":{
      "disruptionsAllowed":2}})"),
      R"("p","0","N/A",2,"\u003cunknown\u003e")");
  CHECK_EQ(cells("certificates.k8s.io", "certificatesigningrequests",
                 R"({"metadata":{"name":"c"},"spec":{"username":"u",
      "expirationSeconds":3600},"status":{"certificate":"eA==","conditions":[{"type":"Approved"}]}})"),
           R"("c","\u003cunknown\u003e","\u003cnone\u003e","u","60m","Approved,Issued")");
  CHECK_EQ(cells("apiregistration.k8s.io", "apiservices",
                 R"({"metadata":{"name":"a"},"spec":{"service":{"namespace":"n",
      "name":"s"}},"status":{"conditions":[{"type":"Available","status":"False","reason":"R"}]}})"),
           R"x("a","n/s","False (R)","\u003cunknown\u003e")x");
      CHECK_EQ(cells("resource.k8s.io", "resourceclaims",
                     R"({"metadata":{"name":"c"},"status":{"allocation":{},"reservedFor":[{}]}})"),
               R"("c","allocated,reserved","\u003cunknown\u003e")");
  CHECK_EQ(cells("scheduling.k8s.io", "priorityclasses", R"({"metadata":{"name":"p"},"value":10})"),
           R"("p",10,false,"\u003cunknown\u003e","")");
}

TEST_CASE("every resource has columns whose cells are JSON, also for an object with nothing in it") {
  const schema::Schema schema = parse_schema();
  for (const auto& group_version : schema.group_versions()) {
    for (const auto& resource : group_version.resources) {
      CAPTURE(resource.plural);
      std::string out = "{\"columns\":";
      const auto columns = columns_of(group_version.group, resource.plural);
      append_column_definitions(out, columns);
      out += ",\"row\":";
      append_row(out, columns, json::Tree().root(), "null", {0});
      const auto read = json::Tree::parse(out + "}");
      REQUIRE(read);
      CHECK_EQ(read->root().find("row", "cells")->size(), columns.size());
      CHECK_EQ(read->root().find("columns")->size(), columns.size());
    }
  }
}

}  // namespace podo::kube
