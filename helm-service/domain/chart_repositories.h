#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "helm-service/domain/http_fetcher.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/version_constraint.h"

namespace berth::helm {

/// One version of a chart in an HTTP repository: what to fetch, and what must come.
struct ResolvedArchive {
  /// As the index writes it.
  std::string version;
  /// https:// (or http:// where allowed), and allowed by the source policy.
  std::string url;
  /// SHA-256 of the archive, 64 lower-case hex digits; empty if the index names none.
  std::string sha256;
  /// Those of the repository if the archive is on the repository's own server, or if the
  /// repository says that others may see them; else none.
  HttpCredentials credentials;
  /// Whether servers that the first one redirects to may see them too.
  bool credentials_for_redirects = false;
};

/// A chart in a registry: its tags are the versions, and the registry knows them.
struct RegistryChart {
  /// oci://host/path/chart, without tag; allowed by the source policy.
  std::string reference;
  HttpCredentials credentials;
  bool credentials_for_redirects = false;
};

using ResolvedChart = std::variant<ResolvedArchive, RegistryChart>;

/// Charts by the name of a repository. Thread safe.
class ChartRepositories {
 public:
  virtual ~ChartRepositories() = default;

  /// Finds the version of `chart` that `versions` asks for, the newest one of several. Blocks for
  /// reads of the repository object, and for the index if it is not in memory.
  ///
  /// Errors: NOT_FOUND (CHART_REPOSITORY_NOT_FOUND, CHART_NOT_FOUND: no such chart, or no such
  /// version), PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED), UNAVAILABLE, FAILED_PRECONDITION and
  /// RESOURCE_EXHAUSTED (CHART_SOURCE_UNAVAILABLE), those of Kubernetes.
  virtual absl::StatusOr<ResolvedChart> Resolve(const RepositoryName& repository,
                                                const ChartName& chart,
                                                const VersionConstraint& versions) = 0;
};

}  // namespace berth::helm
