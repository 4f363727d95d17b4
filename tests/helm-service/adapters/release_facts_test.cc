#include "helm-service/adapters/release_facts.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/kube/clock.h"
#include "common/kube/errors.h"
#include "gtest/gtest.h"
#include "tests/common/kube/fake_transport.h"
#include "tests/helm-service/domain/summary_builder.h"

namespace berth::helm {
namespace {

kube::Json Secret(const std::string& version, const kube::Json& body) {
  return {{"metadata", {{"resourceVersion", version}}},
          {"data", {{"release", absl::Base64Escape(absl::Base64Escape(body.dump()))}}}};
}

kube::Json Body(const std::string& chart, const std::string& description = "done") {
  return {{"info", {{"description", description}, {"last_deployed", "2026-01-02T03:04:05Z"}}},
          {"chart", {{"metadata", {{"name", chart}, {"version", "1.0.0"}}}}}};
}

class ReleaseFactsTest : public ::testing::Test {
 protected:
  ReleaseFactsTest() {
    auto transport = std::make_unique<kube::FakeTransport>();
    server_ = transport.get();
    client_ = std::make_unique<kube::Client>(std::move(transport), kube::RealClock());
    facts_ = std::make_unique<ReleaseFacts>(*client_, /*remembered=*/2);
  }

  absl::StatusOr<ReleaseFacts::Found> Read(const std::string& name, std::uint64_t version) {
    return facts_->Read(MakeKey("shop", name), 1, version);
  }

  kube::FakeTransport* server_ = nullptr;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<ReleaseFacts> facts_;
};

TEST_F(ReleaseFactsTest, ReadsAVersionOnce) {
  server_->Reply(200, Secret("7", Body("chart")));
  const auto found = Read("web", 7);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->version, 7);
  EXPECT_EQ(found->facts->chart->name, "chart");
  EXPECT_TRUE(found->facts->last_deployed.has_value());
  EXPECT_EQ(Read("web", 7)->facts, found->facts);
  EXPECT_EQ(server_->requests().size(), 1);
}

TEST_F(ReleaseFactsTest, AsksForTheNewestStateWhenTheServersMemoryIsOlder) {
  server_->Reply(200, Secret("6", Body("old")));
  server_->Reply(200, Secret("8", Body("new")));
  const auto found = Read("web", 7);
  EXPECT_EQ(found->version, 8);
  EXPECT_EQ(found->facts->chart->name, "new");
  EXPECT_EQ(Read("web", 8)->facts, found->facts);
}

TEST_F(ReleaseFactsTest, ABodyThatCannotBeReadHasNoChart) {
  server_->Reply(200, Secret("7", "damaged"));
  EXPECT_EQ(Read("web", 7)->facts->chart->name, "");
}

TEST_F(ReleaseFactsTest, TellsThatASecretIsGoneOnceThatIsSure) {
  server_->Reply(404, kube::KubernetesStatusObject(404, "NotFound"));
  server_->Reply(404, kube::KubernetesStatusObject(404, "NotFound"));
  EXPECT_TRUE(kube::IsNotFound(Read("web", 7).status()));
}

TEST_F(ReleaseFactsTest, RevisionsOfOneChartShareIt) {
  server_->Reply(200, Secret("7", Body("chart")));
  server_->Reply(200, Secret("8", Body("chart")));
  server_->Reply(200, Secret("9", Body("other")));
  const auto first = Read("a", 7);
  EXPECT_EQ(Read("b", 8)->facts->chart, first->facts->chart);
  EXPECT_NE(Read("c", 9)->facts->chart, first->facts->chart);
}

TEST_F(ReleaseFactsTest, RemembersAsMuchAsItMayAndDropsWhatWasUsedLongestAgo) {
  server_->Reply(200, Secret("7", Body("chart")));
  server_->Reply(200, Secret("8", Body("chart")));
  server_->Reply(200, Secret("9", Body("chart")));
  for (const std::uint64_t version : {7, 8, 7, 9, 7}) ASSERT_TRUE(Read("web", version).ok());
  EXPECT_EQ(server_->requests().size(), 3);
  server_->Reply(200, Secret("8", Body("chart")));
  ASSERT_TRUE(Read("web", 8).ok());
  EXPECT_EQ(server_->requests().size(), 4);
}

TEST_F(ReleaseFactsTest, ForgetsEverythingWhenAsked) {
  server_->Reply(200, Secret("7", Body("before")));
  ASSERT_TRUE(Read("web", 7).ok());
  facts_->Forget();
  server_->Reply(200, Secret("7", Body("after")));
  EXPECT_EQ(Read("web", 7)->facts->chart->name, "after");
}

TEST_F(ReleaseFactsTest, CutsLongTextsBetweenCharacters) {
  server_->Reply(200, Secret("7", Body("chart", std::string(511, 'x') + "ä")));
  EXPECT_EQ(Read("web", 7)->facts->description, std::string(511, 'x'));
}

}  // namespace
}  // namespace berth::helm
