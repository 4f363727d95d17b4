#include "common/grpc/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>

#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "tests/common/grpc/test_server.h"

namespace berth::rpc {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

TEST(ChannelTest, ACallIsRepeatedWhileTheAnswerIsUnavailable) {
  TestServer server;
  std::atomic<int> calls = 0;
  server.service().get = [&](auto&, auto&) -> absl::StatusOr<GetOperationResponse> {
    if (++calls < 3) {
      return ShuttingDown();
    }
    return GetOperationResponse();
  };
  server.Start();
  EXPECT_TRUE(server.Get("one").ok());
  EXPECT_EQ(calls, 3);
}

TEST(ChannelTest, ACallThatStaysUnavailableEndsWithItsDetails) {
  TestServer server;
  std::atomic<int> calls = 0;
  server.service().get = [&](auto&, auto&) {
    ++calls;
    return ShuttingDown();
  };
  server.Start();
  EXPECT_EQ(server.Get("one").status(), ShuttingDown());
  EXPECT_EQ(calls, 5);
}

TEST(ChannelTest, OtherErrorsAreNotRepeated) {
  TestServer server;
  std::atomic<int> calls = 0;
  server.service().get = [&](auto&, auto&) {
    ++calls;
    return absl::AbortedError("changed");
  };
  server.Start();
  EXPECT_FALSE(server.Get("one").ok());
  EXPECT_EQ(calls, 1);
}

TEST(ChannelTest, AServiceThatCannotBeReachedIsNamedByItsReason) {
  std::string target;
  {
    TestServer gone;
    gone.Start();
    target = gone.target();
  }
  const auto stub = OperationService::NewStub(CreateChannel({.target = target}));
  const absl::Status status =
      Call(*stub, &OperationService::StubInterface::GetOperation, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_SERVICE_UNAVAILABLE);
  EXPECT_THAT(std::string(status.message()), HasSubstr("GetOperation"));
}

TEST(ChannelTest, CallsEndAtTheirTimeout) {
  absl::Notification release;
  TestServer server;
  server.service().get = [&](auto&, auto&) {
    release.WaitForNotification();
    return GetOperationResponse();
  };
  server.Start();
  const absl::Status status =
      Call(server.stub(), &OperationService::StubInterface::GetOperation, {}, {.timeout = 50ms})
          .status();
  release.Notify();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CALLER_GONE);
}

TEST(ChannelTest, APlainForwardKeepsTheEarlierOfBothDeadlines) {
  using Time = std::chrono::system_clock::time_point;
  constexpr auto kTolerance = 500ms;  // deadlines travel as rounded timeouts
  for (const auto& [timeout, parent_is_earlier] : {std::pair(5s, false), std::pair(600s, true)}) {
    TestServer server;
    Time outer;
    Time inner;
    server.service().get =
        [&](grpc::ServerContext& context,
            const GetOperationRequest& request) -> absl::StatusOr<GetOperationResponse> {
      if (request.name() == "inner") {
        inner = context.deadline();
        return GetOperationResponse();
      }
      outer = context.deadline();
      GetOperationRequest forwarded;
      forwarded.set_name("inner");
      return Call(server.stub(), &OperationService::StubInterface::GetOperation, forwarded,
                  {.timeout = timeout, .parent = &context});
    };
    server.Start();
    ASSERT_TRUE(server.Get("outer").ok());
    EXPECT_EQ(inner > outer - kTolerance, parent_is_earlier);
    EXPECT_LT(inner, outer + kTolerance);
  }
}

TEST(ChannelTest, CallsGoToEveryAddressInTurn) {
  TestServer first;
  TestServer second;
  std::atomic<int> at_first = 0;
  std::atomic<int> at_second = 0;
  first.service().get = [&](auto&, auto&) { return ++at_first, GetOperationResponse(); };
  second.service().get = [&](auto&, auto&) { return ++at_second, GetOperationResponse(); };
  first.Start();
  second.Start();
  const auto channel =
      CreateChannel({.target = fmt::format("ipv4:{},{}", first.target(), second.target())});
  const auto stub = OperationService::NewStub(channel);
  // The second connection may come up later than the first: calls go on until both were seen.
  const auto end = std::chrono::steady_clock::now() + 20s;
  while ((at_first < 5 || at_second < 5) && std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(Call(*stub, &OperationService::StubInterface::GetOperation, {}).ok());
  }
  EXPECT_GE(at_first, 5);
  EXPECT_GE(at_second, 5);
}

}  // namespace
}  // namespace berth::rpc
