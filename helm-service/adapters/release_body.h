#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {

/// What is read from the body of a stored release.
struct ReleaseBody {
  std::string chart_name;
  std::string chart_version;
  std::string app_version;
  /// RFC 3339, or empty.
  std::string first_deployed;
  std::string last_deployed;
  std::string description;
  std::string notes;
};

/// Bound on an unpacked body: a Secret of 1 MiB can hold a gigabyte of zeros.
inline constexpr std::size_t kLargestBody = std::size_t{32} << 20;

/// Reads `data.release` of a release Secret: base64 (the Secret's) of base64 (Helm's) of gzip of
/// JSON. Decodes and unpacks no further than to the chart's metadata, which is far before its
/// templates. Errors: DATA_LOSS (RELEASE_UNREADABLE) for what is not such a body, or has it beyond
/// `limit` unpacked bytes.
absl::StatusOr<ReleaseBody> ReadReleaseBody(std::string_view data,
                                            std::size_t limit = kLargestBody);

/// Reads manifest and hooks of a release from its `data.release`; templates and files, which come
/// before them, are passed over.
/// Errors: DATA_LOSS for what is not such a body, has more than `limit` unpacked bytes or more than
/// 1,000 hooks.
absl::StatusOr<ReleaseContent> ReadReleaseContent(std::string_view data,
                                                  std::size_t limit = kLargestBody);

/// Values of a stored release; both are objects.
struct ReleaseValues {
  nlohmann::json user;
  /// The chart's, with what it took over from subcharts.
  nlohmann::json defaults;
};

/// Reads the values from `data.release`, and keeps nothing else of it. Errors as ReadReleaseBody.
absl::StatusOr<ReleaseValues> ReadReleaseValues(std::string_view data,
                                                std::size_t limit = kLargestBody);

/// The same `data.release` with the release's status and description replaced and everything else
/// kept. Errors: DATA_LOSS for what is not such a body.
absl::StatusOr<std::string> WithStatus(std::string_view data, std::string_view status,
                                       std::string_view description);

}  // namespace berth::helm
