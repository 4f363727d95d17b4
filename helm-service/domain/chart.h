#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"

namespace berth::helm {

/// A chart that Helm fetches itself: `oci://host[:port]/path[:tag][@digest]`, or `https://….tgz`
/// without user, query and fragment (they would carry credentials into Helm's arguments).
class ChartReference {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right. Paths, aliases and anything that could
  /// be read as a flag are refused.
  static absl::StatusOr<ChartReference> Parse(std::string_view text);

  const std::string& value() const { return value_; }
  /// Whether a version may be named beside it.
  bool takes_version() const { return takes_version_; }

 private:
  ChartReference(std::string value, bool takes_version)
      : value_(std::move(value)), takes_version_(takes_version) {}

  std::string value_;
  bool takes_version_;
};

/// A version, or a range of versions, such as "1.2.3" or "^1.2".
class ChartVersion {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ChartVersion> Parse(std::string_view text);

  const std::string& value() const { return value_; }

 private:
  explicit ChartVersion(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// A packaged chart that the caller sent: gzip of tar.
struct ChartArchive {
  std::string bytes;
};

/// A chart to fetch. An empty version means the newest, or what the reference says.
struct RemoteChart {
  ChartReference reference;
  std::string version;
};

using Chart = std::variant<ChartArchive, RemoteChart>;

}  // namespace berth::helm
