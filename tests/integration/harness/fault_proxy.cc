#include "tests/integration/harness/fault_proxy.h"

#include <fmt/format.h>
#include <httplib.h>

#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include "common/kube/http_transport.h"
#include "common/status/macros.h"

namespace berth::harness {
namespace {

using kube::HttpMethod;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of each proxy: one connection takes a thread while it is open.
constexpr std::size_t kThreads = 128;
constexpr std::chrono::seconds kCallTimeout{40};
constexpr std::chrono::minutes kWatchTimeout{15};
constexpr milliseconds kPause{50};

HttpMethod MethodOf(const std::string& method) {
  if (method == "POST") return HttpMethod::kPost;
  if (method == "PUT") return HttpMethod::kPut;
  if (method == "PATCH") return HttpMethod::kPatch;
  if (method == "DELETE") return HttpMethod::kDelete;
  return HttpMethod::kGet;
}

bool IsWatch(const httplib::Request& request) {
  return request.target.find("watch=") != std::string::npos;
}

kube::HttpRequest Upstream(const httplib::Request& request, std::chrono::seconds timeout) {
  kube::HttpRequest upstream{.method = MethodOf(request.method),
                             .target = request.target,
                             .body = request.body,
                             .deadline = steady_clock::now() + timeout};
  for (const char* name : {"Content-Type", "Accept", "User-Agent"}) {
    if (request.has_header(name)) {
      upstream.headers.push_back(fmt::format("{}: {}", name, request.get_header_value(name)));
    }
  }
  return upstream;
}

std::string ContentType(const kube::HttpHead& head) {
  const auto type = head.headers.find("content-type");
  return type == head.headers.end() ? "application/json" : type->second;
}

// "Tue, 24 Nov 2026 12:00:00 GMT" moved by so many seconds.
std::string MoveDate(const std::string& date, std::int64_t seconds) {
  constexpr const char* kFormat = "%a, %d %b %Y %H:%M:%S GMT";
  std::tm parts{};
  if (strptime(date.c_str(), kFormat, &parts) == nullptr) return date;
  const std::time_t moved = timegm(&parts) + seconds;
  gmtime_r(&moved, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), kFormat, &parts)};
}

void CopyHead(const kube::HttpHead& head, std::int64_t clock_step, httplib::Response& response) {
  response.status = head.status;
  for (const auto& [name, value] : head.headers) {
    if (name == "date") response.set_header("Date", MoveDate(value, clock_step));
    if (name == "retry-after" || name == "warning") response.set_header(name, value);
  }
}

void Refuse(int code, const std::string& reason, httplib::Response& response) {
  response.status = code;
  response.set_content(
      fmt::format(R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure",)"
                  R"("message":"fault: {0}","reason":"{0}","code":{1}}})",
                  reason, code),
      "application/json");
}

// The client sees the head of an answer and then the end of the connection.
void BreakOff(httplib::Response& response) {
  constexpr std::size_t kNeverSent = 1000;
  response.set_content_provider(kNeverSent, "application/json",
                                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
}

}  // namespace

absl::StatusOr<std::unique_ptr<FaultProxy>> FaultProxy::Start(const kube::Config& api_server,
                                                              std::uint64_t seed) {
  ASSIGN_OR_RETURN(auto transport, kube::CurlTransport::Create(api_server, "berth-fault-proxy"));
  std::unique_ptr<FaultProxy> proxy(new FaultProxy(std::move(transport), seed));
  if (proxy->port_ < 0) return absl::InternalError("the fault proxy cannot listen");
  return proxy;
}

FaultProxy::FaultProxy(std::unique_ptr<kube::CurlTransport> transport, std::uint64_t seed)
    : transport_(std::move(transport)),
      server_(std::make_unique<httplib::Server>()),
      random_(seed) {
  server_->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
    IsWatch(request) ? ServeWatch(request, response) : Serve(request, response);
  };
  server_->Get(".*", serve);
  server_->Post(".*", serve);
  server_->Put(".*", serve);
  server_->Patch(".*", serve);
  server_->Delete(".*", serve);
  server_->set_tcp_nodelay(true);
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
}

FaultProxy::~FaultProxy() {
  stop_.request_stop();
  server_->stop();
  thread_.join();
}

std::map<std::string, int> FaultProxy::Counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

FaultProxy::Fault FaultProxy::Draw(bool is_write, bool is_watch, bool may_conflict) {
  MutexLock lock(mutex_);
  if (std::uniform_real_distribution<double>(0, 1)(random_) >= odds_) return Fault::kNone;
  struct Choice {
    Fault fault;
    const char* name;
  };
  std::vector<Choice> choices = {{Fault::kTooMany, "429"}, {Fault::kError, "500"}};
  if (is_watch) choices.push_back({Fault::kExpired, "410 of a watch"});
  if (may_conflict) choices.push_back({Fault::kConflict, "409"});
  if (is_write) {
    choices.push_back({Fault::kErrorAfter, "500 after the write"});
    choices.push_back({Fault::kTimeoutAfter, "504 after the write"});
    choices.push_back({Fault::kAnswerLost, "answer lost after the write"});
  }
  const Choice& drawn =
      choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random_)];
  ++counts_[drawn.name];
  return drawn.fault;
}

void FaultProxy::Serve(const httplib::Request& request, httplib::Response& response) {
  const HttpMethod method = MethodOf(request.method);
  const bool is_write = method != HttpMethod::kGet;
  const Fault fault = Draw(is_write, false, is_write && method != HttpMethod::kPost);
  switch (fault) {
    case Fault::kConflict:
      return Refuse(409, "Conflict", response);
    case Fault::kTooMany:
      response.set_header("Retry-After", "1");
      return Refuse(429, "TooManyRequests", response);
    case Fault::kError:
      return Refuse(500, "InternalError", response);
    case Fault::kNone:
    case Fault::kErrorAfter:
    case Fault::kTimeoutAfter:
    case Fault::kAnswerLost:
    case Fault::kExpired:
      break;
  }
  const auto answer = transport_->Send(Upstream(request, kCallTimeout));
  // An API server that is not there shows as a connection that breaks.
  if (!answer.ok() || fault == Fault::kAnswerLost) return BreakOff(response);
  if (fault == Fault::kErrorAfter) return Refuse(500, "InternalError", response);
  if (fault == Fault::kTimeoutAfter) return Refuse(504, "Timeout", response);
  CopyHead(answer->head, clock_step_, response);
  response.set_content(answer->body, ContentType(answer->head));
}

void FaultProxy::ServeWatch(const httplib::Request& request, httplib::Response& response) {
  const Fault fault = Draw(false, true, false);
  if (fault == Fault::kExpired) return Refuse(410, "Expired", response);
  if (fault == Fault::kError) return Refuse(500, "InternalError", response);
  if (fault == Fault::kTooMany) return Refuse(429, "TooManyRequests", response);
  kube::HttpRequest upstream = Upstream(request, kWatchTimeout);
  upstream.stop = stop_.get_token();
  // Shared with the function that sends it, which must be copyable.
  const std::shared_ptr<kube::HttpStream> stream = transport_->Open(upstream);
  const auto head = stream->Head(kCallTimeout);
  if (!head.ok()) return BreakOff(response);
  CopyHead(*head, clock_step_, response);
  response.set_chunked_content_provider(
      ContentType(*head),
      [this, stream, generation = watch_generation_.load()](std::size_t, httplib::DataSink& sink) {
        if (generation != watch_generation_ || stop_.stop_requested()) return false;
        if (hold_watches_) {
          std::this_thread::sleep_for(kPause);
          return true;
        }
        const auto chunk = stream->Read(kPause);
        if (absl::IsDeadlineExceeded(chunk.status())) return true;
        if (!chunk.ok()) return false;
        if (!chunk->has_value()) {
          sink.done();
          return true;
        }
        return sink.write((*chunk)->data(), (*chunk)->size());
      });
}

}  // namespace berth::harness
