#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/oci_reference.h"
#include "helm-service/domain/sha256.h"
#include "helm-service/domain/version_constraint.h"

namespace berth::helm {

/// Where a packaged chart lies on a web server: `https://….tgz` without user, query and fragment,
/// which could carry credentials.
class ChartUrl {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ChartUrl> Parse(std::string_view text);

  const std::string& value() const { return value_; }

 private:
  explicit ChartUrl(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// A packaged chart: gzip of tar.
struct ChartArchive {
  std::string bytes;
};

/// A packaged chart on a web server.
struct UrlChart {
  ChartUrl url;
  /// What it must be.
  std::optional<Sha256> sha256;
};

/// A chart in a registry.
struct OciChart {
  OciReference reference;
  /// Which tag to take where the reference has neither tag nor digest.
  VersionConstraint versions;
};

/// A chart of a repository that Berth knows by name.
struct RepositoryChart {
  RepositoryName repository;
  ChartName chart;
  VersionConstraint versions;
};

using Chart = std::variant<ChartArchive, UrlChart, OciChart, RepositoryChart>;

/// Where a chart comes from, for people: "oci://host/web", "stable/web", "an archive".
std::string DescribeSource(const Chart& chart);

}  // namespace berth::helm
