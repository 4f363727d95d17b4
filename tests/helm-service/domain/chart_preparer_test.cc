#include "helm-service/domain/chart_preparer.h"

#include <future>
#include <string>
#include <utility>

#include "common/kube/clock.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;

class FakeFetcher final : public ChartFetcher {
 public:
  absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds& bounds) override {
    if (auto* archive = std::get_if<ChartArchive>(&chart)) return std::move(*archive);
    asked.set_value();
    if (waits_for_stop) {
      std::promise<void> stopped;
      const std::stop_callback callback(bounds.stop, [&] { stopped.set_value(); });
      stopped.get_future().wait();
      saw_stop.set_value();
    }
    return answer;
  }

  absl::StatusOr<ChartArchive> answer = ChartArchive{};
  bool waits_for_stop = false;
  std::promise<void> asked;
  std::promise<void> saw_stop;
};

class ChartPreparerTest : public ::testing::Test {
 protected:
  ChartPreparerTest() { executor_.Start(); }
  ~ChartPreparerTest() override { executor_.Stop(); }

  static ChartArchive WebChart() {
    return {TarBuilder()
                .File("web/Chart.yaml", "name: web")
                .File("web/values.yaml", "image: {tag: v1}")
                .File("web/values.schema.json",
                      R"({"properties": {"image": {"properties": {"tag": {"type": "string"}}}}})")
                .Gzip()};
  }

  static ChartPreparer::Request Remote() {
    return {.chart = UrlChart{*ChartUrl::Parse("https://host/web.tgz"), std::nullopt},
            .values = nlohmann::json::object(),
            .deadline = {}};
  }

  absl::StatusOr<ChartArchive> Prepare(ChartPreparer::Request request) const {
    return preparer_.Prepare(std::move(request), {});
  }

  FakeFetcher fetcher_;
  operation::Executor executor_{"charts", 1, kube::RealClock()};
  ChartPreparer preparer_{fetcher_, executor_};
};

TEST_F(ChartPreparerTest, HasChartsThatCameAsBytesAtOnce) {
  const auto preparation = preparer_.Start({.chart = WebChart(), .values = {}, .deadline = {}},
                                           [] { FAIL() << "there is nothing to wait for"; });
  const auto ready = preparation->Take();
  ASSERT_TRUE(ready.has_value());
  ASSERT_TRUE(ready->ok()) << ready->status();
  EXPECT_EQ((*ready)->bytes, WebChart().bytes);
  EXPECT_FALSE(preparation->Take().has_value());
}

TEST_F(ChartPreparerTest, WakesWhenAChartHasCome) {
  fetcher_.answer = WebChart();
  std::promise<void> woken;
  const auto preparation = preparer_.Start(Remote(), [&] { woken.set_value(); });
  woken.get_future().wait();
  const auto ready = preparation->Take();
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ((**ready).bytes, WebChart().bytes);
}

TEST_F(ChartPreparerTest, StopsFetchingWhatNobodyWaitsFor) {
  fetcher_.waits_for_stop = true;
  auto preparation = preparer_.Start(Remote(), [] {});
  fetcher_.asked.get_future().wait();
  preparation.reset();
  fetcher_.saw_stop.get_future().wait();
}

TEST_F(ChartPreparerTest, PassesOnWhyAChartDoesNotCome) {
  fetcher_.answer = absl::NotFoundError("no such chart");
  EXPECT_EQ(Prepare(Remote()).status(), absl::NotFoundError("no such chart"));
}

TEST_F(ChartPreparerTest, RefusesWhatIsNoChart) {
  fetcher_.answer = ChartArchive{"hello"};
  const absl::Status damaged = Prepare(Remote()).status();
  EXPECT_EQ(ReasonOf(damaged), Reason::ERROR_REASON_CHART_INVALID);
  EXPECT_EQ(damaged.code(), absl::StatusCode::kFailedPrecondition);
  fetcher_.asked = {};
  fetcher_.answer = ChartArchive{
      TarBuilder().File("web/Chart.yaml", "name: web").Entry("web/x", '2', "", "/etc").Gzip()};
  EXPECT_THAT(std::string(Prepare(Remote()).status().message()), HasSubstr("web/x"));
}

TEST_F(ChartPreparerTest, ChecksTheUsersValuesUnlessTheyAreLeftToHelm) {
  const nlohmann::json wrong = {{"image", {{"tag", 5}}}};
  const auto with_values = [&](std::optional<nlohmann::json> values) {
    return Prepare({.chart = WebChart(), .values = std::move(values), .deadline = {}}).status();
  };
  EXPECT_EQ(FieldViolationsOf(with_values(wrong))[0].field, "values.image.tag");
  EXPECT_TRUE(with_values(nlohmann::json::object()).ok());
  EXPECT_TRUE(with_values(std::nullopt).ok());
}

}  // namespace
}  // namespace berth::helm
