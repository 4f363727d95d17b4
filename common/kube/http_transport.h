#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::kube {

enum class HttpMethod { kGet, kPost, kPut, kPatch, kDelete };

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  /// Path and query, percent-encoded.
  std::string target;
  /// "Name: value".
  std::vector<std::string> headers;
  std::string body;
  /// When to give up. A stream's deadline covers its whole life.
  std::chrono::steady_clock::time_point deadline;
  /// Ends the call with CANCELLED.
  std::stop_token stop;
};

/// The head of an answer.
struct HttpHead {
  int status = 0;
  /// Lower-case names; of repeated headers the last.
  std::map<std::string, std::string> headers;
};

struct HttpResponse {
  HttpHead head;
  std::string body;
};

/// How far a request that failed had come: what decides whether a write may be repeated.
enum class SendState {
  /// No byte of it can have been acted upon.
  kNotSent,
  /// It may have been received and carried out.
  kMaybeSent,
};
/// Read from the failures that HttpTransport returns; kMaybeSent if unsure.
SendState SendStateOf(const absl::Status& failure);
/// A failure of the connection, for implementations of HttpTransport.
absl::Status ConnectionError(SendState state, const std::string& text);

/// The body of an answer while it arrives. Used by one thread at a time; destroying it cancels the
/// request.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// Status and headers; waits for them for at most `wait` (DEADLINE_EXCEEDED).
  virtual absl::StatusOr<HttpHead> Head(std::chrono::milliseconds wait) = 0;
  /// The next bytes of the body, none at its end. Waits until there are some, the stream is stopped
  /// (CANCELLED), the request's deadline passes (UNAVAILABLE), or `idle` passes without any
  /// (DEADLINE_EXCEEDED; the stream goes on, and Read may be called again).
  virtual absl::StatusOr<std::optional<std::string>> Read(std::chrono::milliseconds idle) = 0;
};

/// HTTP to one server. Answers of any status are a success here; failures are of the connection:
/// UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED. Thread safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
  virtual std::unique_ptr<HttpStream> Open(const HttpRequest& request) = 0;
};

}  // namespace berth::kube
