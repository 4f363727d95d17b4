#include <gtest/gtest.h>

#include "common/kube/client.h"
#include "tests/common/kube/fake_clock.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using std::chrono::seconds;

class LogStreamTest : public testing::Test {
 protected:
  FakeTransport* const transport_ = new FakeTransport;
  FakeClock clock_;
  Client client_{std::unique_ptr<HttpTransport>(transport_), clock_};
};

TEST_F(LogStreamTest, BringsBytesUntilTheContainerHasEnded) {
  const auto body = transport_->ReplyStream();
  body->Feed("one\ntw");
  body->Feed("o\n");
  body->End();
  LogStream log =
      client_.FollowLog({"shop", "migrate-1"}, {.container = "main", .limit_bytes = 1000});
  EXPECT_EQ(
      transport_->requests()[0].target,
      "/api/v1/namespaces/shop/pods/migrate-1/log?container=main&follow=true&limitBytes=1000");
  EXPECT_EQ(log.Next(seconds(1)).value(), "one\ntw");
  EXPECT_EQ(log.Next(seconds(1)).value(), "o\n");
  EXPECT_EQ(log.Next(seconds(1)).value(), std::nullopt);
}

TEST_F(LogStreamTest, FailsWhileTheContainerHasNotStarted) {
  const auto body = transport_->ReplyStream(400);
  body->Feed(KubernetesStatusObject(400, "BadRequest", "is waiting to start").dump());
  body->End();
  LogStream log = client_.FollowLog({"shop", "migrate-1"}, {.container = "main"});
  EXPECT_TRUE(IsInvalid(log.Next(seconds(1)).status()));
}

}  // namespace
}  // namespace berth::kube
