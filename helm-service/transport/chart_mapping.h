#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/status/status.h"
#include "helm-service/domain/chart_index.h"
#include "helm-service/domain/chart_repository.h"

#include "berth/helm/v1/chart.pb.h"
#include "berth/helm/v1/chart_service.pb.h"

namespace berth::helm {

v1::ChartRepository ToProto(const ChartRepository& repository, const CredentialKinds& kinds);

v1::ChartVersion ToProto(const std::string& repository, std::string_view chart,
                         const IndexedVersion& version);

/// What a request sends, checked; violations are of fields below `field`, and repeat nothing that
/// was sent.
RepositoryCredentials ToCredentials(const v1::RepositoryCredentials& proto, std::string_view field,
                                    FieldViolations& violations);

/// As RepositoryName::Parse and so on, with an error that names the field. Errors: INVALID_ARGUMENT
/// (INVALID_FIELD).
absl::StatusOr<RepositoryName> ToRepositoryName(std::string_view field, const std::string& text);
absl::StatusOr<ChartName> ToChartName(std::string_view field, const std::string& text);

}  // namespace berth::helm
