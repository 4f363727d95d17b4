#include "helm-service/transport/chart_source_mapping.h"

#include <string>
#include <utility>

#include "helm-service/domain/chart_archive.h"
#include "helm-service/transport/collect.h"

namespace berth::helm {
namespace {

std::optional<Chart> ToArchive(const v1::ChartSource& source, FieldViolations& violations) {
  constexpr ArchiveLimits kLimits;
  if (source.archive().empty()) violations.Add("chart.archive", "must not be empty");
  if (source.archive().size() > kLimits.packed_bytes) {
    violations.Add("chart.archive", "must be at most 16 MiB");
  }
  return ChartArchive{source.archive()};
}

std::optional<Chart> ToOciChart(const v1::ChartSource& source, FieldViolations& violations) {
  std::optional<OciReference> reference =
      Collect(violations, "chart.reference", OciReference::Parse(source.reference()));
  std::optional<VersionConstraint> versions =
      Collect(violations, "chart.version", VersionConstraint::Parse(source.version()));
  if (!reference.has_value() || !versions.has_value()) return std::nullopt;
  const bool is_exact = reference->tag().has_value() || reference->digest().has_value();
  if (is_exact && !source.version().empty()) {
    violations.Add("chart.version", "only goes with an oci:// reference without tag or digest");
  }
  return OciChart{*std::move(reference), *std::move(versions)};
}

std::optional<Chart> ToUrlChart(const v1::ChartSource& source, FieldViolations& violations) {
  std::optional<ChartUrl> url =
      Collect(violations, "chart.reference", ChartUrl::Parse(source.reference()));
  std::optional<Sha256> sha256;
  if (!source.sha256().empty()) {
    sha256 = Collect(violations, "chart.sha256", Sha256::Parse(source.sha256()));
  }
  if (!url.has_value()) return std::nullopt;
  return UrlChart{*std::move(url), std::move(sha256)};
}

std::optional<Chart> ToRepositoryChart(const v1::RepositoryChart& source,
                                       FieldViolations& violations) {
  std::optional<RepositoryName> repository = Collect(violations, "chart.repository.repository",
                                                     RepositoryName::Parse(source.repository()));
  std::optional<ChartName> chart =
      Collect(violations, "chart.repository.chart", ChartName::Parse(source.chart()));
  std::optional<VersionConstraint> versions =
      Collect(violations, "chart.repository.version", VersionConstraint::Parse(source.version()));
  if (!repository.has_value() || !chart.has_value() || !versions.has_value()) return std::nullopt;
  return RepositoryChart{*std::move(repository), *std::move(chart), *std::move(versions)};
}

}  // namespace

std::optional<Chart> ToChart(const v1::ChartSource& source, FieldViolations& violations) {
  const bool is_reference = source.source_case() == v1::ChartSource::kReference;
  const bool is_oci = is_reference && source.reference().starts_with("oci://");
  if (!is_oci && !source.version().empty()) {
    violations.Add("chart.version", "only goes with an oci:// reference without tag or digest");
  }
  if ((!is_reference || is_oci) && !source.sha256().empty()) {
    violations.Add("chart.sha256", "only goes with an https:// reference");
  }
  switch (source.source_case()) {
    case v1::ChartSource::kArchive:
      return ToArchive(source, violations);
    case v1::ChartSource::kReference:
      return is_oci ? ToOciChart(source, violations) : ToUrlChart(source, violations);
    case v1::ChartSource::kRepository:
      return ToRepositoryChart(source.repository(), violations);
    case v1::ChartSource::SOURCE_NOT_SET:
      break;
  }
  violations.Add("chart", "must have `archive`, `reference` or `repository`");
  return std::nullopt;
}

}  // namespace berth::helm
