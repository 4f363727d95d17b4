#include "common/grpc/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/log/log.h"
#include "tests/common/grpc/test_server.h"

namespace berth::rpc {
namespace {

using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kGet[] = "/berth.operation.v1.OperationService/GetOperation";
constexpr char kWatch[] = "/berth.operation.v1.OperationService/WatchOperation";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
// HealthCheckRequest for a service, and the two HealthCheckResponses, as they are on the wire.
constexpr char kServing[] = "\x08\x01";
constexpr char kNotServing[] = "\x08\x02";
std::string HealthOf(const std::string& service) {
  return service.empty() ? ""
                         : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
}

TEST(ServerTest, AnswersUnaryCalls) {
  TestServer server;
  server.Start();
  EXPECT_EQ(server.Get("one")->operation().name(), "one");
}

TEST(ServerTest, ErrorsArriveWithTheirDetails) {
  TestServer server;
  const absl::Status error = Error(absl::StatusCode::kNotFound,
                                   Reason::ERROR_REASON_OPERATION_NOT_FOUND, "no operation 'one'")
                                 .WithMetadata("operation", "one");
  server.service().get = [&](auto&, auto&) { return error; };
  server.Start();
  EXPECT_EQ(server.Get("one").status(), error);
}

TEST(ServerTest, ErrorsWithoutReasonGetTheNaturalOne) {
  TestServer server;
  server.service().get = [&](auto&, auto&) { return absl::InternalError("a bug"); };
  server.Start();
  EXPECT_EQ(ReasonOf(server.Get("one").status()), Reason::ERROR_REASON_INTERNAL);
}

TEST(ServerTest, APortThatIsTakenIsRefused) {
  TestServer first;
  first.Start();
  metrics::Registry metrics("second");
  Server second({.listen = first.target(), .metrics_listen = ""}, metrics);
  const absl::Status started = second.Start();
  EXPECT_EQ(ReasonOf(started), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_THAT(std::string(started.message()), HasSubstr(first.target()));
}

TEST(ServerTest, MetricsAreServedOnTheirOwnPort) {
  TestServer server({.metrics_listen = "127.0.0.1:0"});
  server.Start();
  EXPECT_GT(server.server().metrics_port(), 0);
  EXPECT_NE(server.server().metrics_port(), server.server().port());
}

TEST(ServerTest, RequestsThatCannotBeParsedAreMalformed) {
  TestServer server;
  server.Start();
  for (const char* method : {kGet, kWatch}) {
    for (const std::string& bytes : {std::string("\x0a\x01\xff"), std::string("\x0a")}) {
      const absl::Status status = server.Raw(method, bytes).status;
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << method;
      EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_MALFORMED_REQUEST) << method;
    }
  }
}

TEST(ServerTest, CallsThatDoNotExistSaySo) {
  TestServer server;
  server.Start();
  const absl::Status status = server.Raw("/berth.operation.v1.OperationService/Nope", "").status;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_NOT_IMPLEMENTED);
  EXPECT_THAT(std::string(status.message()), HasSubstr("OperationService/Nope"));
}

TEST(ServerTest, MessagesAboveTheLimitAreRefused) {
  TestServer server({.max_message_bytes = 1 << 20});
  server.Start();
  EXPECT_TRUE(server.Get(std::string(1'000'000, 'x')).ok());
  EXPECT_EQ(server.Get(std::string(1 << 20, 'x')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ServerTest, HealthFollowsSetServingForTheServerAndEveryService) {
  TestServer server;
  server.Start();
  const std::string service = HealthOf(OperationService::service_full_name());
  EXPECT_EQ(server.Raw(kHealth, HealthOf("")).bytes, kNotServing);
  EXPECT_EQ(server.Raw(kHealth, service).bytes, kNotServing);
  server.server().SetServing(true);
  EXPECT_EQ(server.Raw(kHealth, HealthOf("")).bytes, kServing);
  EXPECT_EQ(server.Raw(kHealth, service).bytes, kServing);
  server.server().SetServing(false);
  EXPECT_EQ(server.Raw(kHealth, service).bytes, kNotServing);
  EXPECT_EQ(server.Raw(kHealth, HealthOf("other")).status.code(), absl::StatusCode::kNotFound);
}

TEST(ServerTest, ReflectionAndChannelzAnswer) {
  TestServer server;
  server.Start();
  const std::string list_services = "\x3a\x01*";
  EXPECT_THAT(
      server.Raw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list_services)
          .bytes,
      HasSubstr(OperationService::service_full_name()));
  EXPECT_THAT(server.Raw("/grpc.channelz.v1.Channelz/GetServers", "").bytes, Not(""));
}

TEST(ServerTest, SynchronousCallsBeyondTheThreadLimitAreRefusedWhileStreamsAndProbesGoOn) {
  constexpr int kRefused = 4;
  absl::Notification release;
  TestServer server({.max_threads = 8});
  server.service().get = [&](auto&, auto&) {
    release.WaitForNotification();
    return GetOperationResponse();
  };
  server.service().watch = [](std::shared_ptr<Stream> stream) { stream->Push({}); };
  server.Start();

  absl::BlockingCounter refused(kRefused);
  std::atomic<int> refusals = 0;
  std::atomic<int> answers = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8 + kRefused; ++i) {
      callers.emplace_back([&] {
        const absl::Status status = server.Get("one").status();
        if (status.ok()) {
          ++answers;
        } else if (++refusals <= kRefused) {
          EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
          EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_TOO_MANY_CALLS);
          EXPECT_TRUE(RetryAfterOf(status).has_value());
          refused.DecrementCount();
        }
      });
    }
    refused.Wait();
    const auto context = MakeContext({});
    const auto reader = server.stub().WatchOperation(context.get(), {});
    WatchOperationResponse message;
    EXPECT_TRUE(reader->Read(&message)) << "streams need no thread";
    EXPECT_EQ(server.Raw(kHealth, "").bytes, kNotServing) << "nor do probes";
    context->TryCancel();
    release.Notify();
  }
  EXPECT_GE(answers, 1);
}

TEST(ServerTest, EveryCallIsLoggedWithItsReasonAndWithoutItsContents) {
  std::ostringstream output;
  log::Init({.format = log::Format::kJson, .output = &output});
  TestServer server;
  server.service().get = [](auto&, auto&) { return InvalidField("name", "is 'secret-value'"); };
  server.Start();
  EXPECT_FALSE(server.Get("secret-value").ok());
  server.server().Drain(std::chrono::steady_clock::now());  // ends the call, and with it its line
  log::Init({});
  EXPECT_THAT(output.str(),
              HasSubstr("\"message\":\"call\","
                        "\"method\":\"berth.operation.v1.OperationService/GetOperation\","
                        "\"peer\":\"ipv4:127.0.0.1:"));
  EXPECT_THAT(output.str(),
              HasSubstr("\"code\":\"INVALID_ARGUMENT\",\"reason\":\"INVALID_FIELD\","));
  EXPECT_THAT(output.str(), Not(HasSubstr("secret-value")));
}

TEST(ServerTest, CallsAreCountedByMethodAndCodeAndMadeUpMethodsGetNoLabel) {
  TestServer server;
  server.Start();
  EXPECT_TRUE(server.Get("one").ok());
  EXPECT_TRUE(server.Get("two").ok());
  server.Raw("/berth.operation.v1.OperationService/Nope", "");
  server.server().Drain(std::chrono::steady_clock::now());
  const std::string text = server.metrics().Text();
  EXPECT_THAT(text, HasSubstr("test_calls_total{code=\"OK\",method=\"berth.operation.v1."
                              "OperationService/GetOperation\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_calls_total{code=\"UNIMPLEMENTED\",method=\"other\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("Nope")));
}

TEST(ServerTest, DrainRunsHooksThenEndsStreamsThenWaitsForCalls) {
  absl::Notification started;
  absl::Notification release;
  TestServer server;
  server.service().get = [&](auto&, auto&) {
    started.Notify();
    release.WaitForNotification();
    return GetOperationResponse();
  };
  server.service().watch = [](std::shared_ptr<Stream> stream) { stream->Push({}); };
  std::vector<std::string> steps;
  std::string health_in_hook;
  const SteadyTime deadline = std::chrono::steady_clock::now() + 30s;
  server.server().OnDrain("first", [&](SteadyTime until) {
    EXPECT_EQ(until, deadline);
    EXPECT_TRUE(server.server().draining());
    EXPECT_EQ(server.server().streams().size(), 1U) << "streams end after the hooks";
    health_in_hook = server.Raw(kHealth, "").bytes;
    steps.push_back("first");
  });
  server.server().OnDrain("second", [&](SteadyTime) {
    steps.push_back("second");
    release.Notify();
  });
  server.Start();
  server.server().SetServing(true);

  const auto context = MakeContext({});
  const auto reader = server.stub().WatchOperation(context.get(), {});
  WatchOperationResponse message;
  ASSERT_TRUE(reader->Read(&message));
  absl::Status unary = absl::UnknownError("");
  std::jthread caller([&] { unary = server.Get("one").status(); });
  started.WaitForNotification();

  server.server().Drain(deadline);
  caller.join();
  EXPECT_TRUE(unary.ok()) << unary << ": a running call is waited for";
  EXPECT_THAT(steps, ElementsAre("first", "second"));
  EXPECT_EQ(health_in_hook, kNotServing);
  EXPECT_FALSE(reader->Read(&message));
  const absl::Status ended = FromGrpcStatus(reader->Finish());
  EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(ended), Reason::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(RetryAfterOf(ended).has_value());
  EXPECT_EQ(server.server().streams().size(), 0U);
}

TEST(ServerTest, HealthCannotComeBackAfterDrainHasBegun) {
  TestServer server;
  std::string health;
  server.server().OnDrain("hook", [&](SteadyTime) {
    server.server().SetServing(true);
    health = server.Raw(kHealth, "").bytes;
  });
  server.Start();
  server.server().Drain(std::chrono::steady_clock::now() + 30s);
  EXPECT_EQ(health, kNotServing);
}

TEST(ServerTest, RunUntilDrainsForAsLongAsTheStopAllows) {
  for (const auto urgency : {Stop::Urgency::kDrain, Stop::Urgency::kNow}) {
    TestServer server({.drain_timeout = std::chrono::hours(1)});
    std::chrono::steady_clock::duration left{};
    server.server().OnDrain(
        "hook", [&](SteadyTime deadline) { left = deadline - std::chrono::steady_clock::now(); });
    server.Start();
    StopSignal signal;
    signal.Request({.reason = "lease lost", .urgency = urgency});
    EXPECT_EQ(server.server().RunUntil(signal).reason, "lease lost");
    EXPECT_EQ(left > std::chrono::minutes(59), urgency == Stop::Urgency::kDrain);
  }
}

TEST(ServerTest, OptionsAreBoundToTheirKeys) {
  ServerOptions options;
  config::Table table("test", "A test.");
  AddServerOptions(table, options);
  const char* argv[] = {"test", "--listen=127.0.0.1:1", "--max_message_bytes=64MiB",
                        "--drain_timeout=5m", "--max_threads=3"};
  EXPECT_EQ(FieldViolationsOf(table.Parse(5, argv).status()).at(0).field, "max_threads");
  EXPECT_TRUE(table.Parse(4, argv).ok());
  EXPECT_EQ(options.listen, "127.0.0.1:1");
  EXPECT_EQ(options.max_message_bytes, 64 << 20);
  EXPECT_EQ(options.drain_timeout, std::chrono::minutes(5));
}

}  // namespace
}  // namespace berth::rpc
