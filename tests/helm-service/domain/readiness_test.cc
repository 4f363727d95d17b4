#include "helm-service/domain/readiness.h"

#include <ostream>
#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

struct Case {
  const char* name;
  const char* object;
  ObjectState state;
  const char* message;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

class ReadinessTest : public ::testing::TestWithParam<Case> {};

TEST_P(ReadinessTest, FollowsFromWhatTheObjectReports) {
  const kube::Json object = kube::Json::parse(GetParam().object, nullptr, false);
  ASSERT_TRUE(object.is_object()) << GetParam().object;
  const Readiness readiness = ReadinessOf(object);
  EXPECT_EQ(readiness.state, GetParam().state) << readiness.message;
  EXPECT_EQ(readiness.message, GetParam().message);
}

constexpr auto kProgressing = ObjectState::kProgressing;
constexpr auto kReady = ObjectState::kReady;
constexpr auto kFailed = ObjectState::kFailed;

// Kind and apiVersion first, then what matters.
#define DEPLOYMENT(rest) R"({"apiVersion": "apps/v1", "kind": "Deployment", )" rest "}"
#define STATEFUL_SET(rest) R"({"apiVersion": "apps/v1", "kind": "StatefulSet", )" rest "}"
#define DAEMON_SET(rest) R"({"apiVersion": "apps/v1", "kind": "DaemonSet", )" rest "}"
#define REPLICA_SET(rest) R"({"apiVersion": "apps/v1", "kind": "ReplicaSet", )" rest "}"
#define CORE(kind, rest) R"({"apiVersion": "v1", "kind": ")" kind R"(", )" rest "}"
#define JOB(rest) R"({"apiVersion": "batch/v1", "kind": "Job", )" rest "}"
#define CUSTOM(rest) R"({"apiVersion": "example.org/v1", "kind": "Thing", )" rest "}"

INSTANTIATE_TEST_SUITE_P(
    Deployments, ReadinessTest,
    ::testing::Values(
        Case{"new", DEPLOYMENT(R"("metadata": {"generation": 1}, "spec": {"replicas": 1})"),
             kProgressing, "its controller has not seen it yet"},
        Case{"changed", DEPLOYMENT(R"("metadata": {"generation": 2}, "spec": {"replicas": 1},
              "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                         "readyReplicas": 1, "availableReplicas": 1})"),
             kProgressing, "its controller has not seen it yet"},
        Case{"not_updated", DEPLOYMENT(R"("spec": {"replicas": 3},
              "status": {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 1,
                         "readyReplicas": 3, "availableReplicas": 3})"),
             kProgressing, "1 of 3 replicas updated"},
        Case{"old_left", DEPLOYMENT(R"("spec": {"replicas": 3},
              "status": {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 3,
                         "readyReplicas": 4, "availableReplicas": 4})"),
             kProgressing, "1 old replicas still there"},
        Case{"not_ready", DEPLOYMENT(R"("spec": {"replicas": 3},
              "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3,
                         "readyReplicas": 1})"),
             kProgressing, "1 of 3 replicas ready"},
        Case{"not_available", DEPLOYMENT(R"("spec": {"replicas": 2},
              "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                         "readyReplicas": 2, "availableReplicas": 1})"),
             kProgressing, "1 of 2 replicas available"},
        Case{"ready", DEPLOYMENT(R"("spec": {},
              "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                         "readyReplicas": 1, "availableReplicas": 1})"),
             kReady, "1 of 1 replicas ready"},
        Case{"scaled_to_none",
             DEPLOYMENT(R"("spec": {"replicas": 0}, "status": {"observedGeneration": 1})"), kReady,
             "0 of 0 replicas ready"},
        Case{"paused", DEPLOYMENT(R"("spec": {"paused": true},
              "status": {"observedGeneration": 1})"),
             kReady, "paused"},
        Case{"stuck", DEPLOYMENT(R"("spec": {"replicas": 1},
              "status": {"observedGeneration": 1, "conditions": [{"type": "Progressing",
                         "status": "False", "reason": "ProgressDeadlineExceeded",
                         "message": "ReplicaSet web-1 has timed out progressing."}]})"),
             kFailed, "ProgressDeadlineExceeded: ReplicaSet web-1 has timed out progressing."},
        Case{"leaving", DEPLOYMENT(R"("metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"},
              "status": {"observedGeneration": 1})"),
             ObjectState::kTerminating, "being deleted"},
        // Another group's Deployment is no Deployment.
        Case{"foreign", R"({"apiVersion": "example.org/v1", "kind": "Deployment"})", kReady, ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OtherWorkloads, ReadinessTest,
    ::testing::Values(
        Case{"stateful_set_not_updated", STATEFUL_SET(R"("spec": {"replicas": 3},
              "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1,
                         "readyReplicas": 3})"),
             kProgressing, "1 of 3 replicas updated"},
        Case{"stateful_set_keeps_a_partition", STATEFUL_SET(R"("spec": {"replicas": 3,
                "updateStrategy": {"rollingUpdate": {"partition": 2}}},
              "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1,
                         "readyReplicas": 3})"),
             kReady, "3 of 3 replicas ready"},
        Case{"stateful_set_updates_on_delete", STATEFUL_SET(R"("spec": {"replicas": 1,
                "updateStrategy": {"type": "OnDelete"}},
              "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1})"),
             kReady, "1 of 1 replicas ready"},
        Case{"stateful_set_not_ready", STATEFUL_SET(R"("spec": {"replicas": 2},
              "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                         "readyReplicas": 1})"),
             kProgressing, "1 of 2 replicas ready"},
        Case{"stateful_set_shrinks", STATEFUL_SET(R"("spec": {"replicas": 1},
              "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                         "readyReplicas": 2})"),
             kProgressing, "1 replicas too many"},
        Case{"daemon_set_without_status", DAEMON_SET(R"("spec": {})"), kProgressing,
             "its controller has not seen it yet"},
        Case{"daemon_set_not_updated", DAEMON_SET(R"("status": {"observedGeneration": 1,
                "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberReady": 2})"),
             kProgressing, "1 of 2 pods updated"},
        Case{"daemon_set_not_ready", DAEMON_SET(R"("status": {"observedGeneration": 1,
                "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 1})"),
             kProgressing, "1 of 2 pods ready"},
        Case{"daemon_set_not_available", DAEMON_SET(R"("status": {"observedGeneration": 1,
                "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 2,
                "numberAvailable": 1})"),
             kProgressing, "1 of 2 pods available"},
        Case{"daemon_set_without_nodes", DAEMON_SET(R"("status": {"observedGeneration": 1,
                "desiredNumberScheduled": 0, "numberReady": 0})"),
             kReady, "0 of 0 pods ready"},
        Case{"replica_set_refused", REPLICA_SET(R"("spec": {"replicas": 1},
              "status": {"observedGeneration": 1, "conditions": [{"type": "ReplicaFailure",
                         "status": "True", "reason": "FailedCreate", "message": "quota"}]})"),
             kProgressing, "0 of 1 replicas ready (FailedCreate: quota)"},
        Case{"replica_set_ready", REPLICA_SET(R"("spec": {"replicas": 1},
              "status": {"observedGeneration": 1, "readyReplicas": 1})"),
             kReady, "1 of 1 replicas ready"},
        Case{"job_running", JOB(R"("spec": {"completions": 2},
              "status": {"active": 1, "succeeded": 1, "failed": 3})"),
             kProgressing, "1 of 2 completed, 3 failed"},
        Case{"job_complete", JOB(R"("status": {"conditions": [{"type": "Complete",
              "status": "True"}]})"),
             kReady, "completed"},
        Case{"job_failed", JOB(R"("status": {"conditions": [{"type": "Failed", "status": "True",
              "reason": "BackoffLimitExceeded", "message": "too often"}]})"),
             kFailed, "BackoffLimitExceeded: too often"},
        Case{"job_suspended", JOB(R"("status": {"conditions": [{"type": "Suspended",
              "status": "True"}]})"),
             kProgressing, "suspended"},
        Case{"cron_job", R"({"apiVersion": "batch/v1", "kind": "CronJob", "status": {}})", kReady,
             ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Pods, ReadinessTest,
    ::testing::Values(
        Case{"unscheduled", CORE("Pod", R"("status": {"phase": "Pending", "conditions": [
              {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
               "message": "0/1 nodes are available"}]})"),
             kProgressing, "Unschedulable: 0/1 nodes are available"},
        Case{"pulling", CORE("Pod", R"("status": {"phase": "Pending", "containerStatuses": [
              {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff",
               "message": "Back-off pulling image"}}}]})"),
             kProgressing, "container web: ImagePullBackOff: Back-off pulling image"},
        Case{"initialising", CORE("Pod", R"("status": {"phase": "Pending",
              "initContainerStatuses": [{"name": "init", "state": {"waiting":
                {"reason": "CrashLoopBackOff"}}}],
              "containerStatuses": [{"name": "web", "state": {"waiting":
                {"reason": "PodInitializing"}}}]})"),
             kProgressing, "container init: CrashLoopBackOff"},
        Case{"fresh", CORE("Pod", R"("spec": {})"), kProgressing, "not running yet"},
        Case{"running", CORE("Pod", R"("status": {"phase": "Running", "conditions": [
              {"type": "Ready", "status": "False"}]})"),
             kProgressing, "running, not ready"},
        Case{"ready", CORE("Pod", R"("status": {"phase": "Running", "conditions": [
              {"type": "Ready", "status": "True"}]})"),
             kReady, ""},
        Case{"succeeded", CORE("Pod", R"("status": {"phase": "Succeeded"})"), kReady, "completed"},
        Case{"failed", CORE("Pod", R"("status": {"phase": "Failed", "containerStatuses": [
              {"name": "a", "state": {"terminated": {"exitCode": 0}}},
              {"name": "b", "state": {"terminated": {"exitCode": 3}}}]})"),
             kFailed, "container b ended with code 3"},
        Case{"evicted", CORE("Pod", R"("status": {"phase": "Failed", "message": "evicted"})"),
             kFailed, "evicted"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OtherKinds, ReadinessTest,
    ::testing::Values(
        Case{"config_map", CORE("ConfigMap", R"("data": {})"), kReady, ""},
        Case{"claim_pending", CORE("PersistentVolumeClaim", R"("status": {"phase": "Pending"})"),
             kProgressing, "not bound yet"},
        Case{"claim_bound", CORE("PersistentVolumeClaim", R"("status": {"phase": "Bound"})"),
             kReady, "bound"},
        Case{"claim_lost", CORE("PersistentVolumeClaim", R"("status": {"phase": "Lost"})"), kFailed,
             "its volume is lost"},
        Case{"service", CORE("Service", R"("spec": {"type": "ClusterIP"})"), kReady, ""},
        Case{"balancer_waits", CORE("Service", R"("spec": {"type": "LoadBalancer"},
              "status": {"loadBalancer": {}})"),
             kProgressing, "waits for an address"},
        Case{"balancer", CORE("Service", R"("spec": {"type": "LoadBalancer"},
              "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.org"}]}})"),
             kReady, "lb.example.org"},
        Case{"balancer_with_external_ip", CORE("Service", R"("spec": {"type": "LoadBalancer",
              "externalIPs": ["192.0.2.1"]})"),
             kReady, ""},
        Case{"ingress", R"({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"})", kReady, ""},
        Case{"definition_new", R"({"apiVersion": "apiextensions.k8s.io/v1",
              "kind": "CustomResourceDefinition"})",
             kProgressing, "not established yet"},
        Case{"definition", R"({"apiVersion": "apiextensions.k8s.io/v1",
              "kind": "CustomResourceDefinition",
              "status": {"conditions": [{"type": "Established", "status": "True"}]}})",
             kReady, ""},
        Case{"definition_refused", R"({"apiVersion": "apiextensions.k8s.io/v1",
              "kind": "CustomResourceDefinition", "status": {"conditions": [
               {"type": "NamesAccepted", "status": "False", "reason": "ListKindConflict",
                "message": "taken"}]}})",
             kFailed, "ListKindConflict: taken"},
        Case{"api_service", R"({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
              "status": {"conditions": [{"type": "Available", "status": "False",
               "reason": "MissingEndpoints", "message": "no endpoints"}]}})",
             kProgressing, "MissingEndpoints: no endpoints"},
        Case{"custom_without_conditions", CUSTOM(R"("status": {"x": 1})"), kReady, ""},
        Case{"custom_ready", CUSTOM(R"("status": {"conditions": [
              {"type": "Ready", "status": "True"}]})"),
             kReady, ""},
        Case{"custom_unready", CUSTOM(R"("status": {"conditions": [
              {"type": "Available", "status": "True"},
              {"type": "Ready", "status": "False", "reason": "Waiting", "message": "for DNS"}]})"),
             kProgressing, "Waiting: for DNS"},
        Case{"custom_stalled", CUSTOM(R"("status": {"conditions": [
              {"type": "Ready", "status": "False"},
              {"type": "Stalled", "status": "True", "reason": "NoSuchPool", "message": ""}]})"),
             kFailed, "NoSuchPool"},
        Case{"custom_reconciling", CUSTOM(R"("status": {"conditions": [
              {"type": "Ready", "status": "True"},
              {"type": "Reconciling", "status": "True", "reason": "Updating"}]})"),
             kProgressing, "Updating"},
        Case{"custom_of_an_old_generation", CUSTOM(R"("metadata": {"generation": 2},
              "status": {"conditions": [
              {"type": "Ready", "status": "True", "observedGeneration": 1}]})"),
             kProgressing, "its controller has not seen it yet"},
        Case{"nonsense", CUSTOM(R"("metadata": 1, "spec": [], "status": "x")"), kReady, ""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace berth::helm
