#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/domain/exposure_spec.h"
#include "gateway/domain/names.h"
#include "gateway/domain/releases.h"

#include "berth/gateway/v1/gateway_service.pb.h"

// Requests, parsed once. Errors are INVALID_FIELD with every field at fault, or REQUEST_TOO_LARGE
// with metadata `limit_bytes`.
namespace berth::gateway {

struct ExposeWish {
  ExposureKey key;
  ExposureSpec spec;
};
absl::StatusOr<ExposeWish> ParseExpose(const v1::ExposeRequest& request);

struct UnexposeWish {
  ExposureKey key;
  /// Empty for any.
  std::string uid;
  bool allow_missing = false;
};
absl::StatusOr<UnexposeWish> ParseUnexpose(const v1::UnexposeRequest& request);

struct DeployWish {
  ReleaseKey release;
  /// The exposure has the release's name.
  ExposureKey exposure;
  ExposureSpec spec;
};
/// Chart and values are checked as far as that goes without reading them: form and size.
absl::StatusOr<DeployWish> ParseDeploy(const v1::DeployRequest& request);

absl::StatusOr<ReleaseKey> ParseUndeploy(const v1::UndeployRequest& request);

absl::StatusOr<ExposureKey> ParseGetExposure(const v1::GetExposureRequest& request);

}  // namespace berth::gateway
