#include "helm-service/domain/release_handler.h"

#include <google/protobuf/wrappers.pb.h>

#include <any>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/kube/clock.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_reader.h"
#include "tests/helm-service/domain/progress_reading.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using operation::Progress;
using operation::Wait;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Request = google::protobuf::StringValue;

class FakeReporter final : public operation::Reporter {
 public:
  void Phase(std::string_view phase, std::string_view) override { phases.emplace_back(phase); }
  void Line(std::string_view, operation::v1::OutputLine::Stream, std::string_view text) override {
    lines.emplace_back(text);
  }
  void Publish(operation::v1::OperationUpdate) override {}
  void Wake() override {
    ++wakes;
    wakes.notify_all();
  }

  std::vector<std::string> phases;
  std::vector<std::string> lines;
  std::atomic<int> wakes = 0;
};

class FakeRun final : public operation::Run {
 public:
  const std::string& name() const override { return name_; }
  const operation::Spec& spec() const override { return spec_; }
  std::shared_ptr<const google::protobuf::Message> input() const override { return request; }
  bool recovered() const override { return was_recovered; }
  const nlohmann::json& plan() const override { return current_plan; }
  absl::Status SavePlan(nlohmann::json) override { return absl::InternalError("not used"); }
  absl::Status BeginEffects(nlohmann::json plan) override {
    if (!begin_effects.ok()) return begin_effects;
    current_plan = std::move(plan);
    effects = true;
    return absl::OkStatus();
  }
  absl::Status BeginUndo(const absl::Status& cause) override {
    if (!begin_undo.ok()) return begin_undo;
    if (!undo_.has_value()) left = seconds(300);
    if (!undo_.has_value()) undo_ = Undo{cause};
    return absl::OkStatus();
  }
  const std::optional<Undo>& undo() const override { return undo_; }
  bool effects_begun() const override { return effects; }
  bool cancel_requested() const override { return cancelled; }
  std::chrono::steady_clock::time_point deadline() const override { return {}; }
  milliseconds remaining() const override { return left; }
  std::any& state() override { return state_; }
  std::shared_ptr<operation::Reporter> reporter() const override { return reports; }

  std::shared_ptr<google::protobuf::Message> request = std::make_shared<Request>();
  std::shared_ptr<FakeReporter> reports = std::make_shared<FakeReporter>();
  bool was_recovered = false;
  bool effects = false;
  bool cancelled = false;
  milliseconds left = seconds(600);
  absl::Status begin_effects;
  absl::Status begin_undo;
  std::optional<Undo> undo_;
  nlohmann::json current_plan = nlohmann::json::object();
  operation::Spec spec_{.method = "berth.helm.v1.HelmService/InstallRelease",
                        .target_namespace = "shop",
                        .target_name = "web"};

 private:
  std::string name_ = "op-1";
  std::any state_;
};

class FakeHelm final : public HelmRunner {
 public:
  class FakeProcess final : public Process {
   public:
    explicit FakeProcess(FakeHelm& helm) : helm_(helm) {}
    ~FakeProcess() override { ++helm_.destroyed; }
    void Terminate() override { ++helm_.terminated; }
    void Kill() override { ++helm_.killed; }

   private:
    FakeHelm& helm_;
  };

  absl::StatusOr<std::unique_ptr<Process>> Start(const Action& action, const Task& task,
                                                 Callbacks callbacks) override {
    if (!start_error.ok()) return start_error;
    if (const ChartArchive* chart = ArchiveOf(action)) archive = chart->bytes;
    actions.push_back(action);
    tasks.push_back(task);
    current = std::move(callbacks);
    return std::make_unique<FakeProcess>(*this);
  }

  void Exit(int code) { current.on_exit(HelmExit{.code = code}); }
  void Die(int signal) { current.on_exit(HelmExit{.signal = signal}); }
  void Line(HelmStream stream, const std::string& text) { current.on_line(stream, text); }

  std::vector<Action> actions;
  std::vector<Task> tasks;
  std::string archive;
  Callbacks current;
  int terminated = 0;
  int killed = 0;
  int destroyed = 0;
  absl::Status start_error;
};

class FakeReleases final : public ReleaseStore {
 public:
  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey&) override {
    if (!error.ok()) return error;
    ++looks_for_newest;
    return newest;
  }
  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey&) override {
    if (!error.ok()) return error;
    std::vector<RevisionInfo> revisions = older;
    if (newest.has_value()) revisions.push_back(*newest);
    return revisions;
  }
  absl::StatusOr<Release> Read(const ReleaseKey& key, std::optional<int> revision) override {
    if (!error.ok()) return error;
    ++reads;
    std::vector<RevisionInfo> stored = older;
    if (newest.has_value()) stored.push_back(*newest);
    for (const RevisionInfo& info : stored) {
      if (info.revision == revision.value_or(info.revision)) {
        return Release{.key = key, .newest = info};
      }
    }
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND, "none");
  }
  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey&, int) override { return content; }
  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey& key) override {
    return ConsistencyToken{.version = 77, .removed = key};
  }
  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey&, int) override {
    return std::nullopt;
  }
  absl::Status MarkFailed(const ReleaseKey&, int revision, std::string_view) override {
    if (!mark_error.ok()) return mark_error;
    marked.push_back(revision);
    newest->status = ReleaseStatus::kFailed;
    return absl::OkStatus();
  }

  std::optional<RevisionInfo> newest;
  std::vector<RevisionInfo> older;
  ReleaseContent content;
  std::vector<int> marked;
  absl::Status error;
  absl::Status mark_error;
  int looks_for_newest = 0;
  int reads = 0;
};

class FakeCharts final : public ChartFetcher {
 public:
  absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds&) override {
    if (auto* archive = std::get_if<ChartArchive>(&chart)) return std::move(*archive);
    return remote;
  }

  absl::StatusOr<ChartArchive> remote = ChartArchive{};
};

// Says what a test lets it say.
class FakeObserver final : public ReleaseObserver {
 public:
  class FakeObservation final : public Observation {
   public:
    explicit FakeObservation(FakeObserver& observer) : observer_(observer) {}
    bool Finish(bool succeeded) override {
      observer_.finished_with = succeeded;
      return observer_.looked;
    }
    std::vector<UnreadyObject> unready() const override { return observer_.unready; }

   private:
    FakeObserver& observer_;
  };

  std::unique_ptr<Observation> Observe(ObservedAction action, std::shared_ptr<operation::Reporter>,
                                       std::shared_ptr<Redactor> redactor) override {
    actions.push_back(std::move(action));
    redactors.push_back(std::move(redactor));
    return std::make_unique<FakeObservation>(*this);
  }

  std::vector<ObservedAction> actions;
  std::vector<std::shared_ptr<Redactor>> redactors;
  std::optional<bool> finished_with;
  bool looked = true;
  std::vector<UnreadyObject> unready;
};

class FakeLease final : public operation::LeaseGuard {
 public:
  bool FreshEnoughToSpawn() const override { return fresh; }
  bool fresh = true;
};

absl::Status Unavailable() {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
               "no answer");
}

class ReleaseHandlerTest : public ::testing::Test {
 protected:
  static ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

  static Action MakeInstall() {
    return {.release = Key(),
            .what = Install{
                .chart = ChartArchive{TarBuilder().File("web/Chart.yaml", "name: web").Gzip()},
                .values = {{"password", "hunter2"}}}};
  }

  ReleaseHandler Handler(const Action& action) {
    return ReleaseHandler(
        {.parse = [action](const google::protobuf::Message&) { return action; },
         .result =
             [](const ActionResult& done) {
               Request result;
               result.set_value(done.release.has_value()
                                    ? "revision " + std::to_string(done.release->newest.revision)
                                    : "nothing");
               for (const TestOutcome& test : done.tests) {
                 result.set_value(result.value() + " " + test.name + ":" + test.phase);
               }
               google::protobuf::Any any;
               any.PackFrom(result);
               return any;
             }},
        {.helm = helm_,
         .releases = releases_,
         .reader = reader_,
         .slots = slots_,
         .charts = charts_,
         .observer = observer_,
         .stoppable = stoppable_,
         .lease = lease_},
        {});
  }

  static bool Waits(const Progress& progress) { return std::holds_alternative<Wait>(progress); }

  FakeHelm helm_;
  FakeReleases releases_;
  FakeReader reader_;
  ProcessSlots slots_{1};
  FakeCharts fetcher_;
  operation::Executor executor_{"charts", 1, kube::RealClock()};
  ChartPreparer charts_{fetcher_, executor_};
  FakeObserver observer_;
  StoppableRuns stoppable_;
  FakeLease lease_;
  FakeRun run_;
};

TEST_F(ReleaseHandlerTest, InstallsAndAnswersWithTheRelease) {
  ReleaseHandler handler = Handler(MakeInstall());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.tasks.size(), 1U);
  EXPECT_EQ(helm_.tasks[0].wait_timeout, seconds(598));
  EXPECT_EQ(helm_.tasks[0].kill_after, seconds(630));
  EXPECT_TRUE(run_.effects);
  EXPECT_EQ(run_.current_plan["revisionBefore"], 0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  releases_.newest = {1, ReleaseStatus::kDeployed};
  helm_.Exit(0);
  EXPECT_EQ(run_.reports->wakes, 1);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 1");
  EXPECT_THAT(run_.reports->phases, ElementsAre("INSTALLING"));
}

TEST_F(ReleaseHandlerTest, ReadsWhatHelmMadeWithoutLookingForIt) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.looks_for_newest = 0;
  releases_.newest = {1, ReleaseStatus::kDeployed};
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 1");
  EXPECT_EQ(releases_.reads, 1);
  EXPECT_EQ(releases_.looks_for_newest, 0);
}

TEST_F(ReleaseHandlerTest, AnswersWithTheNewestRevisionWhenAnotherHelmCameBetween) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.older = {{1, ReleaseStatus::kSuperseded}};
  releases_.newest = {2, ReleaseStatus::kDeployed};
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 2");
}

TEST_F(ReleaseHandlerTest, HasNoEffectBeforeTheRecordSaysThatItMayHave) {
  ReleaseHandler handler = Handler(MakeInstall());
  run_.begin_effects = Unavailable();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(helm_.tasks, IsEmpty());
  run_.begin_effects = absl::OkStatus();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.tasks.size(), 1U);
}

TEST_F(ReleaseHandlerTest, StartsNothingOnAnOldLease) {
  ReleaseHandler handler = Handler(MakeInstall());
  lease_.fresh = false;
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(helm_.tasks, IsEmpty());
  lease_.fresh = true;
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.tasks.size(), 1U);
}

TEST_F(ReleaseHandlerTest, WaitsForAProcessSlot) {
  auto other = slots_.Enter("other", [] {});
  ReleaseHandler handler = Handler(MakeInstall());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(run_.reports->phases, ElementsAre("WAITING_FOR_HELM"));
  EXPECT_THAT(helm_.tasks, IsEmpty());
  other.reset();
  EXPECT_EQ(run_.reports->wakes, 1);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.tasks.size(), 1U);
  EXPECT_TRUE(run_.effects);
}

TEST_F(ReleaseHandlerTest, FailsBeforeAnyEffectWhenTheReleaseDoesNotFit) {
  releases_.newest = {1, ReleaseStatus::kDeployed};
  const Progress progress = Handler(MakeInstall()).Advance(run_);
  EXPECT_EQ(ReasonOf(ErrorOf(progress)), Reason::ERROR_REASON_RELEASE_EXISTS);
  EXPECT_FALSE(run_.effects);
}

TEST_F(ReleaseHandlerTest, StartsHelmOnceTheChartHasCome) {
  Action action = MakeInstall();
  Chart& chart = *ChartOf(action);
  fetcher_.remote = std::get<ChartArchive>(chart);
  chart = UrlChart{*ChartUrl::Parse("https://host/web.tgz"), std::nullopt};
  ReleaseHandler handler = Handler(action);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(run_.reports->phases, ElementsAre("FETCHING_CHART"));
  EXPECT_THAT(helm_.tasks, IsEmpty());
  executor_.Start();
  run_.reports->wakes.wait(0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(run_.reports->phases, ElementsAre("FETCHING_CHART", "INSTALLING"));
  EXPECT_EQ(helm_.archive, fetcher_.remote->bytes);
}

TEST_F(ReleaseHandlerTest, FailsBeforeAnyEffectWhenTheChartDoesNotCome) {
  Action action = MakeInstall();
  *ChartOf(action) = UrlChart{*ChartUrl::Parse("https://host/web.tgz"), std::nullopt};
  fetcher_.remote = absl::NotFoundError("no such chart");
  ReleaseHandler handler = Handler(action);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  executor_.Start();
  run_.reports->wakes.wait(0);
  EXPECT_EQ(ErrorOf(handler.Advance(run_)), absl::NotFoundError("no such chart"));
  EXPECT_FALSE(run_.effects);
}

TEST_F(ReleaseHandlerTest, FailsBeforeAnyEffectWhenTheArchiveIsNoChart) {
  Action action = MakeInstall();
  std::get<Install>(action.what).chart = ChartArchive{"hello"};
  const Progress progress = Handler(action).Advance(run_);
  EXPECT_EQ(ReasonOf(ErrorOf(progress)), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_FALSE(run_.effects);
}

TEST_F(ReleaseHandlerTest, WaitsOutAnApiServerThatIsAwayUntilTheDeadline) {
  ReleaseHandler handler = Handler(MakeInstall());
  releases_.error = Unavailable();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  run_.left = milliseconds(0);
  EXPECT_EQ(ReasonOf(ErrorOf(handler.Advance(run_))), Reason::ERROR_REASON_OPERATION_TIMEOUT);
}

TEST_F(ReleaseHandlerTest, StartsHelmOnceItKnowsTheValuesThatHelmReuses) {
  Action action = MakeInstall();
  action.what = Upgrade{.chart = *ChartOf(action), .values_policy = ValuesPolicy::kReuse};
  ReleaseHandler handler = Handler(action);
  releases_.newest = {1, ReleaseStatus::kDeployed};
  reader_.revisions = {{.key = Key(), .info = *releases_.newest}};
  reader_.values = {{1, {{"password", "hunter2"}}}};
  reader_.error = Unavailable();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(helm_.tasks, IsEmpty());
  reader_.error = absl::OkStatus();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.tasks.size(), 1U);
  helm_.Line(HelmStream::kStderr, "Error: invalid value: hunter2");
  EXPECT_THAT(run_.reports->lines, ElementsAre("Error: invalid value: [redacted]"));
}

TEST_F(ReleaseHandlerTest, TellsWhatHelmDoesWithoutSecretsAndValues) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  helm_.Line(HelmStream::kStderr, "level=DEBUG msg=\"creating resource(s)\" resources=3");
  helm_.Line(HelmStream::kStderr, "level=DEBUG msg=\"waiting for resources\" count=3 timeout=5s");
  helm_.Line(HelmStream::kStdout, "USER-SUPPLIED VALUES:");
  helm_.Line(HelmStream::kStderr, "Error: invalid value: hunter2");
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(std::string(error.message()), "invalid value: [redacted]");
  EXPECT_THAT(run_.reports->lines, ElementsAre("creating resource(s) resources=3",
                                               "waiting for resources count=3 timeout=5s",
                                               "Error: invalid value: [redacted]"));
  EXPECT_THAT(run_.reports->phases, ElementsAre("INSTALLING", "WAITING"));
}

TEST_F(ReleaseHandlerTest, TerminatesAnInstallThatIsCancelled) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  run_.cancelled = true;
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 1);
  releases_.newest = {1, ReleaseStatus::kFailed};
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(error.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(MetadataOf(error, "revision"), "1");
  EXPECT_THAT(releases_.marked, IsEmpty());
}

TEST_F(ReleaseHandlerTest, NeverTerminatesARollbackOrAnUninstall) {
  releases_.newest = {2, ReleaseStatus::kDeployed};
  for (const Action& action : {Action{.release = Key(), .what = Rollback{1}},
                               Action{.release = Key(), .what = Uninstall{}}}) {
    FakeRun run;
    ReleaseHandler handler = Handler(action);
    handler.Advance(run);
    run.cancelled = true;
    run.left = milliseconds(0);
    EXPECT_TRUE(Waits(handler.Advance(run)));
    EXPECT_EQ(helm_.terminated, 0);
    EXPECT_THAT(run.reports->phases, Contains("FINISHING"));
  }
}

TEST_F(ReleaseHandlerTest, MarksWhatAKilledHelmLeftPendingAsFailed) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.newest = {1, ReleaseStatus::kPendingInstall};
  helm_.Die(9);
  releases_.mark_error = Unavailable();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  releases_.mark_error = absl::OkStatus();
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_THAT(releases_.marked, ElementsAre(1));
}

TEST_F(ReleaseHandlerTest, LeavesAPendingRevisionAloneThatWasThereBefore) {
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  ReleaseHandler handler = Handler({.release = Key(), .what = Rollback{1}});
  handler.Advance(run_);
  helm_.Die(9);
  EXPECT_FALSE(ErrorOf(handler.Advance(run_)).ok());
  EXPECT_THAT(releases_.marked, IsEmpty());
}

TEST_F(ReleaseHandlerTest, UninstallsAgainWhenHelmWasKilledHalfWay) {
  releases_.newest = {3, ReleaseStatus::kDeployed};
  ReleaseHandler handler = Handler({.release = Key(), .what = Uninstall{}});
  handler.Advance(run_);
  releases_.newest = {3, ReleaseStatus::kUninstalling};
  helm_.Die(9);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  run_.cancelled = true;  // too late: it can only be finished
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.tasks.size(), 2U);
  releases_.newest.reset();
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 0");
}

TEST_F(ReleaseHandlerTest, LeavesNoReleaseLockedByAnUninstallThatRanOutOfTime) {
  releases_.newest = {3, ReleaseStatus::kDeployed};
  ReleaseHandler handler = Handler({.release = Key(), .what = Uninstall{}});
  handler.Advance(run_);
  releases_.newest = {3, ReleaseStatus::kUninstalling};
  run_.left = milliseconds(0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  helm_.Die(9);
  EXPECT_EQ(ReasonOf(ErrorOf(handler.Advance(run_))), Reason::ERROR_REASON_OPERATION_TIMEOUT);
  EXPECT_THAT(releases_.marked, ElementsAre(3));
}

TEST_F(ReleaseHandlerTest, SucceedsWithoutHelmWhenThereIsNothingToUninstall) {
  const Progress progress =
      Handler({.release = Key(), .what = Uninstall{.allow_missing = true}}).Advance(run_);
  EXPECT_EQ(ResultOf(progress), "nothing");
  EXPECT_THAT(helm_.tasks, IsEmpty());
}

TEST_F(ReleaseHandlerTest, SaysThatHelmCouldNotBeStarted) {
  helm_.start_error =
      Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_HELM_UNAVAILABLE, "no such file");
  EXPECT_EQ(ReasonOf(ErrorOf(Handler(MakeInstall()).Advance(run_))),
            Reason::ERROR_REASON_HELM_UNAVAILABLE);
}

TEST_F(ReleaseHandlerTest, KillsHelmWithTheOperationsState) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  run_.state().reset();
  EXPECT_EQ(helm_.destroyed, 1);
  EXPECT_TRUE(slots_.Enter("other", [] {})->granted());
}

TEST_F(ReleaseHandlerTest, GivesAStepOfHelmsNoMoreThanTheCallerAllows) {
  Action action = MakeInstall();
  action.step_timeout = seconds(20);
  ReleaseHandler handler = Handler(action);
  handler.Advance(run_);
  action.step_timeout = seconds(3600);
  FakeRun longer;
  run_.state().reset();
  Handler(action).Advance(longer);
  ASSERT_EQ(helm_.tasks.size(), 2U);
  EXPECT_EQ(helm_.tasks[0].wait_timeout, seconds(20));
  EXPECT_EQ(helm_.tasks[1].wait_timeout, seconds(598));
}

TEST_F(ReleaseHandlerTest, TerminatesAnInstallWhenTheProcessMustEndAndSaysSo) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.newest = {1, ReleaseStatus::kPendingInstall};
  stoppable_.StopAll(std::chrono::steady_clock::now());
  EXPECT_EQ(run_.reports->wakes, 1);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 1);
  releases_.newest = {1, ReleaseStatus::kFailed};
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED);
  EXPECT_EQ(MetadataOf(error, "effect"), "revision");
  EXPECT_EQ(MetadataOf(error, "revision"), "1");
}

TEST_F(ReleaseHandlerTest, StartsNoHelmInAProcessThatMustEnd) {
  ReleaseHandler handler = Handler(MakeInstall());
  stoppable_.StopAll(std::chrono::steady_clock::now());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(helm_.tasks, IsEmpty());
}

TEST_F(ReleaseHandlerTest, LeavesWhatCannotBeStoppedToAnotherReplica) {
  releases_.newest = {2, ReleaseStatus::kDeployed};
  ReleaseHandler handler = Handler({.release = Key(), .what = Rollback{1}});
  handler.Advance(run_);
  stoppable_.StopAll(std::chrono::steady_clock::now());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 0);
  helm_.current.on_exit(absl::CancelledError("this process is about to stop"));
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(releases_.marked, IsEmpty());
}

class TestingTest : public ReleaseHandlerTest {
 protected:
  TestingTest() {
    releases_.newest = {3, ReleaseStatus::kDeployed};
    releases_.content.hooks = {MakeHook("web-smoke", "Succeeded", "1"),
                               MakeHook("web-load", "Failed", "1")};
  }
  static ReleaseHook MakeHook(const std::string& name, const std::string& phase,
                              const std::string& started_at) {
    return {
        .name = name, .kind = "Pod", .events = {"test"}, .started_at = started_at, .phase = phase};
  }
  static Action MakeTest(std::vector<ObjectName> names = {}) {
    return {.release = Key(), .what = helm::Test{std::move(names)}};
  }
};

TEST_F(TestingTest, AnswersWithHowEachTestWent) {
  ReleaseHandler handler = Handler(MakeTest());
  handler.Advance(run_);
  EXPECT_EQ(run_.current_plan["test"], true);
  releases_.content.hooks = {MakeHook("web-smoke", "Succeeded", "2"),
                             MakeHook("web-load", "Succeeded", "2")};
  helm_.Line(HelmStream::kStdout, "NOTES: password is hunter2");
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "nothing web-smoke:Succeeded web-load:Succeeded");
  EXPECT_THAT(run_.reports->lines, IsEmpty());
}

TEST_F(TestingTest, FailsWithTheTestsThatFailedThisTime) {
  ReleaseHandler handler = Handler(MakeTest());
  handler.Advance(run_);
  // The other one, which failed once, was not reached.
  releases_.content.hooks[0] = MakeHook("web-smoke", "Failed", "2");
  helm_.Line(HelmStream::kStderr, "Error: pod web-smoke failed");
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(std::string(error.message()), "pod web-smoke failed");
  EXPECT_EQ(MetadataOf(error, "failed"), "web-smoke");
  EXPECT_EQ(MetadataOf(error, "succeeded"), "");
}

TEST_F(TestingTest, BlamesNoTestForAHelmThatRanNone) {
  ReleaseHandler handler = Handler(MakeTest());
  handler.Advance(run_);
  helm_.Line(HelmStream::kStderr, "Error: Kubernetes cluster unreachable");
  helm_.Exit(1);
  EXPECT_EQ(MetadataOf(ErrorOf(handler.Advance(run_)), "failed"), std::nullopt);
}

TEST_F(TestingTest, RefusesTestsThatTheReleaseDoesNotHave) {
  const Progress progress = Handler(MakeTest({*ObjectName::Parse("nosuch")})).Advance(run_);
  EXPECT_EQ(ReasonOf(ErrorOf(progress)), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_FALSE(run_.effects);
}

TEST_F(TestingTest, CanBeCancelled) {
  ReleaseHandler handler = Handler(MakeTest());
  handler.Advance(run_);
  run_.cancelled = true;
  handler.Advance(run_);
  EXPECT_EQ(helm_.terminated, 1);
  helm_.Die(15);
  EXPECT_EQ(ErrorOf(handler.Advance(run_)).code(), absl::StatusCode::kCancelled);
}

class TakeBackTest : public ReleaseHandlerTest {
 protected:
  static Action MakeUpgrade() {
    return {.release = Key(),
            .what = Upgrade{
                .chart = ChartArchive{TarBuilder().File("web/Chart.yaml", "name: web").Gzip()},
                .values = nlohmann::json::object(),
                .apply = {.rollback_on_failure = true}}};
  }
  static Action MakeInstall() {
    Action action = ReleaseHandlerTest::MakeInstall();
    std::get<Install>(action.what).apply.rollback_on_failure = true;
    return action;
  }
  void BeginUpgrade(ReleaseHandler& handler) {
    releases_.newest = {2, ReleaseStatus::kDeployed};
    handler.Advance(run_);
    releases_.older = {{2, ReleaseStatus::kDeployed}};
  }
};

TEST_F(TakeBackTest, LeavesTakingBackToHelmAndGivesItTheTime) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  BeginUpgrade(handler);
  EXPECT_EQ(helm_.tasks[0].kill_after, seconds(600 + 30 + 300));
  EXPECT_EQ(run_.current_plan["rollbackOnFailure"], true);
  releases_.newest = {4, ReleaseStatus::kDeployed};
  helm_.Line(HelmStream::kStderr, "Error: context deadline exceeded");
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_RELEASE_NOT_READY);
  EXPECT_EQ(MetadataOf(error, "revision"), "4");
  EXPECT_EQ(helm_.tasks.size(), 1U);
}

TEST_F(TakeBackTest, StopsACancelledUpgradeAndWaitsWhileHelmTakesItBack) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  BeginUpgrade(handler);
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  run_.cancelled = true;
  run_.begin_undo = Unavailable();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 0);
  run_.begin_undo = absl::OkStatus();
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 1);
  EXPECT_EQ(run_.undo_->cause.code(), absl::StatusCode::kCancelled);
  releases_.newest = {4, ReleaseStatus::kDeployed};
  helm_.Exit(1);
  EXPECT_EQ(ErrorOf(handler.Advance(run_)).code(), absl::StatusCode::kCancelled);
}

TEST_F(TakeBackTest, SendsNoTermToAHelmThatTakesBackAlready) {
  for (const RevisionInfo now : {RevisionInfo{3, ReleaseStatus::kFailed},
                                 RevisionInfo{4, ReleaseStatus::kPendingRollback}}) {
    run_ = FakeRun();
    ReleaseHandler handler = Handler(MakeUpgrade());
    BeginUpgrade(handler);
    releases_.newest = now;
    run_.left = milliseconds(0);
    EXPECT_TRUE(Waits(handler.Advance(run_)));
    EXPECT_EQ(helm_.terminated, 0);
    releases_.newest = {4, ReleaseStatus::kDeployed};
    helm_.Line(HelmStream::kStderr, "Error: context deadline exceeded");
    helm_.Exit(1);
    // Helm's own reason, not the timeout.
    EXPECT_EQ(ReasonOf(ErrorOf(handler.Advance(run_))), Reason::ERROR_REASON_RELEASE_NOT_READY);
  }
}

TEST_F(TakeBackTest, KillsHelmWhenTheTimeForTakingBackIsUpAndSaysSo) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  BeginUpgrade(handler);
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  run_.left = milliseconds(0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.terminated, 1);
  EXPECT_EQ(helm_.killed, 0);
  run_.left = milliseconds(0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(helm_.killed, 1);
  releases_.newest = {4, ReleaseStatus::kPendingRollback};
  helm_.Die(9);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_UNDO_INCOMPLETE);
  EXPECT_EQ(MetadataOf(error, "cause"), "OPERATION_TIMEOUT");
  EXPECT_EQ(MetadataOf(error, "revision"), "4");
  EXPECT_THAT(releases_.marked, ElementsAre(4));
}

TEST_F(TakeBackTest, RollsBackWhatAKilledHelmUpgraded) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  BeginUpgrade(handler);
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  helm_.Die(9);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_THAT(releases_.marked, ElementsAre(3));
  ASSERT_EQ(helm_.actions.size(), 2U);
  EXPECT_EQ(std::get<Rollback>(helm_.actions[1].what).revision, 2);
  EXPECT_TRUE(helm_.actions[1].wait);
  releases_.newest = {4, ReleaseStatus::kDeployed};
  helm_.Exit(0);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(MetadataOf(error, "revision"), "4");
}

TEST_F(TakeBackTest, RemovesWhatAKilledHelmInstalledHoweverOftenItIsKilled) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.newest = {1, ReleaseStatus::kPendingInstall};
  helm_.Die(9);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.actions.size(), 2U);
  EXPECT_TRUE(IsUninstall(helm_.actions[1]));
  releases_.newest = {1, ReleaseStatus::kUninstalling};
  helm_.Die(9);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.actions.size(), 3U);
  releases_.newest.reset();
  helm_.Exit(0);
  EXPECT_EQ(ReasonOf(ErrorOf(handler.Advance(run_))), Reason::ERROR_REASON_HELM_FAILED);
}

TEST_F(TakeBackTest, SaysWhatIsLeftWhenHelmCouldNotTakeItBack) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  BeginUpgrade(handler);
  releases_.newest = {4, ReleaseStatus::kFailed};
  helm_.Line(HelmStream::kStderr, "Error: an error occurred while rolling back the release");
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_UNDO_INCOMPLETE);
  EXPECT_THAT(std::string(error.message()), HasSubstr("while rolling back"));
  EXPECT_EQ(helm_.tasks.size(), 1U);
}

TEST_F(TakeBackTest, SaysThatThereIsNothingToGoBackTo) {
  ReleaseHandler handler = Handler(MakeUpgrade());
  releases_.newest = {1, ReleaseStatus::kFailed};
  handler.Advance(run_);
  releases_.older = {{1, ReleaseStatus::kFailed}};
  releases_.newest = {2, ReleaseStatus::kPendingUpgrade};
  helm_.Die(9);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_UNDO_INCOMPLETE);
  EXPECT_THAT(releases_.marked, ElementsAre(2));
}

class RecoveryTest : public ReleaseHandlerTest {
 protected:
  RecoveryTest() {
    run_.was_recovered = true;
    run_.effects = true;
    run_.request = nullptr;
    run_.current_plan = {{"revisionBefore", 2}, {"wait", true}};
  }
};

TEST_F(RecoveryTest, ReportsSuccessWhenHelmHadEndedWell) {
  releases_.newest = {3, ReleaseStatus::kDeployed};
  EXPECT_EQ(ResultOf(Handler(MakeInstall()).Advance(run_)), "revision 3");
}

TEST_F(RecoveryTest, MarksAPendingRevisionFailedAndSaysSo) {
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  const absl::Status error = ErrorOf(Handler(MakeInstall()).Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED);
  EXPECT_EQ(MetadataOf(error, "effect"), "revision");
  EXPECT_EQ(MetadataOf(error, "revision"), "3");
  EXPECT_THAT(releases_.marked, ElementsAre(3));
  EXPECT_THAT(helm_.tasks, IsEmpty());
}

TEST_F(RecoveryTest, SaysThatThereWasNoEffectWhenNoRevisionIsNew) {
  releases_.newest = {2, ReleaseStatus::kPendingUpgrade};
  const absl::Status error = ErrorOf(Handler(MakeInstall()).Advance(run_));
  EXPECT_EQ(MetadataOf(error, "effect"), "none");
  EXPECT_THAT(releases_.marked, IsEmpty());
}

TEST_F(RecoveryTest, FinishesAnUninstall) {
  run_.current_plan["uninstall"] = true;
  run_.cancelled = true;
  releases_.newest = {2, ReleaseStatus::kUninstalling};
  ReleaseHandler handler = Handler({.release = Key(), .what = Uninstall{}});
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.tasks.size(), 1U);
  releases_.newest.reset();
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 0");
}

TEST_F(RecoveryTest, UnlocksWhatItHasNoTimeToUninstall) {
  run_.current_plan["uninstall"] = true;
  releases_.newest = {2, ReleaseStatus::kUninstalling};
  ReleaseHandler handler = Handler({.release = Key(), .what = Uninstall{}});
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  run_.left = milliseconds(0);
  EXPECT_EQ(ReasonOf(ErrorOf(handler.Advance(run_))), Reason::ERROR_REASON_OPERATION_TIMEOUT);
  EXPECT_THAT(releases_.marked, ElementsAre(2));
}

TEST_F(RecoveryTest, FinishesAnUninstallAsItWasAskedFor) {
  run_.current_plan =
      ReleasePlan::Of({.release = Key(),
                       .what = Uninstall{.keep_history = true,
                                         .disable_hooks = true,
                                         .description = *Description::Parse("retired"),
                                         .cascade = Cascade::kForeground}},
                      RevisionInfo{2, ReleaseStatus::kDeployed})
          .ToJson();
  releases_.newest = {2, ReleaseStatus::kUninstalling};
  ReleaseHandler handler = Handler({.release = Key(), .what = Uninstall{}});
  handler.Advance(run_);
  handler.Advance(run_);
  ASSERT_EQ(helm_.actions.size(), 1U);
  const auto& uninstall = std::get<Uninstall>(helm_.actions[0].what);
  EXPECT_TRUE(uninstall.keep_history && uninstall.disable_hooks);
  EXPECT_EQ(uninstall.description.value(), "retired");
  EXPECT_EQ(uninstall.cascade, Cascade::kForeground);
  releases_.newest = {2, ReleaseStatus::kUninstalled};
  helm_.Exit(0);
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 0");
}

TEST_F(RecoveryTest, RunsNoTestsAgain) {
  run_.current_plan["test"] = true;
  releases_.newest = {2, ReleaseStatus::kDeployed};
  const absl::Status error = ErrorOf(Handler(MakeInstall()).Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED);
  EXPECT_THAT(helm_.tasks, IsEmpty());
}

TEST_F(RecoveryTest, TakesBackWhatWasToBeTakenBack) {
  run_.current_plan["rollbackOnFailure"] = true;
  releases_.older = {{1, ReleaseStatus::kSuperseded}, {2, ReleaseStatus::kDeployed}};
  releases_.newest = {3, ReleaseStatus::kPendingUpgrade};
  ReleaseHandler handler = Handler(MakeInstall());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.actions.size(), 1U);
  EXPECT_EQ(std::get<Rollback>(helm_.actions[0].what).revision, 2);
  releases_.newest = {4, ReleaseStatus::kDeployed};
  helm_.Exit(0);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_INTERRUPTED);
  EXPECT_EQ(MetadataOf(error, "revision"), "4");
}

TEST_F(RecoveryTest, FinishesTheRemovalOfAnInstallAndKeepsItsCause) {
  run_.current_plan = {{"revisionBefore", 0}, {"rollbackOnFailure", true}};
  run_.undo_ = operation::Run::Undo{
      Error(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED, "cancelled")};
  releases_.newest = {1, ReleaseStatus::kUninstalling};
  ReleaseHandler handler = Handler(MakeInstall());
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(helm_.actions.size(), 1U);
  EXPECT_TRUE(IsUninstall(helm_.actions[0]));
  releases_.newest.reset();
  helm_.Exit(0);
  EXPECT_EQ(ErrorOf(handler.Advance(run_)).code(), absl::StatusCode::kCancelled);
}

TEST_F(RecoveryTest, TellsARollbackOfHelmsFromSuccess) {
  run_.current_plan["rollbackOnFailure"] = true;
  releases_.older = {{2, ReleaseStatus::kDeployed}, {3, ReleaseStatus::kFailed}};
  releases_.newest = {4, ReleaseStatus::kDeployed};
  EXPECT_EQ(ReasonOf(ErrorOf(Handler(MakeInstall()).Advance(run_))),
            Reason::ERROR_REASON_INTERRUPTED);
  releases_.newest = {3, ReleaseStatus::kDeployed};
  run_.state().reset();
  EXPECT_EQ(ResultOf(Handler(MakeInstall()).Advance(run_)), "revision 3");
}

TEST_F(RecoveryTest, SaysThatAnUninstallIsDoneWhenNothingIsLeft) {
  run_.current_plan["uninstall"] = true;
  EXPECT_EQ(ResultOf(Handler({.release = Key(), .what = Uninstall{}}).Advance(run_)), "revision 0");
}

TEST_F(ReleaseHandlerTest, FollowsTheRevisionThatHelmIsAboutToStore) {
  Action upgrade = MakeInstall();
  const Install install = std::get<Install>(upgrade.what);
  upgrade.what = Upgrade{.chart = install.chart, .values = install.values};
  releases_.newest = RevisionInfo{4, ReleaseStatus::kDeployed};
  ReleaseHandler handler = Handler(upgrade);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  ASSERT_EQ(observer_.actions.size(), 1u);
  EXPECT_EQ(observer_.actions[0].release, Key());
  EXPECT_EQ(observer_.actions[0].revision, 5);
}

TEST_F(ReleaseHandlerTest, EndsOnlyAfterTheLastLookAtTheRelease) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.newest = RevisionInfo{1, ReleaseStatus::kDeployed};
  observer_.looked = false;
  helm_.Exit(0);
  EXPECT_TRUE(Waits(handler.Advance(run_)));
  EXPECT_EQ(observer_.finished_with, true);
  observer_.looked = true;
  EXPECT_EQ(ResultOf(handler.Advance(run_)), "revision 1");
}

TEST_F(ReleaseHandlerTest, NamesTheObjectsThatWereNotReady) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  releases_.newest = RevisionInfo{1, ReleaseStatus::kFailed};
  observer_.unready = {{.object = MakeRef("apps/v1", "Deployment", "shop", "web"),
                        .readiness = {ObjectState::kProgressing, "0 of 1 replicas ready"},
                        .warnings = {"Failed: Error: ImagePullBackOff"}}};
  helm_.Line(HelmStream::kStderr, "Error: context deadline exceeded");
  helm_.Exit(1);
  const absl::Status error = ErrorOf(handler.Advance(run_));
  EXPECT_EQ(observer_.finished_with, false);
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_RELEASE_NOT_READY);
  EXPECT_THAT(std::string(error.message()), HasSubstr("Deployment shop/web"));
  EXPECT_THAT(std::string(error.message()), HasSubstr("ImagePullBackOff"));
  EXPECT_EQ(MetadataOf(error, "revision"), "1");
}

TEST_F(ReleaseHandlerTest, WhatTheReleaseHoldsIsNotShownByHelmsLinesEither) {
  ReleaseHandler handler = Handler(MakeInstall());
  handler.Advance(run_);
  ASSERT_EQ(observer_.redactors.size(), 1u);
  observer_.redactors[0]->Learn({{"token", "made-up"}});
  helm_.Line(HelmStream::kStderr, "the token is made-up");
  EXPECT_THAT(run_.reports->lines, ElementsAre("the token is [redacted]"));
}

}  // namespace
}  // namespace berth::helm
