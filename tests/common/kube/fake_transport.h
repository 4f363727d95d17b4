#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/http_transport.h"
#include "common/kube/json.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// The body of a fake answer, fed by a test while it is read. Thread safe.
class FakeBody {
 public:
  void Feed(std::string bytes) {
    MutexLock lock(mutex_);
    chunks_.push_back(std::move(bytes));
    changed_.NotifyAll();
  }
  void FeedLine(const Json& event) { Feed(event.dump() + "\n"); }
  /// What follows the bytes fed: an orderly end, or a failure.
  void End(absl::Status status = absl::OkStatus()) {
    MutexLock lock(mutex_);
    end_ = std::move(status);
    changed_.NotifyAll();
  }

  absl::StatusOr<std::optional<std::string>> Read(const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    while (chunks_.empty() && !end_ && !stop.stop_requested()) changed_.Wait(mutex_);
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    if (chunks_.empty()) {
      if (!end_->ok()) return *end_;
      return std::nullopt;
    }
    std::string chunk = std::move(chunks_.front());
    chunks_.pop_front();
    return chunk;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> chunks_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

class FakeStream final : public HttpStream {
 public:
  FakeStream(int status, std::shared_ptr<FakeBody> body, std::stop_token stop)
      : body_(std::move(body)), stop_(std::move(stop)) {
    head_.status = status;
  }
  absl::StatusOr<HttpHead> Head(std::chrono::milliseconds) override { return head_; }
  absl::StatusOr<std::optional<std::string>> Read(std::chrono::milliseconds) override {
    return body_->Read(stop_);
  }

 private:
  HttpHead head_;
  const std::shared_ptr<FakeBody> body_;
  const std::stop_token stop_;
};

/// Replays the answers a test lays out, in order, and keeps the requests. Thread safe.
class FakeTransport final : public HttpTransport {
 public:
  using Answer = absl::StatusOr<HttpResponse>;

  void Reply(int status, const Json& body, std::map<std::string, std::string> headers = {}) {
    HttpResponse response;
    response.head.status = status;
    response.head.headers = std::move(headers);
    response.body = body.dump();
    Push(std::move(response));
  }
  void Fail(absl::Status failure) { Push(std::move(failure)); }
  /// The next stream opened answers with this.
  std::shared_ptr<FakeBody> ReplyStream(int status = 200) {
    auto body = std::make_shared<FakeBody>();
    MutexLock lock(mutex_);
    streams_.emplace_back(status, body);
    changed_.NotifyAll();
    return body;
  }

  /// Waits for an answer to be laid out, so that a test can act between two requests.
  Answer Send(const HttpRequest& request) override {
    const std::stop_callback on_stop(request.stop, [this] { Wake(); });
    MutexLock lock(mutex_);
    requests_.push_back(request);
    changed_.NotifyAll();
    while (answers_.empty() && !request.stop.stop_requested()) changed_.Wait(mutex_);
    if (request.stop.stop_requested()) return absl::CancelledError("stopped");
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  std::unique_ptr<HttpStream> Open(const HttpRequest& request) override {
    const std::stop_callback on_stop(request.stop, [this] { Wake(); });
    MutexLock lock(mutex_);
    requests_.push_back(request);
    changed_.NotifyAll();
    while (streams_.empty() && !request.stop.stop_requested()) changed_.Wait(mutex_);
    if (streams_.empty()) {
      auto none = std::make_shared<FakeBody>();
      return std::make_unique<FakeStream>(200, none, request.stop);
    }
    auto [status, body] = std::move(streams_.front());
    streams_.pop_front();
    return std::make_unique<FakeStream>(status, body, request.stop);
  }

  std::vector<HttpRequest> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }
  /// Returns the request of this index once it was made.
  HttpRequest AwaitRequest(std::size_t index) {
    MutexLock lock(mutex_);
    while (requests_.size() <= index) changed_.Wait(mutex_);
    return requests_[index];
  }

 private:
  void Push(Answer answer) {
    MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.NotifyAll();
  }
  void Wake() {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<int, std::shared_ptr<FakeBody>>> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<HttpRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

/// A metav1.Status, as the API server refuses with.
inline Json KubernetesStatusObject(int code, const std::string& reason,
                                   const std::string& message = "no") {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
          {"code", code},     {"reason", reason},   {"message", message}};
}

}  // namespace berth::kube
