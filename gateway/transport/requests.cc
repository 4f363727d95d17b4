#include "gateway/transport/requests.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/transport/exposure_proto.h"

namespace berth::gateway {
namespace {

constexpr std::size_t kMaxValuesBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxArchiveBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxReference = 2048;
constexpr std::string_view kGzipMagic = "\x1f\x8b\x08";

template <typename T>
std::optional<T> Checked(absl::StatusOr<T> value, const std::string& field,
                         FieldViolations& violations) {
  if (!value.ok()) {
    violations.AddAll(field, value.status());
    return std::nullopt;
  }
  return *std::move(value);
}

absl::StatusOr<ExposureKey> KeyOf(const std::string& ns, const std::string& name) {
  FieldViolations violations;
  auto parsed_ns = Checked(Namespace::Parse(ns), "namespace", violations);
  auto parsed_name = Checked(ExposureName::Parse(name), "name", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return ExposureKey{*std::move(parsed_ns), *std::move(parsed_name)};
}

absl::StatusOr<ReleaseKey> ReleaseOf(const std::string& ns, const std::string& name) {
  FieldViolations violations;
  auto parsed_ns = Checked(Namespace::Parse(ns), "namespace", violations);
  auto parsed_name = Checked(ReleaseName::Parse(name), "name", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return ReleaseKey{*std::move(parsed_ns), *std::move(parsed_name)};
}

absl::Status TooLarge(std::string_view what, std::size_t limit) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_REQUEST_TOO_LARGE,
               fmt::format("{} take more than {} bytes", what, limit))
      .WithMetadata("limit_bytes", std::to_string(limit));
}

absl::Status CheckSizes(const v1::DeployRequest& request) {
  if (request.chart().archive().size() > kMaxArchiveBytes) {
    return TooLarge("the chart's archive", kMaxArchiveBytes);
  }
  std::size_t bytes = 0;
  for (const helm::v1::ValuesSource& values : request.values()) {
    bytes += values.ByteSizeLong();
  }
  return bytes > kMaxValuesBytes ? TooLarge("the values", kMaxValuesBytes) : absl::OkStatus();
}

bool IsReference(std::string_view text) {
  const bool remote = text.starts_with("oci://") || text.starts_with("https://");
  return remote && text.size() <= kMaxReference &&
         text.find_first_of(" \t\r\n") == std::string_view::npos;
}

void CheckChart(const helm::v1::ChartSource& chart, FieldViolations& violations) {
  switch (chart.source_case()) {
    case helm::v1::ChartSource::kArchive:
      if (!std::string_view(chart.archive()).starts_with(kGzipMagic)) {
        violations.Add("chart.archive", "is not a packaged chart (.tgz)");
      }
      return;
    case helm::v1::ChartSource::kReference:
      if (!IsReference(chart.reference())) {
        violations.Add("chart.reference", "is neither oci://… nor https://….tgz");
      }
      return;
    case helm::v1::ChartSource::kRepository:
      if (chart.repository().repository().empty() || chart.repository().chart().empty()) {
        violations.Add("chart.repository", "needs a repository and a chart");
      }
      return;
    case helm::v1::ChartSource::SOURCE_NOT_SET:
      violations.Add("chart", "an archive, a reference or a repository is required");
      return;
  }
}

/// The ports asked for, or the only port of the only Service.
absl::StatusOr<std::vector<PortWish>> PortsOf(const v1::DeployRequest& request) {
  if (request.ports().empty()) {
    return std::vector<PortWish>{{.name = DefaultEntryName(), .target_port = OnlyPort{}}};
  }
  return PortsFromProto(request.ports());
}

std::optional<Target> TargetOf(const v1::DeployRequest& request,
                               const std::optional<ReleaseKey>& release,
                               FieldViolations& violations) {
  if (!request.service().empty()) {
    return Checked(ServiceName::Parse(request.service()), "service", violations);
  }
  return release.has_value() ? std::optional<Target>(release->name) : std::nullopt;
}

}  // namespace

absl::StatusOr<ExposeWish> ParseExpose(const v1::ExposeRequest& request) {
  FieldViolations violations;
  auto spec = Checked(SpecFromProto(request.spec()), "spec", violations);
  std::string name = request.name();
  if (name.empty()) {
    // Any name will do while the spec that it is derived from is at fault.
    name = spec.has_value() ? DerivedName(*spec).str() : "unnamed";
  }
  auto key = Checked(KeyOf(request.namespace_(), name), "", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return ExposeWish{*std::move(key), *std::move(spec)};
}

absl::StatusOr<UnexposeWish> ParseUnexpose(const v1::UnexposeRequest& request) {
  ASSIGN_OR_RETURN(ExposureKey key, KeyOf(request.namespace_(), request.name()));
  return UnexposeWish{std::move(key), request.uid(), request.allow_missing()};
}

absl::StatusOr<DeployWish> ParseDeploy(const v1::DeployRequest& request) {
  RETURN_IF_ERROR(CheckSizes(request));
  FieldViolations violations;
  auto release = Checked(ReleaseOf(request.namespace_(), request.name()), "", violations);
  auto target = TargetOf(request, release, violations);
  auto pool = Checked(PoolName::Parse(request.pool()), "pool", violations);
  auto ports = Checked(PortsOf(request), "", violations);
  CheckChart(request.chart(), violations);
  RETURN_IF_ERROR(violations.ToStatus());
  ASSIGN_OR_RETURN(ExposureSpec spec,
                   ExposureSpec::Create(*std::move(target), *std::move(pool), *std::move(ports)));
  ASSIGN_OR_RETURN(ExposureName name, ExposureName::Parse(release->name.str()));
  ExposureKey exposure{release->ns, std::move(name)};
  return DeployWish{*std::move(release), std::move(exposure), std::move(spec)};
}

absl::StatusOr<ReleaseKey> ParseUndeploy(const v1::UndeployRequest& request) {
  return ReleaseOf(request.namespace_(), request.name());
}

absl::StatusOr<ExposureKey> ParseGetExposure(const v1::GetExposureRequest& request) {
  return KeyOf(request.namespace_(), request.name());
}

}  // namespace berth::gateway
