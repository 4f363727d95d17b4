#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/http_fetcher.h"
#include "helm-service/domain/oci_reference.h"
#include "helm-service/domain/sha256.h"

namespace berth::helm {

/// Reads charts from registries (OCI distribution). Thread safe; keeps nothing between calls.
class OciClient {
 public:
  struct Options {
    std::size_t largest_chart = std::size_t{16} << 20;
    /// Of all pages together.
    std::size_t most_tags = 20'000;
  };

  /// How to reach one registry.
  struct Access {
    HttpCredentials credentials;
    bool credentials_for_redirects = false;
    /// Speak http:// if the registry does not answer to https://; credentials then travel in the
    /// clear.
    bool allow_plain_http = false;
    /// Asked about every URL outside of the registry itself: where it has tokens made, and where
    /// it redirects to. Empty allows them.
    std::function<absl::Status(std::string_view url)> may_fetch;
    std::chrono::steady_clock::time_point deadline;
    std::stop_token stop;
  };

  struct PulledChart {
    /// The packaged chart; its digest is what the manifest says.
    std::string archive;
    /// Of the manifest.
    Sha256 digest;
  };

  /// `fetcher` outlives the client.
  OciClient(HttpFetcher& fetcher, Options options) : fetcher_(fetcher), options_(options) {}

  /// Reads the chart that a tag or a digest names; the digest counts if both are there. Blocks.
  ///
  /// Errors: NOT_FOUND (CHART_NOT_FOUND), PERMISSION_DENIED (CHART_SOURCE_DENIED), UNAVAILABLE,
  /// RESOURCE_EXHAUSTED and FAILED_PRECONDITION (CHART_SOURCE_UNAVAILABLE), FAILED_PRECONDITION
  /// (CHART_INVALID: not a chart; CHART_DIGEST_MISMATCH), and those of HttpFetcher.
  absl::StatusOr<PulledChart> Pull(const OciReference& reference, const Access& access) const;

  /// All tags of a repository, in the registry's order; the tag and digest of `reference` do not
  /// matter. Blocks. Errors: as Pull.
  absl::StatusOr<std::vector<std::string>> ListTags(const OciReference& reference,
                                                    const Access& access) const;

 private:
  HttpFetcher& fetcher_;
  const Options options_;
};

}  // namespace berth::helm
