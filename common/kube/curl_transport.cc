#include "common/kube/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "common/http/curl_handles.h"
#include "common/http/header_line.h"
#include "common/sync/mutex.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr long kConnectTimeoutMs = 5'000;
constexpr long kKeepAliveIdleS = 5;
constexpr long kKeepAliveIntervalS = 2;
/// A connection whose peer acknowledges nothing for this long is dead: all requests on it fail, and
/// the next ones get a new one while a replica's lease still has time.
constexpr int kTcpUserTimeoutMs = 5'000;
/// What a stream holds for a reader that does not keep up; the stream ends when it is more.
constexpr std::size_t kMaxBuffered = std::size_t{64} << 20;
constexpr int kLoopPollMs = 60'000;

const char* MethodName(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kPatch:
      return "PATCH";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  return "GET";
}

/// Failures before the first byte of a request can have left.
SendState StateAfter(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return SendState::kNotSent;
    default:
      return SendState::kMaybeSent;
  }
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream in(path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::string token(absl::StripAsciiWhitespace(text));
  if (token.empty()) {
    return absl::UnavailableError(fmt::format("token file '{}' cannot be read or is empty", path));
  }
  return token;
}

int SetUserTimeout(void*, curl_socket_t socket, curlsocktype) {
  // Not every socket knows the option, and none needs it to work.
  (void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kTcpUserTimeoutMs,
                   sizeof(kTcpUserTimeoutMs));
  return CURL_SOCKOPT_OK;
}

}  // namespace

/// One request and its answer. The loop's thread fills it in; one caller waits on it.
class CurlTransport::Transfer {
 public:
  /// How it ended. Not an absl::Status: those share a count that ThreadSanitizer cannot see into
  /// with the distribution's Abseil.
  struct Outcome {
    absl::StatusCode code = absl::StatusCode::kOk;
    std::string text = {};
    SendState state = SendState::kMaybeSent;
  };

  explicit Transfer(const HttpRequest& request)
      : deadline_(request.deadline), request_body_(request.body) {}

  /// Before it is handed to the loop.
  void Prepare(const Config& config, const std::string& user_agent, const HttpRequest& request);
  void AddHeader(const std::string& header) { headers_.Add(header); }
  CURL* easy() const { return easy_.get(); }

  /// Ends it for its caller; the first call counts.
  void Finish(Outcome outcome);
  void FinishWith(CURLcode code);

  absl::StatusOr<HttpHead> WaitForHead(steady_clock::time_point until);
  absl::StatusOr<HttpResponse> WaitForEnd();
  absl::StatusOr<std::optional<std::string>> WaitForBytes(steady_clock::time_point until);

 private:
  static std::size_t OnSend(char* buffer, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  void PrepareTls(const Config& config);
  void TakeHeader(std::string_view line);
  bool TakeBody(std::string_view bytes);
  void WaitUntil(steady_clock::time_point until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Failure() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const steady_clock::time_point deadline_;
  const std::string request_body_;
  std::size_t sent_ = 0;
  http::EasyHandle easy_;
  http::HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_ = {};

  Mutex mutex_;
  CondVar changed_;
  HttpHead head_ ABSL_GUARDED_BY(mutex_);
  bool head_complete_ ABSL_GUARDED_BY(mutex_) = false;
  std::string body_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = false;
  bool streaming_ ABSL_GUARDED_BY(mutex_) = false;
  Outcome outcome_ ABSL_GUARDED_BY(mutex_);
};

void CurlTransport::Transfer::Prepare(const Config& config, const std::string& user_agent,
                                      const HttpRequest& request) {
  easy_.reset(curl_easy_init());
  CURL* easy = easy_.get();
  const auto left = std::chrono::ceil<milliseconds>(request.deadline - steady_clock::now());
  curl_easy_setopt(easy, CURLOPT_URL, (config.server + request.target).c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, MethodName(request.method));
  if (request.method != HttpMethod::kGet) {
    // Read by a callback that cannot go back: handed the body as one piece, curl would send it
    // again by itself when a reused connection breaks, and a write could happen twice unseen.
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_body_.size()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::OnSend);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
  }
  for (const std::string& header : request.headers) AddHeader(header);
  AddHeader("Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::max<std::int64_t>(1, left.count())));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalS);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &SetUserTimeout);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  // Wait for a connection that is being made rather than open one per request.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  PrepareTls(config);
}

void CurlTransport::Transfer::PrepareTls(const Config& config) {
  CURL* easy = easy_.get();
  if (!config.ca_pem.empty()) {
    curl_blob ca = http::BlobOf(config.ca_pem);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
  }
  if (config.insecure_skip_tls_verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!config.client_certificate_pem.empty()) {
    http::SetClientCertificate(easy, config.client_certificate_pem, config.client_key_pem);
  }
}

std::size_t CurlTransport::Transfer::OnSend(char* buffer, std::size_t size, std::size_t count,
                                            void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::size_t sent = transfer.request_body_.copy(buffer, size * count, transfer.sent_);
  transfer.sent_ += sent;
  return sent;
}

std::size_t CurlTransport::Transfer::OnHeader(char* data, std::size_t size, std::size_t count,
                                              void* self) {
  static_cast<Transfer*>(self)->TakeHeader(std::string_view(data, size * count));
  return size * count;
}

std::size_t CurlTransport::Transfer::OnBody(char* data, std::size_t size, std::size_t count,
                                            void* self) {
  const std::string_view bytes(data, size * count);
  return static_cast<Transfer*>(self)->TakeBody(bytes) ? bytes.size() : 0;
}

void CurlTransport::Transfer::TakeHeader(std::string_view line) {
  MutexLock lock(mutex_);
  if (const std::optional<int> status = http::ParseStatusLine(line)) {
    head_ = HttpHead{.status = *status, .headers = {}};
    return;
  }
  if (line.find_first_not_of("\r\n") == std::string_view::npos) {
    constexpr int kFirstFinalStatus = 200;
    head_complete_ = head_.status >= kFirstFinalStatus;
    changed_.NotifyAll();
    return;
  }
  std::optional<http::HeaderField> field = http::ParseHeaderLine(line);
  if (field.has_value()) head_.headers[field->name] = std::move(field->value);
}

bool CurlTransport::Transfer::TakeBody(std::string_view bytes) {
  MutexLock lock(mutex_);
  if (streaming_ && body_.size() + bytes.size() > kMaxBuffered) {
    overflowed_ = true;
    return false;
  }
  body_.append(bytes);
  changed_.NotifyAll();
  return true;
}

void CurlTransport::Transfer::Finish(Outcome outcome) {
  MutexLock lock(mutex_);
  if (finished_) return;
  finished_ = true;
  outcome_ = std::move(outcome);
  changed_.NotifyAll();
}

void CurlTransport::Transfer::FinishWith(CURLcode code) {
  if (code == CURLE_OK) return Finish({});
  const std::string text =
      error_text_[0] != '\0' ? std::string(error_text_.data()) : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT && steady_clock::now() >= deadline_) {
    return Finish({.code = absl::StatusCode::kDeadlineExceeded, .text = text});
  }
  Finish({.code = absl::StatusCode::kUnavailable, .text = text, .state = StateAfter(code)});
}

void CurlTransport::Transfer::WaitUntil(steady_clock::time_point until) {
  // Curl ends the transfer at its deadline by itself; the margin is for a loop that is late.
  constexpr auto kMargin = std::chrono::seconds(1);
  if (!changed_.WaitUntil(mutex_, std::min(until, deadline_ + kMargin)) && !finished_ &&
      steady_clock::now() >= deadline_ + kMargin) {
    finished_ = true;
    outcome_ = {.code = absl::StatusCode::kDeadlineExceeded, .text = "no answer in time"};
  }
}

absl::Status CurlTransport::Transfer::Failure() const {
  if (overflowed_) {
    return ConnectionError(SendState::kMaybeSent, "the stream's reader was too slow");
  }
  switch (outcome_.code) {
    case absl::StatusCode::kOk:
      return absl::OkStatus();
    case absl::StatusCode::kUnavailable:
      return ConnectionError(outcome_.state, outcome_.text);
    default:
      return {outcome_.code, outcome_.text};
  }
}

absl::StatusOr<HttpHead> CurlTransport::Transfer::WaitForHead(steady_clock::time_point until) {
  MutexLock lock(mutex_);
  streaming_ = true;
  while (!head_complete_ && !finished_ && steady_clock::now() < until) WaitUntil(until);
  if (head_complete_) return head_;
  if (!finished_) return absl::DeadlineExceededError("no answer in time");
  const absl::Status failure = Failure();
  return failure.ok() ? ConnectionError(SendState::kMaybeSent, "no answer") : failure;
}

absl::StatusOr<HttpResponse> CurlTransport::Transfer::WaitForEnd() {
  MutexLock lock(mutex_);
  while (!finished_) WaitUntil(deadline_);
  if (absl::Status failure = Failure(); !failure.ok()) return failure;
  return HttpResponse{.head = std::move(head_), .body = std::move(body_)};
}

absl::StatusOr<std::optional<std::string>> CurlTransport::Transfer::WaitForBytes(
    steady_clock::time_point until) {
  MutexLock lock(mutex_);
  streaming_ = true;
  while (body_.empty() && !finished_ && steady_clock::now() < until) WaitUntil(until);
  if (!body_.empty()) return std::exchange(body_, std::string());
  if (!finished_) return absl::DeadlineExceededError("nothing arrived");
  const absl::Status failure = Failure();
  if (failure.ok()) return std::nullopt;
  if (!absl::IsDeadlineExceeded(failure)) return failure;
  return ConnectionError(SendState::kMaybeSent, "the stream's own deadline has passed");
}

/// The thread that runs curl. All transfers belong to its multi handle from Add until they finish
/// or are cancelled.
class CurlTransport::Loop {
 public:
  Loop() : multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    pthread_setname_np(thread_.native_handle(), "kube-http");
  }

  ~Loop() {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    thread_.join();
    for (const auto& [easy, transfer] : running_) {
      curl_multi_remove_handle(multi_, easy);
      transfer->Finish({.code = absl::StatusCode::kCancelled, .text = "the client is gone"});
    }
    curl_multi_cleanup(multi_);
  }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Add(std::shared_ptr<Transfer> transfer) { Post(&Loop::added_, std::move(transfer)); }

  /// Its caller learns at once; curl a moment later.
  void Cancel(const std::shared_ptr<Transfer>& transfer) {
    transfer->Finish({.code = absl::StatusCode::kCancelled, .text = "stopped"});
    Post(&Loop::cancelled_, transfer);
  }

 private:
  using Transfers = std::vector<std::shared_ptr<Transfer>>;

  void Post(Transfers Loop::*list, std::shared_ptr<Transfer> transfer) {
    {
      MutexLock lock(mutex_);
      (this->*list).push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_);
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      TakePosted();
      int still_running = 0;
      curl_multi_perform(multi_, &still_running);
      CollectFinished();
      curl_multi_poll(multi_, nullptr, 0, kLoopPollMs, nullptr);
    }
    TakePosted();
  }

  void TakePosted() {
    Transfers added;
    Transfers cancelled;
    {
      MutexLock lock(mutex_);
      added.swap(added_);
      cancelled.swap(cancelled_);
    }
    for (auto& transfer : added) {
      curl_multi_add_handle(multi_, transfer->easy());
      CURL* const easy = transfer->easy();
      running_.emplace(easy, std::move(transfer));
    }
    for (const auto& transfer : cancelled) Remove(transfer);
  }

  void CollectFinished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto found = running_.find(message->easy_handle);
      if (found == running_.end()) continue;
      const std::shared_ptr<Transfer> transfer = found->second;
      Remove(transfer);
      transfer->FinishWith(code);
    }
  }

  void Remove(const std::shared_ptr<Transfer>& transfer) {
    if (running_.erase(transfer->easy()) > 0) curl_multi_remove_handle(multi_, transfer->easy());
  }

  CURLM* const multi_;
  /// Of the loop's thread alone.
  std::map<CURL*, std::shared_ptr<Transfer>> running_;
  Mutex mutex_;
  Transfers added_ ABSL_GUARDED_BY(mutex_);
  Transfers cancelled_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

class CurlTransport::Stream final : public HttpStream {
 public:
  Stream(Loop& loop, std::shared_ptr<Transfer> transfer, const std::stop_token& stop)
      : loop_(loop),
        transfer_(std::move(transfer)),
        on_stop_(stop, [this] { loop_.Cancel(transfer_); }) {}
  ~Stream() override { loop_.Cancel(transfer_); }

  absl::StatusOr<HttpHead> Head(milliseconds wait) override {
    return transfer_->WaitForHead(steady_clock::now() + wait);
  }

  absl::StatusOr<std::optional<std::string>> Read(milliseconds idle) override {
    return transfer_->WaitForBytes(steady_clock::now() + idle);
  }

 private:
  Loop& loop_;
  const std::shared_ptr<Transfer> transfer_;
  std::stop_callback<std::function<void()>> on_stop_;
};

absl::StatusOr<std::unique_ptr<CurlTransport>> CurlTransport::Create(Config config,
                                                                     std::string user_agent) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return absl::InternalError("libcurl cannot be initialised");
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://")) {
    return absl::InvalidArgumentError(
        fmt::format("server '{}' is neither https:// nor http://", config.server));
  }
  auto loop = std::make_unique<Loop>();
  return std::unique_ptr<CurlTransport>(
      new CurlTransport(std::move(config), std::move(user_agent), std::move(loop)));
}

CurlTransport::CurlTransport(Config config, std::string user_agent, std::unique_ptr<Loop> loop)
    : config_(std::move(config)), user_agent_(std::move(user_agent)), loop_(std::move(loop)) {}

CurlTransport::~CurlTransport() = default;

std::shared_ptr<CurlTransport::Transfer> CurlTransport::Begin(const HttpRequest& request) {
  auto transfer = std::make_shared<Transfer>(request);
  std::string token = config_.token;
  if (!config_.token_file.empty()) {
    auto read = ReadToken(config_.token_file);
    if (!read.ok()) {
      transfer->Finish({.code = absl::StatusCode::kUnavailable,
                        .text = std::string(read.status().message()),
                        .state = SendState::kNotSent});
      return transfer;
    }
    token = *std::move(read);
  }
  if (!token.empty()) transfer->AddHeader(fmt::format("Authorization: Bearer {}", token));
  transfer->Prepare(config_, user_agent_, request);
  loop_->Add(transfer);
  return transfer;
}

absl::StatusOr<HttpResponse> CurlTransport::Send(const HttpRequest& request) {
  const std::shared_ptr<Transfer> transfer = Begin(request);
  const std::stop_callback on_stop(request.stop, [&] { loop_->Cancel(transfer); });
  return transfer->WaitForEnd();
}

std::unique_ptr<HttpStream> CurlTransport::Open(const HttpRequest& request) {
  return std::make_unique<Stream>(*loop_, Begin(request), request.stop);
}

}  // namespace berth::kube
