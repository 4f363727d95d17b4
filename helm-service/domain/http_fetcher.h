#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

struct BasicCredentials {
  std::string username;
  std::string password;
};

struct BearerToken {
  std::string token;
};

/// What a client shows to a server, and how it knows that server.
struct HttpCredentials {
  std::variant<std::monostate, BasicCredentials, BearerToken> authorization;
  /// PEM; both or none.
  std::string client_certificate_pem;
  std::string client_key_pem;
  /// PEM, in place of the system's authorities; empty for those.
  std::string ca_pem;
};

struct FetchRequest {
  /// https://, without user and fragment.
  std::string url;
  /// "Name: value", for the first server only as credentials are.
  std::vector<std::string> headers;
  HttpCredentials credentials;
  /// An ETag: the answer may be 304 without a body.
  std::string if_none_match;
  /// Of the body, unpacked. More is RESOURCE_EXHAUSTED.
  std::size_t max_bytes = std::size_t{1} << 20;
  /// Let the server pack the body on its way; not for what is digested as it was stored.
  bool accept_compressed = false;
  /// Show the credentials to other servers that the first one redirects to, too. The client
  /// certificate and `ca_pem` go along.
  bool credentials_for_redirects = false;
  /// Let `url` be http://, and redirects of such a one too.
  bool allow_plain_http = false;
  /// Asked before anything is sent, for `url` and for where redirects lead; its error ends the
  /// call as it is. Empty allows everything.
  std::function<absl::Status(std::string_view url)> may_fetch;
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;
};

struct FetchResponse {
  int status = 0;
  /// Lower-case names; of repeated headers the last.
  std::map<std::string, std::string> headers;
  std::string etag;
  std::string body;
  /// Where the body came from, after redirects.
  std::string final_url;
};

/// Reads from web servers. Thread safe.
class HttpFetcher {
 public:
  virtual ~HttpFetcher() = default;

  /// Follows redirects, five at the most, https:// only; another server (scheme, host or port) sees
  /// neither headers nor credentials unless asked for. Blocks until the deadline, `stop` or the
  /// answer. An answer of any other status is a success here.
  ///
  /// Errors, in none of which is a credential or a query: UNAVAILABLE and FAILED_PRECONDITION
  /// (CHART_SOURCE_UNAVAILABLE; the latter will not pass by itself, such as an unknown
  /// authority), RESOURCE_EXHAUSTED (CHART_SOURCE_UNAVAILABLE, too large), DEADLINE_EXCEEDED
  /// (OPERATION_TIMEOUT), CANCELLED (CANCELLED), INVALID_ARGUMENT (INVALID_FIELD, not such a URL).
  virtual absl::StatusOr<FetchResponse> Get(const FetchRequest& request) = 0;
};

}  // namespace berth::helm
