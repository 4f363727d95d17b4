#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/kube/config.h"
#include "common/kube/http_transport.h"

namespace berth::kube {

/// HTTP by libcurl: HTTP/2 where TLS offers it, all requests over as few connections as the server
/// allows. Adds the credentials of the config to every request; a token file is read for each.
///
/// Threads: one of its own runs the multi handle; callers wait for their answers.
/// Lifetime: streams may outlive nothing: destroy them first.
class CurlTransport final : public HttpTransport {
 public:
  /// INVALID_ARGUMENT if the config names no usable server.
  static absl::StatusOr<std::unique_ptr<CurlTransport>> Create(Config config,
                                                               std::string user_agent);
  ~CurlTransport() override;

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override;
  std::unique_ptr<HttpStream> Open(const HttpRequest& request) override;

 private:
  class Loop;
  class Transfer;
  class Stream;

  CurlTransport(Config config, std::string user_agent, std::unique_ptr<Loop> loop);
  /// A transfer that has begun, or that has failed already.
  std::shared_ptr<Transfer> Begin(const HttpRequest& request);

  const Config config_;
  const std::string user_agent_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace berth::kube
