#include "common/operation/record.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/kube/object.h"
#include "common/operation/proto_time.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

using std::chrono::minutes;

const kube::Time kNow = *kube::ParseTime("2026-01-02T03:04:05Z");

Spec InstallSpec() {
  return {.method = "berth.helm.v1.HelmService/InstallRelease",
          .target_namespace = "shop",
          .target_name = "web",
          .caller = "ann",
          .request_id = "r1",
          .parent = "op-parent",
          .timeout = minutes(10),
          .takes_release_ticket = true};
}

Record Created() {
  Record record =
      Record::New("berth", "helm-service", InstallSpec(),
                  {.body = "b0d1", .key_id = "k", .contract_version = "c"},
                  {.lease = "helm-service.u1", .pod_name = "p", .address = "1.2.3.4:5"});
  kube::Json object = record.json();
  object["metadata"]["creationTimestamp"] = kube::FormatTime(kNow);
  return Record(object);
}

v1::PhaseRecord Phase(std::int64_t sequence, const std::string& phase) {
  v1::PhaseRecord record;
  record.set_sequence(sequence);
  record.set_phase(phase);
  *record.mutable_time() = ToTimestamp(kNow);
  return record;
}

google::protobuf::Any Result(std::size_t bytes) {
  google::protobuf::Any result;
  result.set_type_url("type.googleapis.com/berth.helm.v1.InstallReleaseResult");
  result.set_value(std::string(bytes, 'x'));
  return result;
}

TEST(RecordTest, KeepsWhatAnOperationIsFor) {
  const Record record = Created();
  const Spec spec = record.spec();
  EXPECT_EQ(spec.method, "berth.helm.v1.HelmService/InstallRelease");
  EXPECT_EQ(spec.target_namespace, "shop");
  EXPECT_EQ(spec.target_name, "web");
  EXPECT_EQ(spec.caller, "ann");
  EXPECT_EQ(spec.request_id, "r1");
  EXPECT_EQ(spec.parent, "op-parent");
  EXPECT_EQ(spec.timeout, minutes(10));
  EXPECT_TRUE(spec.takes_release_ticket);
  EXPECT_EQ(record.digest().body, "b0d1");
  EXPECT_EQ(record.holder().address, "1.2.3.4:5");
  EXPECT_EQ(record.state(), v1::Operation::STATE_QUEUED);
  EXPECT_FALSE(record.effects_begun());
  EXPECT_EQ(record.deadline(), kNow + minutes(10));
  EXPECT_EQ(record.sequence_reserved(), kFirstSequenceBlock);
}

TEST(RecordTest, KeepsFieldsOfLaterVersions) {
  kube::Json object = Created().json();
  object["spec"]["later"] = 1;
  object["status"]["alsoLater"] = "x";
  Record record(object);
  record.set_running(kNow);
  record.set_plan({{"revision", 3}});
  record.set_ended(Result(10), 7, kNow);
  EXPECT_EQ(record.json()["spec"]["later"], 1);
  EXPECT_EQ(record.json()["status"]["alsoLater"], "x");
}

TEST(RecordTest, RemembersThatEffectsBeganWhenItIsUndone) {
  Record record = Created();
  record.set_running(kNow);
  record.set_undoing(absl::AbortedError("no"), kNow, kNow + minutes(5));
  EXPECT_EQ(record.state(), v1::Operation::STATE_UNDOING);
  EXPECT_TRUE(record.effects_begun());
  EXPECT_EQ(record.undo_cause().message(), "no");
  EXPECT_EQ(record.deadline(), kNow + minutes(5));
  EXPECT_TRUE(kube::IsConditionTrue(record.json(), "Running"));
}

TEST(RecordTest, EndsWithAResult) {
  Record record = Created();
  record.set_running(kNow);
  record.set_ended(Result(10), 42, kNow);
  EXPECT_EQ(record.state(), v1::Operation::STATE_SUCCEEDED);
  ASSERT_TRUE(record.outcome().ok());
  EXPECT_EQ(record.outcome()->value(), std::string(10, 'x'));
  EXPECT_EQ(record.sequence_reserved(), 42);
  EXPECT_EQ(record.end_time(), kNow);
  EXPECT_TRUE(kube::IsConditionTrue(record.json(), "Complete"));
  EXPECT_FALSE(kube::IsConditionTrue(record.json(), "Running"));
  EXPECT_TRUE(record.ToProto().has_result());
}

TEST(RecordTest, EndsWithAnErrorAndItsReason) {
  Record record = Created();
  const absl::Status error = Error(absl::StatusCode::kFailedPrecondition,
                                   Reason::ERROR_REASON_HELM_FAILED, "helm said no");
  record.set_ended(error, 1, kNow);
  EXPECT_EQ(record.state(), v1::Operation::STATE_FAILED);
  EXPECT_EQ(ReasonOf(record.outcome().status()), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(record.ToProto().reason(), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(kube::GetCondition(record.json(), "Failed")->reason, "HelmFailed");
}

TEST(RecordTest, TakesTheCodeCancelledForACancelledOperation) {
  Record record = Created();
  record.set_ended(CancelledWithoutEffect(), 1, kNow);
  EXPECT_EQ(record.state(), v1::Operation::STATE_CANCELLED);
  EXPECT_EQ(record.ToProto().reason(), Reason::ERROR_REASON_CANCELLED);
}

TEST(RecordTest, IsCancelledFromTheStartWithoutAHolder) {
  const Record record = Record::NewCancelled("berth", "helm-service", InstallSpec());
  EXPECT_EQ(record.state(), v1::Operation::STATE_CANCELLED);
  EXPECT_EQ(record.outcome().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(record.name(), Created().name());
}

TEST(RecordTest, FailsAnOperationWhoseResultIsTooLarge) {
  Record record = Created();
  record.set_ended(Result(kMaxResultBytes + 1), 1, kNow);
  EXPECT_EQ(record.state(), v1::Operation::STATE_FAILED);
  EXPECT_EQ(record.ToProto().reason(), Reason::ERROR_REASON_INTERNAL);
}

TEST(RecordTest, CutsLargeErrorsAndKeepsTheirReason) {
  Record record = Created();
  const absl::Status error = Error(absl::StatusCode::kFailedPrecondition,
                                   Reason::ERROR_REASON_HELM_FAILED, std::string(100'000, 'e'));
  record.set_ended(error, 1, kNow);
  EXPECT_LE(record.json().dump().size(), 16u << 10);
  EXPECT_EQ(ReasonOf(record.outcome().status()), Reason::ERROR_REASON_HELM_FAILED);
}

TEST(RecordTest, KeepsTheFirstPhaseAndTheNewest) {
  Record record = Created();
  std::vector<v1::PhaseRecord> phases;
  for (int i = 1; i <= 100; ++i) phases.push_back(Phase(i, "P" + std::to_string(i)));
  record.set_phases(phases);
  const std::vector<v1::PhaseRecord> kept = record.phases();
  ASSERT_EQ(kept.size(), kMaxRecordedPhases);
  EXPECT_EQ(kept.front().phase(), "P1");
  EXPECT_EQ(kept.back().phase(), "P100");
  EXPECT_EQ(kept[1].sequence(), 100 - static_cast<int>(kMaxRecordedPhases) + 2);
}

TEST(RecordTest, StaysWithinSixteenKibibytes) {
  Record record = Created();
  std::vector<v1::PhaseRecord> phases;
  for (int i = 1; i <= 100; ++i) {
    v1::PhaseRecord phase = Phase(1'000'000 + i, "A_PHASE_WITH_A_LONG_NAME");
    phase.set_message(std::string(1000, 'm'));
    phases.push_back(phase);
  }
  record.set_phases(phases);
  record.set_plan({{"text", std::string(kMaxPlanBytes - 20, 'p')}});
  record.set_running(kNow);
  record.set_ended(Result(kMaxResultBytes - 100), 1, kNow);
  EXPECT_EQ(record.state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_LE(record.json().dump().size(), 16u << 10);
}

TEST(RecordTest, ReadsARecordWithFieldsOfWrongTypes) {
  Record record(kube::Json::parse(R"({"metadata":{"name":"op-x"},"spec":{"plan":7,"holder":[],
      "cancelRequested":"yes","timeoutSeconds":"1"},"status":{"phases":{},"state":4}})"));
  EXPECT_EQ(record.state(), v1::Operation::STATE_QUEUED);
  EXPECT_TRUE(record.plan().empty());
  EXPECT_TRUE(record.phases().empty());
  EXPECT_FALSE(record.cancel_requested());
}

}  // namespace
}  // namespace berth::operation
