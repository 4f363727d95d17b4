#pragma once

#include "absl/status/statusor.h"
#include "helm-service/domain/release_preview.h"
#include "helm-service/domain/secret_policy.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

// The RPCs that render and compare. Each blocks until Helm has ended.

absl::StatusOr<v1::RenderChartResponse> RenderChart(const ReleasePreview& preview,
                                                    const SecretPolicy& policy,
                                                    const v1::RenderChartRequest& request);
absl::StatusOr<v1::PreviewReleaseResponse> PreviewRelease(const ReleasePreview& preview,
                                                          const SecretPolicy& policy,
                                                          const v1::PreviewReleaseRequest& request);
absl::StatusOr<v1::DiffReleaseResponse> DiffRelease(const ReleasePreview& preview,
                                                    const SecretPolicy& policy,
                                                    const v1::DiffReleaseRequest& request);

}  // namespace berth::helm
