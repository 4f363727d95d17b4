#include "helm-service/adapters/repository_indexes.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_repository_store.h"

namespace berth::helm {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kIndex[] = "entries:\n  web:\n  - {version: 1.0.0, urls: [web.tgz]}\n";

// Answers what it is told to, and remembers what it was asked.
class FakeFetcher final : public HttpFetcher {
 public:
  void Answer(absl::StatusOr<FetchResponse> response) { response_ = std::move(response); }
  void Answer(int status, std::string body = "", std::string etag = "") {
    Answer(FetchResponse{.status = status, .etag = std::move(etag), .body = std::move(body)});
  }
  // From now on answers wait until Open.
  void Close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void WaitForRequests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }
  std::vector<FetchRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  absl::StatusOr<FetchResponse> Get(const FetchRequest& request) override {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    return response_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::vector<FetchRequest> requests_;
  absl::StatusOr<FetchResponse> response_ = FetchResponse{.status = 200, .body = kIndex};
};

class RepositoryIndexesTest : public ::testing::Test {
 protected:
  absl::Status Get(const ChartRepository& repository, Freshness freshness = Freshness::kRecent) {
    return indexes_.Get(repository, freshness).status();
  }
  std::size_t fetches() { return fetcher_.requests().size(); }

  const ChartRepository main_ = MakeRepository("main", "https://charts.example.com/stable");
  RepositoryIndexes::Time now_{std::chrono::hours(1)};
  FakeRepositoryStore store_;
  FakeFetcher fetcher_;
  const SourcePolicy policy_ =
      *SourcePolicy::Create({.allowed_sources = {"https://charts.example.com"}});
  RepositoryIndexes indexes_{store_, fetcher_, policy_,
                             RepositoryIndexes::Options{.max_memory_bytes = 100'000,
                                                        .refresh_interval = minutes(10),
                                                        .retry_after = seconds(10),
                                                        .now = [this] { return now_; }}};
};

TEST_F(RepositoryIndexesTest, FetchesOnceAndAgainWhenTheIntervalIsOver) {
  EXPECT_TRUE(Get(main_).ok());
  now_ += minutes(9);
  EXPECT_TRUE(Get(main_).ok());
  EXPECT_EQ(fetches(), 1U);
  EXPECT_EQ(fetcher_.requests()[0].url, "https://charts.example.com/stable/index.yaml");
  now_ += minutes(1);
  EXPECT_TRUE(Get(main_).ok());
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(RepositoryIndexesTest, AsksWhetherTheIndexIsStillTheSame) {
  fetcher_.Answer(200, kIndex, "\"one\"");
  const auto before = indexes_.Get(main_, Freshness::kRecent);
  EXPECT_EQ(fetcher_.requests()[0].if_none_match, "");
  fetcher_.Answer(304);
  const auto after = indexes_.Get(main_, Freshness::kNow);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(*before, *after);
  EXPECT_EQ(fetcher_.requests()[1].if_none_match, "\"one\"");
  now_ += minutes(9);
  EXPECT_TRUE(Get(main_).ok());
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(RepositoryIndexesTest, WritesWhatItFound) {
  EXPECT_TRUE(Get(main_).ok());
  ASSERT_EQ(store_.written().size(), 1U);
  EXPECT_EQ(store_.written()[0].ready, true);
  EXPECT_EQ(store_.written()[0].charts, 1);
  EXPECT_EQ(store_.written()[0].versions, 1);
  EXPECT_TRUE(store_.written()[0].time.has_value());
  fetcher_.Answer(404);
  EXPECT_FALSE(Get(main_, Freshness::kNow).ok());
  EXPECT_EQ(store_.written()[1].ready, false);
  EXPECT_EQ(store_.written()[1].reason, "ChartSourceUnavailable");
  EXPECT_THAT(store_.written()[1].message, HasSubstr("404"));
}

TEST_F(RepositoryIndexesTest, ServesTheOldIndexWhenANewOneCannotBeHad) {
  EXPECT_TRUE(Get(main_).ok());
  fetcher_.Answer(503);
  EXPECT_TRUE(absl::IsUnavailable(Get(main_, Freshness::kNow)));
  now_ += minutes(20);
  EXPECT_TRUE(Get(main_).ok());
}

TEST_F(RepositoryIndexesTest, LetsAServerThatFailedRest) {
  fetcher_.Answer(503);
  EXPECT_FALSE(Get(main_).ok());
  now_ += seconds(9);
  EXPECT_FALSE(Get(main_).ok());
  EXPECT_EQ(fetches(), 1U);
  now_ += seconds(1);
  EXPECT_FALSE(Get(main_).ok());
  EXPECT_EQ(fetches(), 2U);
  EXPECT_FALSE(Get(main_, Freshness::kNow).ok());
  EXPECT_EQ(fetches(), 3U);
}

TEST_F(RepositoryIndexesTest, LetsItRestLongerWhenNobodyAsks) {
  fetcher_.Answer(404);
  indexes_.KeepFresh(main_);
  now_ += seconds(59);
  indexes_.KeepFresh(main_);
  EXPECT_EQ(fetches(), 1U);
  now_ += seconds(1);
  indexes_.KeepFresh(main_);
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(RepositoryIndexesTest, NamesTheRepositoryAndTheReason) {
  const auto expect = [&](int answer, absl::StatusCode code, Reason reason) {
    fetcher_.Answer(answer);
    const absl::Status status = Get(main_, Freshness::kNow);
    EXPECT_EQ(status.code(), code) << answer;
    EXPECT_EQ(ReasonOf(status), reason) << answer;
    EXPECT_THAT(status.ToString(), HasSubstr("\"main\""));
    EXPECT_EQ(MetadataOf(status, "repository"), "main");
  };
  expect(401, absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_DENIED);
  expect(403, absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_DENIED);
  expect(404, absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
  expect(304, absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
  expect(500, absl::StatusCode::kUnavailable, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(RepositoryIndexesTest, RefusesAnIndexThatIsNone) {
  fetcher_.Answer(200, "<html>");
  const absl::Status status = Get(main_);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE);
}

TEST_F(RepositoryIndexesTest, AsksNothingOfASourceThatIsNotAllowed) {
  const absl::Status status = Get(MakeRepository("other", "https://other.example.com"));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED);
  EXPECT_EQ(fetches(), 0U);
}

TEST_F(RepositoryIndexesTest, HasThePolicyAskedAboutRedirects) {
  EXPECT_TRUE(Get(main_).ok());
  const FetchRequest request = fetcher_.requests()[0];
  EXPECT_TRUE(request.may_fetch("https://charts.example.com/x").ok());
  EXPECT_FALSE(request.may_fetch("https://evil.example.com/x").ok());
}

TEST_F(RepositoryIndexesTest, ShowsTheCredentialsOfTheRepository) {
  store_.Put(main_, {.authorization = BearerToken{"token"}, .ca_pem = "ca"});
  EXPECT_TRUE(Get(main_).ok());
  const FetchRequest request = fetcher_.requests()[0];
  EXPECT_EQ(std::get<BearerToken>(request.credentials.authorization).token, "token");
  EXPECT_EQ(request.credentials.ca_pem, "ca");
  EXPECT_FALSE(request.credentials_for_redirects);
}

TEST_F(RepositoryIndexesTest, FetchesAnewWhenTheRepositoryChanged) {
  fetcher_.Answer(200, kIndex, "\"one\"");
  EXPECT_TRUE(Get(main_).ok());
  ChartRepository changed = main_;
  changed.generation = 2;
  EXPECT_TRUE(Get(changed).ok());
  EXPECT_EQ(fetches(), 2U);
  EXPECT_EQ(fetcher_.requests()[1].if_none_match, "");
}

TEST_F(RepositoryIndexesTest, FetchesOnceForAllWhoWait) {
  fetcher_.Close();
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(Get(main_, Freshness::kNow).ok()); });
  }
  fetcher_.WaitForRequests(1);
  // While that one is under way the others join it, or begin after it: never beside it.
  EXPECT_EQ(fetches(), 1U);
  fetcher_.Open();
}

TEST_F(RepositoryIndexesTest, FetchesNoMoreThanTwoRepositoriesAtATime) {
  fetcher_.Close();
  std::vector<std::jthread> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([this, i] {
      EXPECT_TRUE(
          Get(MakeRepository("r" + std::to_string(i), "https://charts.example.com/a")).ok());
    });
  }
  fetcher_.WaitForRequests(2);
  EXPECT_EQ(fetches(), 2U);
  fetcher_.Open();
  callers.clear();
  EXPECT_EQ(fetches(), 5U);
}

TEST_F(RepositoryIndexesTest, LetsGoOfTheIndexUsedLongestAgo) {
  const ChartRepository other = MakeRepository("other", "https://charts.example.com/other");
  EXPECT_TRUE(Get(main_).ok());
  now_ += seconds(1);
  EXPECT_TRUE(Get(other).ok());
  EXPECT_LE(indexes_.memory_bytes(), 100'000U);
  indexes_.KeepFresh(main_);
  EXPECT_EQ(fetches(), 2U) << "it was to stay away until it is asked for";
  EXPECT_TRUE(Get(main_).ok());
  EXPECT_EQ(fetches(), 3U);
}

TEST_F(RepositoryIndexesTest, ForgetsRepositoriesThatAreGone) {
  EXPECT_TRUE(Get(main_).ok());
  EXPECT_GT(indexes_.memory_bytes(), 0U);
  indexes_.Retain({});
  EXPECT_EQ(indexes_.memory_bytes(), 0U);
}

}  // namespace
}  // namespace berth::helm
