#include "helm-service/adapters/curl_http_fetcher.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/http/curl_handles.h"
#include "common/http/header_line.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::helm {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kMostRedirects = 5;
constexpr std::size_t kMostHeaderBytes = 65'536;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

std::string PartOf(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

/// An absolute URL that may be fetched.
class Url {
 public:
  /// Errors: INVALID_ARGUMENT (INVALID_FIELD).
  static absl::StatusOr<Url> Parse(const std::string& text, bool allow_plain_http) {
    Url url(curl_url());
    if (curl_url_set(url.handle_.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
      return InvalidField("url", "is not a URL");
    }
    RETURN_IF_ERROR(url.Check(allow_plain_http));
    return url;
  }

  /// Where a `Location` leads from here. Errors: as Parse.
  absl::StatusOr<Url> Follow(const std::string& location) const {
    Url next(curl_url_dup(handle_.get()));
    if (curl_url_set(next.handle_.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
      return InvalidField("url", "redirects to what is not a URL");
    }
    RETURN_IF_ERROR(next.Check(PartOf(handle_.get(), CURLUPART_SCHEME) == "http"));
    return next;
  }

  std::string text() const { return PartOf(handle_.get(), CURLUPART_URL); }

  /// Scheme, host and port.
  std::string origin() const {
    return fmt::format("{}://{}:{}", PartOf(handle_.get(), CURLUPART_SCHEME),
                       PartOf(handle_.get(), CURLUPART_HOST),
                       PartOf(handle_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  }

  /// For errors: without a query, in which tokens travel.
  std::string ForPeople() const {
    const UrlHandle bare(curl_url_dup(handle_.get()));
    curl_url_set(bare.get(), CURLUPART_QUERY, nullptr, 0);
    return PartOf(bare.get(), CURLUPART_URL).substr(0, 300);
  }

 private:
  explicit Url(CURLU* handle) : handle_(handle) {}

  absl::Status Check(bool allow_plain_http) const {
    const std::string scheme = PartOf(handle_.get(), CURLUPART_SCHEME);
    if (scheme != "https" && !(allow_plain_http && scheme == "http")) {
      return InvalidField("url", "must be https://, and lead nowhere else");
    }
    for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
      if (!PartOf(handle_.get(), part).empty()) {
        return InvalidField("url", "must be without user and fragment");
      }
    }
    return absl::OkStatus();
  }

  UrlHandle handle_;
};

absl::Status SourceError(StatusCode code, const Url& url, std::string_view why) {
  return Error(code, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
               fmt::format("{}: {}", url.ForPeople(), why));
}

// Whether the same call can succeed later without anybody changing something.
bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_BAD_CONTENT_ENCODING:
      return false;
    default:
      return true;
  }
}

/// One request and its answer, without redirects.
class Exchange {
 public:
  Exchange(const FetchRequest& request, const Url& url) : request_(request), url_(url) {}

  absl::StatusOr<FetchResponse> Run(const CurlHttpFetcher::Options& options,
                                    bool with_credentials) {
    easy_.reset(curl_easy_init());
    if (easy_ == nullptr) return absl::ResourceExhaustedError("no memory for libcurl");
    Prepare(options);
    if (with_credentials) PrepareCredentials();
    if (!request_.if_none_match.empty()) headers_.Add("If-None-Match: " + request_.if_none_match);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    const CURLcode code = curl_easy_perform(easy_.get());
    if (code != CURLE_OK) return Failure(code);
    response_.etag = response_.headers["etag"];
    response_.final_url = url_.text();
    return std::move(response_);
  }

 private:
  void Prepare(const CurlHttpFetcher::Options& options);
  void PrepareCredentials();
  absl::Status Failure(CURLcode code) const;
  void TakeHeader(std::string_view line);

  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const FetchRequest& request_;
  const Url& url_;
  http::EasyHandle easy_;
  http::HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_ = {};
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  FetchResponse response_;
};

void Exchange::Prepare(const CurlHttpFetcher::Options& options) {
  CURL* easy = easy_.get();
  const auto left = std::chrono::ceil<milliseconds>(request_.deadline - steady_clock::now());
  curl_easy_setopt(easy, CURLOPT_URL, url_.text().c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::max<std::int64_t>(1, left.count())));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (request_.accept_compressed) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Exchange::OnProgress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
  if (!request_.credentials.ca_pem.empty()) {
    curl_blob ca = http::BlobOf(request_.credentials.ca_pem);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
  }
}

void Exchange::PrepareCredentials() {
  CURL* easy = easy_.get();
  const HttpCredentials& credentials = request_.credentials;
  if (const auto* basic = std::get_if<BasicCredentials>(&credentials.authorization)) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, basic->username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, basic->password.c_str());
  } else if (const auto* bearer = std::get_if<BearerToken>(&credentials.authorization)) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, bearer->token.c_str());
  }
  if (!credentials.client_certificate_pem.empty()) {
    http::SetClientCertificate(easy, credentials.client_certificate_pem,
                               credentials.client_key_pem);
  }
  for (const std::string& header : request_.headers) headers_.Add(header);
}

absl::Status Exchange::Failure(CURLcode code) const {
  if (too_large_) {
    return SourceError(StatusCode::kResourceExhausted, url_,
                       fmt::format("the answer is larger than {} bytes", request_.max_bytes));
  }
  if (request_.stop.stop_requested()) {
    return Error(StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED, "fetching was cancelled");
  }
  if (code == CURLE_OPERATION_TIMEDOUT && steady_clock::now() >= request_.deadline) {
    return Error(StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT,
                 fmt::format("{}: no whole answer in time", url_.ForPeople()));
  }
  // Curl's own text may quote the URL with its query.
  const bool quotes = std::string_view(error_text_.data()).find("://") != std::string_view::npos;
  const char* text = error_text_[0] == '\0' || quotes ? curl_easy_strerror(code) : &error_text_[0];
  return SourceError(MayPass(code) ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                     url_, text);
}

void Exchange::TakeHeader(std::string_view line) {
  if (const std::optional<int> status = http::ParseStatusLine(line)) {
    response_.headers.clear();
    response_.status = *status;
    return;
  }
  std::optional<http::HeaderField> field = http::ParseHeaderLine(line);
  if (field.has_value()) response_.headers[field->name] = std::move(field->value);
}

std::size_t Exchange::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  Exchange& exchange = *static_cast<Exchange*>(self);
  exchange.header_bytes_ += size * count;
  if (exchange.header_bytes_ > kMostHeaderBytes) {
    exchange.too_large_ = true;
    return 0;
  }
  exchange.TakeHeader(std::string_view(data, size * count));
  return size * count;
}

std::size_t Exchange::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  Exchange& exchange = *static_cast<Exchange*>(self);
  std::string& body = exchange.response_.body;
  if (size * count > exchange.request_.max_bytes - body.size()) {
    exchange.too_large_ = true;
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

int Exchange::OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(self)->request_.stop.stop_requested() ? 1 : 0;
}

bool HasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

// A line break would begin a header of its own.
absl::Status CheckHeaders(const FetchRequest& request) {
  const auto* bearer = std::get_if<BearerToken>(&request.credentials.authorization);
  bool bad =
      HasControls(request.if_none_match) || (bearer != nullptr && HasControls(bearer->token));
  for (const std::string& header : request.headers) bad = bad || HasControls(header);
  return bad ? InvalidField("headers", "must not contain control characters") : absl::OkStatus();
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

absl::StatusOr<FetchResponse> CurlHttpFetcher::Get(const FetchRequest& request) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return absl::InternalError("libcurl cannot be initialised");
  RETURN_IF_ERROR(CheckHeaders(request));
  ASSIGN_OR_RETURN(Url url, Url::Parse(request.url, request.allow_plain_http));
  const std::string first = url.origin();
  for (int redirects = 0;; ++redirects) {
    if (request.may_fetch != nullptr) RETURN_IF_ERROR(request.may_fetch(url.text()));
    const bool trusted = request.credentials_for_redirects || url.origin() == first;
    ASSIGN_OR_RETURN(FetchResponse response, Exchange(request, url).Run(options_, trusted));
    if (!IsRedirect(response.status)) return response;
    if (redirects == kMostRedirects) {
      return SourceError(StatusCode::kFailedPrecondition, url, "redirects too often");
    }
    absl::StatusOr<Url> next = url.Follow(response.headers["location"]);
    if (!next.ok()) {
      return SourceError(StatusCode::kFailedPrecondition, url,
                         "redirects to where Berth does not follow (https:// only)");
    }
    url = *std::move(next);
  }
}

}  // namespace berth::helm
