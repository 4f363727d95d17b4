#include "ingress-service/adapters/tcp_prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

#include "common/sync/mutex.h"

namespace berth::ingress {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A listener on a port of 127.0.0.1 of its own.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }

  // Hands each connection to `serve`, and closes what that does not keep.
  void Serve(std::function<void(process::UniqueFd&)> serve) {
    EXPECT_EQ(::listen(socket_.get(), 16), 0);
    thread_ = std::jthread([this, serve = std::move(serve)] {
      while (true) {
        process::UniqueFd connection(::accept(socket_.get(), nullptr, nullptr));
        if (!connection.valid()) {
          return;
        }
        serve(connection);
      }
    });
  }

  // Refuses connections from now on.
  void Close() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) {
      thread_.join();
    }
    socket_.Reset();
  }

  ~Listener() { Close(); }

  pool::Port port() const { return *pool::Port::Parse(std::int64_t{port_}); }

 private:
  process::UniqueFd socket_;
  int port_ = 0;
  std::jthread thread_;
};

class TcpProberTest : public testing::Test {
 protected:
  void SetUp() override {
    prober_ = *TcpProber::Start({.hold = milliseconds(50),
                                 .retry_interval = milliseconds(5),
                                 .recheck_interval = milliseconds(5),
                                 .on_change = [this](const std::string&) {
                                   MutexLock lock(mutex_);
                                   changed_.NotifyAll();
                                 }});
  }

  ProbeTarget Target(pool::Port port, const std::string& host = "127.0.0.1") const {
    return {.token = "rule", .host = host, .port = port};
  }

  // The first result of this kind, or the last of another within 10 s.
  std::optional<ProbeResult> Await(ProbeResult::Kind kind) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    std::optional<ProbeResult> result = prober_->Latest("rule");
    while (!(result && result->kind == kind) && std::chrono::steady_clock::now() < deadline) {
      {
        MutexLock lock(mutex_);
        changed_.WaitUntil(mutex_,
                           std::min(deadline, std::chrono::steady_clock::now() + milliseconds(20)));
      }
      result = prober_->Latest("rule");
    }
    return result;
  }

  Mutex mutex_;
  CondVar changed_;
  std::unique_ptr<TcpProber> prober_;
};

testing::Matcher<std::optional<ProbeResult>> Is(ProbeResult::Kind kind) {
  return testing::Optional(testing::Field(&ProbeResult::kind, kind));
}

TEST_F(TcpProberTest, ConnectionThatStaysOpenIsServed) {
  Listener listener;
  std::vector<process::UniqueFd> kept;
  listener.Serve([&](process::UniqueFd& connection) { kept.push_back(std::move(connection)); });
  prober_->Watch("edge", {Target(listener.port())});
  EXPECT_THAT(Await(ProbeResult::Kind::kServing), Is(ProbeResult::Kind::kServing));
  prober_.reset();
  listener.Close();
}

TEST_F(TcpProberTest, ConnectionThatDeliversAByteIsServed) {
  Listener listener;
  listener.Serve([](process::UniqueFd& connection) { ::send(connection.get(), "x", 1, 0); });
  prober_->Watch("edge", {Target(listener.port())});
  const auto result = Await(ProbeResult::Kind::kServing);
  ASSERT_THAT(result, Is(ProbeResult::Kind::kServing));
  EXPECT_EQ(result->detail, "the connection delivered data");
}

TEST_F(TcpProberTest, ConnectionThatIsClosedHasNoBackend) {
  Listener listener;
  listener.Serve([](process::UniqueFd&) {});
  prober_->Watch("edge", {Target(listener.port())});
  EXPECT_THAT(Await(ProbeResult::Kind::kClosed), Is(ProbeResult::Kind::kClosed));
}

TEST_F(TcpProberTest, RefusedConnectionIsUnreachable) {
  Listener listener;
  const pool::Port port = listener.port();
  listener.Close();
  prober_->Watch("edge", {Target(port)});
  EXPECT_THAT(Await(ProbeResult::Kind::kUnreachable), Is(ProbeResult::Kind::kUnreachable));
}

TEST_F(TcpProberTest, UnknownHostnameIsUnreachable) {
  prober_->Watch("edge", {Target(pool::Port::Of<20001>(), "no such host")});
  EXPECT_THAT(Await(ProbeResult::Kind::kUnreachable), Is(ProbeResult::Kind::kUnreachable));
}

TEST_F(TcpProberTest, TriesAgainUntilItIsServed) {
  Listener listener;
  prober_->Watch("edge", {Target(listener.port())});
  ASSERT_THAT(Await(ProbeResult::Kind::kUnreachable), Is(ProbeResult::Kind::kUnreachable));
  listener.Serve([](process::UniqueFd& connection) { ::send(connection.get(), "x", 1, 0); });
  EXPECT_THAT(Await(ProbeResult::Kind::kServing), Is(ProbeResult::Kind::kServing));
}

TEST_F(TcpProberTest, NoticesWhenAServedTargetIsGone) {
  Listener listener;
  listener.Serve([](process::UniqueFd& connection) { ::send(connection.get(), "x", 1, 0); });
  prober_->Watch("edge", {Target(listener.port())});
  ASSERT_THAT(Await(ProbeResult::Kind::kServing), Is(ProbeResult::Kind::kServing));
  listener.Close();
  EXPECT_THAT(Await(ProbeResult::Kind::kUnreachable), Is(ProbeResult::Kind::kUnreachable));
}

TEST_F(TcpProberTest, SendsTheProxyHeaderFirst) {
  Listener listener;
  listener.Serve([](process::UniqueFd& connection) {
    std::string line(15, '\0');
    const ssize_t count = ::recv(connection.get(), line.data(), line.size(), MSG_WAITALL);
    if (count == 15 && line == "PROXY UNKNOWN\r\n") {
      ::send(connection.get(), "x", 1, 0);
    }
  });
  ProbeTarget target = Target(listener.port());
  target.send_proxy_header = true;
  prober_->Watch("edge", {target});
  EXPECT_THAT(Await(ProbeResult::Kind::kServing), Is(ProbeResult::Kind::kServing));
}

TEST_F(TcpProberTest, ForgetsTargetsThatAreNoLongerWatched) {
  Listener listener;
  listener.Serve([](process::UniqueFd& connection) { ::send(connection.get(), "x", 1, 0); });
  prober_->Watch("edge", {Target(listener.port())});
  ASSERT_THAT(Await(ProbeResult::Kind::kServing), Is(ProbeResult::Kind::kServing));
  prober_->Watch("other", {});
  EXPECT_TRUE(prober_->Latest("rule").has_value()) << "that is another pool";
  ProbeTarget next = Target(listener.port());
  next.token = "next";
  prober_->Watch("edge", {next});
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (!prober_->Latest("next") && std::chrono::steady_clock::now() < deadline) {
    MutexLock lock(mutex_);
    changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + milliseconds(20));
  }
  EXPECT_TRUE(prober_->Latest("next").has_value());
  EXPECT_FALSE(prober_->Latest("rule").has_value());
}

}  // namespace
}  // namespace berth::ingress
