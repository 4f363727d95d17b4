#include "common/grpc/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "tests/common/grpc/test_server.h"

namespace berth::rpc {
namespace {

using std::chrono_literals::operator""s;

WatchOperationResponse Message(std::int64_t sequence, std::size_t padding = 0) {
  WatchOperationResponse response;
  response.mutable_update()->set_sequence(sequence);
  response.mutable_update()->set_operation(std::string(padding, 'x'));
  return response;
}

// A server whose one stream is handed to the test.
class StreamWriterTest : public testing::Test {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<WatchOperationResponse>>;

  // Opens a stream and waits until the server has it.
  std::shared_ptr<Stream> Open(Stream::Options options = {}) {
    absl::Notification opened;
    std::shared_ptr<Stream> stream;
    server_.service().stream_options = std::move(options);
    server_.service().watch = [&](std::shared_ptr<Stream> handed) {
      stream = std::move(handed);
      opened.Notify();
    };
    if (server_.server().port() == 0) {
      server_.Start();
    }
    context_ = MakeContext({.timeout = 50s});
    reader_ = server_.stub().WatchOperation(context_.get(), {});
    opened.WaitForNotification();
    return stream;
  }

  // Reads to the end.
  std::vector<std::int64_t> ReadAll() {
    std::vector<std::int64_t> sequences;
    WatchOperationResponse message;
    while (reader_->Read(&message)) {
      sequences.push_back(message.update().sequence());
    }
    status_ = FromGrpcStatus(reader_->Finish());
    return sequences;
  }

  TestServer server_;
  std::unique_ptr<grpc::ClientContext> context_;
  Reader reader_;
  absl::Status status_;
};

TEST_F(StreamWriterTest, MessagesArriveInOrderAndThenTheStatus) {
  const std::shared_ptr<Stream> stream = Open();
  std::vector<std::int64_t> sent;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(stream->Push(Message(i)));
    sent.push_back(i);
  }
  const absl::Status error =
      Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_CLAIM_LOST, "lost");
  stream->Finish(error);
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->Push(Message(100)));
  stream->Finish(absl::OkStatus());
  EXPECT_EQ(ReadAll(), sent);
  EXPECT_EQ(status_, error) << "the first Finish counts";
}

TEST_F(StreamWriterTest, AStreamMayEndBeforeItsHandlerReturns) {
  server_.service().watch = [](std::shared_ptr<Stream> stream) {
    stream->Push(Message(1));
    stream->Push(Message(2));
    stream->Finish(absl::OkStatus());
  };
  server_.Start();
  context_ = MakeContext({});
  reader_ = server_.stub().WatchOperation(context_.get(), {});
  EXPECT_THAT(ReadAll(), testing::ElementsAre(1, 2));
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(StreamWriterTest, ManyThreadsMayPush) {
  const std::shared_ptr<Stream> stream = Open({.max_queued_messages = 10'000});
  {
    std::vector<std::jthread> producers;
    for (int producer = 0; producer < 4; ++producer) {
      producers.emplace_back([&, producer] {
        for (int i = 0; i < 500; ++i) {
          EXPECT_TRUE(stream->Push(Message(producer * 1000 + i)));
        }
      });
    }
  }
  stream->Finish(absl::OkStatus());
  const std::vector<std::int64_t> received = ReadAll();
  EXPECT_EQ(received.size(), 2000U);
  std::vector<std::int64_t> last(4, -1);
  for (const std::int64_t sequence : received) {
    EXPECT_GT(sequence % 1000, last[sequence / 1000]) << "order of one producer is kept";
    last[sequence / 1000] = sequence % 1000;
  }
}

TEST_F(StreamWriterTest, AReaderThatIsTooSlowIsToldSo) {
  const std::shared_ptr<Stream> stream = Open({.max_queued_bytes = 1 << 20});
  std::int64_t pushed = 0;
  while (pushed < 1000 && stream->Push(Message(pushed, 100'000))) {
    ++pushed;
  }
  ASSERT_LT(pushed, 1000) << "nobody reads, so the queue must be full before 100 MB";
  EXPECT_TRUE(stream->closed());
  const std::vector<std::int64_t> received = ReadAll();
  EXPECT_LT(received.size(), static_cast<std::size_t>(pushed)) << "what waited was dropped";
  for (std::size_t i = 0; i < received.size(); ++i) {
    EXPECT_EQ(received[i], static_cast<std::int64_t>(i)) << "no gap before the end";
  }
  EXPECT_EQ(status_.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status_), Reason::ERROR_REASON_SLOW_READER);
}

TEST_F(StreamWriterTest, TheNumberOfWaitingMessagesIsBoundedToo) {
  const std::shared_ptr<Stream> stream =
      Open({.max_queued_messages = 3, .max_queued_bytes = std::size_t{1} << 30});
  std::int64_t pushed = 0;
  while (pushed < 1000 && stream->Push(Message(pushed, 1 << 20))) {
    ++pushed;
  }
  EXPECT_LT(pushed, 1000);
  ReadAll();
  EXPECT_EQ(ReasonOf(status_), Reason::ERROR_REASON_SLOW_READER);
}

TEST_F(StreamWriterTest, AMessageLargerThanTheBoundGoesOutAlone) {
  const std::shared_ptr<Stream> stream = Open({.max_queued_bytes = 10});
  EXPECT_TRUE(stream->Push(Message(1, 1000)));
  stream->Finish(absl::OkStatus());
  EXPECT_THAT(ReadAll(), testing::ElementsAre(1));
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(StreamWriterTest, AReaderThatDoesNotReadAtAllIsCutOff) {
  const std::shared_ptr<Stream> stream = Open({.max_queued_bytes = 1 << 20});
  absl::Notification over;
  stream->OnDone([&] { over.Notify(); });
  while (stream->Push(Message(0, 16'000'000))) {  // far more than any window of flow control
  }
  server_.server().streams().Tick(std::chrono::steady_clock::now());
  EXPECT_FALSE(over.HasBeenNotified()) << "it has a moment to read on";
  server_.server().streams().Tick(std::chrono::steady_clock::now() + Stream::kStuckLimit);
  EXPECT_TRUE(over.WaitForNotificationWithTimeout(absl::Seconds(20)));
  EXPECT_EQ(server_.server().streams().size(), 0U);
  ReadAll();
}

TEST_F(StreamWriterTest, ACallerWhoHangsUpEndsTheStreamForItsProducer) {
  const std::shared_ptr<Stream> stream = Open();
  absl::Notification over;
  stream->OnDone([&] { over.Notify(); });
  EXPECT_TRUE(stream->Push(Message(1)));
  context_->TryCancel();
  EXPECT_TRUE(over.WaitForNotificationWithTimeout(absl::Seconds(20)));
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->Push(Message(2)));
  ReadAll();
}

TEST_F(StreamWriterTest, OnDoneRunsAtOnceWhenTheCallIsOver) {
  const std::shared_ptr<Stream> stream = Open();
  stream->Finish(absl::OkStatus());
  ReadAll();
  absl::Notification over;
  stream->OnDone([&] { over.Notify(); });
  EXPECT_TRUE(over.WaitForNotificationWithTimeout(absl::Seconds(20)));
  bool ran = false;
  stream->OnDone([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST_F(StreamWriterTest, ASilentStreamIsKeptAlive) {
  const std::shared_ptr<Stream> stream =
      Open({.keep_alive_interval = 15s, .keep_alive = [] { return Message(7); }});
  const auto now = std::chrono::steady_clock::now();
  server_.server().streams().Tick(now + 14s);
  server_.server().streams().Tick(now + 16s);
  WatchOperationResponse message;
  ASSERT_TRUE(reader_->Read(&message));
  EXPECT_EQ(message.update().sequence(), 7);
  stream->Finish(absl::OkStatus());
  EXPECT_TRUE(ReadAll().empty()) << "14 seconds of silence are not enough";
}

TEST_F(StreamWriterTest, AStreamOpenedAfterFinishAllEndsAtOnce) {
  const absl::Status end =
      Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_SHUTTING_DOWN, "not repeated");
  server_.Start();
  server_.server().streams().FinishAll(end);
  const std::shared_ptr<Stream> stream = Open();
  EXPECT_FALSE(stream->Push(Message(1)));
  EXPECT_TRUE(ReadAll().empty());
  EXPECT_EQ(status_, end);
}

TEST_F(StreamWriterTest, ProducersCallersTicksAndTheServerMayAllEndStreamsAtOnce) {
  constexpr int kStreams = 64;
  absl::BlockingCounter over(kStreams);
  std::vector<std::jthread> producers(kStreams);
  std::atomic<int> next = 0;
  server_.service().watch = [&](std::shared_ptr<Stream> stream) {
    stream->OnDone([&] { over.DecrementCount(); });
    const int index = next++;
    producers[index] = std::jthread([stream, index] {
      for (int i = 0; i < 200 && stream->Push(Message(i, 1000)); ++i) {
      }
      if (index % 3 == 0) {
        stream->Finish(absl::OkStatus());
      }
    });
  };
  server_.Start();
  std::jthread ticker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      server_.server().streams().Tick(std::chrono::steady_clock::now() + 20s);
    }
  });
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller) {
      callers.emplace_back([&, caller] {
        for (int i = 0; i < kStreams / 8; ++i) {
          const auto context = MakeContext({});
          const auto reader = server_.stub().WatchOperation(context.get(), {});
          WatchOperationResponse message;
          for (int read = 0; read < 20 && reader->Read(&message); ++read) {
          }
          if (caller == 7 && i == kStreams / 8 - 1) {
            server_.server().streams().FinishAll(absl::AbortedError("not repeated"));
          }
          context->TryCancel();
          reader->Finish();
        }
      });
    }
  }
  over.Wait();
  ticker.request_stop();
  ticker.join();
  EXPECT_EQ(server_.server().streams().size(), 0U);
}

}  // namespace
}  // namespace berth::rpc
