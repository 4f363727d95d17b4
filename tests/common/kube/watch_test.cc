#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/client.h"
#include "common/kube/object.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using std::chrono::seconds;

class WatchTest : public testing::Test {
 protected:
  Watch Open(int status = 200) {
    return Watch(std::make_unique<FakeStream>(status, body_, std::stop_token()), "watch pods");
  }

  std::shared_ptr<FakeBody> body_ = std::make_shared<FakeBody>();
};

TEST_F(WatchTest, PutsEventsTogetherHoweverTheyArriveInPieces) {
  const std::string events = R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})"
                             "\n"
                             R"({"type":"DELETED","object":{"metadata":{"name":"b"}}})"
                             "\n\n"
                             R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
                             "\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, events.size()}) {
    body_ = std::make_shared<FakeBody>();
    for (std::size_t at = 0; at < events.size(); at += piece) body_->Feed(events.substr(at, piece));
    body_->End();
    Watch watch = Open();
    const auto added = watch.Next(seconds(1));
    ASSERT_TRUE(added.ok() && added->has_value()) << added.status();
    EXPECT_EQ((*added)->type, WatchEventType::kAdded);
    EXPECT_EQ(Name((*added)->object), "a");
    const auto deleted = watch.Next(seconds(1));
    EXPECT_EQ((*deleted)->type, WatchEventType::kDeleted);
    const auto bookmark = watch.Next(seconds(1));
    EXPECT_EQ((*bookmark)->type, WatchEventType::kBookmark);
    EXPECT_EQ(ResourceVersion((*bookmark)->object), "9");
    const auto end = watch.Next(seconds(1));
    ASSERT_TRUE(end.ok());
    EXPECT_FALSE(end->has_value());
  }
}

TEST_F(WatchTest, KnowsAnExpiredRevisionAsHttpStatusAndAsEvent) {
  body_->Feed(KubernetesStatusObject(410, "Expired").dump());
  body_->End();
  EXPECT_TRUE(IsExpired(Open(410).Next(seconds(1)).status()));

  body_ = std::make_shared<FakeBody>();
  body_->FeedLine({{"type", "ERROR"}, {"object", KubernetesStatusObject(410, "Expired")}});
  EXPECT_TRUE(IsExpired(Open().Next(seconds(1)).status()));
}

TEST_F(WatchTest, FailsOnALostConnectionAndOnNonsense) {
  body_->Feed(R"({"type":"ADDED","obj)");
  body_->End(ConnectionError(SendState::kMaybeSent, "reset"));
  EXPECT_TRUE(kube::IsUnavailable(Open().Next(seconds(1)).status()));

  for (const char* line : {"nonsense\n", "{}\n",
                           R"({"type":"ODD","object":{}})"
                           "\n",
                           R"({"type":"ADDED"})"
                           "\n"}) {
    body_ = std::make_shared<FakeBody>();
    body_->Feed(line);
    EXPECT_TRUE(kube::IsUnavailable(Open().Next(seconds(1)).status())) << line;
  }
}

}  // namespace
}  // namespace berth::kube
