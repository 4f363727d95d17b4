#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "helm-service/domain/http_fetcher.h"

namespace berth::helm {

/// HttpFetcher over libcurl: a connection for each call, on the caller's thread. Proxies of the
/// environment are not used.
class CurlHttpFetcher final : public HttpFetcher {
 public:
  struct Options {
    std::string user_agent = "berth-helm-service";
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    /// A server that sends less than a byte a second for so long has stopped.
    std::chrono::seconds stall_timeout = std::chrono::seconds(30);
  };

  explicit CurlHttpFetcher(Options options) : options_(std::move(options)) {}

  absl::StatusOr<FetchResponse> Get(const FetchRequest& request) override;

 private:
  const Options options_;
};

}  // namespace berth::helm
