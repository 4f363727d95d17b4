#include "helm-service/domain/polling_observer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/kube/fake_clock.h"
#include "tests/helm-service/domain/fake_cluster.h"
#include "tests/helm-service/domain/fake_releases.h"

namespace berth::helm {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PollingObserverTest : public ::testing::Test {
 protected:
  PollingObserverTest() {
    releases_.Store(1, ReleaseStatus::kPendingInstall,
                    {.manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"});
    cluster_.Put(DeploymentWith("web", 1));
    observer_.Start();
  }

  std::unique_ptr<Observation> Observe() {
    return observer_.Observe(
        {.release = {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")},
         .revision = 1,
         .goal = Goal::kReady,
         .waits = true,
         .hook_events = {"pre-install"}},
        reporter_,
        std::make_shared<Redactor>(nlohmann::json::object(), std::vector<std::string>{}));
  }

  kube::FakeClock clock_;
  FakeCluster cluster_;
  FakeReleases releases_;
  std::shared_ptr<RecordingReporter> reporter_ = std::make_shared<RecordingReporter>();
  PollingObserver observer_{releases_, cluster_, {.threads = 1}, clock_};
};

TEST_F(PollingObserverTest, LooksAgainAndAgainUntilTheLastLook) {
  const auto observation = Observe();
  cluster_.AwaitWarningTakes(1);  // at once: what comes from now on is told
  EXPECT_EQ(cluster_.reads(), 0);
  clock_.AwaitWaiters(1);
  clock_.Advance(milliseconds(200));
  cluster_.AwaitReads(1);
  clock_.AwaitWaiters(1);
  EXPECT_THAT(reporter_->Take(),
              ElementsAre("Deployment shop/web PROGRESSING: 1 of 3 replicas ready"));

  cluster_.Put(DeploymentWith("web", 2));
  // The last look may be over before the call that asks for it.
  if (!observation->Finish(false)) reporter_->AwaitWake();
  EXPECT_TRUE(observation->Finish(false));
  EXPECT_THAT(reporter_->Take(),
              ElementsAre("Deployment shop/web PROGRESSING: 2 of 3 replicas ready"));
  EXPECT_THAT(observation->unready(), SizeIs(1));
}

TEST_F(PollingObserverTest, EndsWithItsObservation) {
  auto first = Observe();
  cluster_.AwaitWarningTakes(1);
  first.reset();
  const auto later = Observe();
  cluster_.AwaitWarningTakes(2);
  clock_.AwaitWaiters(1);
  clock_.Advance(milliseconds(200));
  cluster_.AwaitReads(1);
  observer_.Stop();
  EXPECT_EQ(cluster_.reads(), 1);  // the later one's
}

TEST_F(PollingObserverTest, NobodyWaitsLongForTheLastLook) {
  observer_.Stop();  // no thread is left to take it
  const auto observation = Observe();
  EXPECT_FALSE(observation->Finish(true));
  clock_.Advance(milliseconds(2999));
  EXPECT_FALSE(observation->Finish(true));
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(observation->Finish(true));
  EXPECT_THAT(observation->unready(), IsEmpty());
}

}  // namespace
}  // namespace berth::helm
