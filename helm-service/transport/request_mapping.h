#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/unlock_handler.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

/// A request as an action, every field checked. Errors: INVALID_ARGUMENT (INVALID_FIELD with all
/// fields at fault, REQUEST_TOO_LARGE); never with a value in them.
absl::StatusOr<Action> ToAction(const v1::InstallReleaseRequest& request);
absl::StatusOr<Action> ToAction(const v1::UpgradeReleaseRequest& request);
absl::StatusOr<Action> ToAction(const v1::RollbackReleaseRequest& request);
absl::StatusOr<Action> ToAction(const v1::UninstallReleaseRequest& request);
absl::StatusOr<Action> ToAction(const v1::TestReleaseRequest& request);
absl::StatusOr<Unlock> ToUnlock(const v1::UnlockReleaseRequest& request);

/// The release that a request names. Errors: INVALID_ARGUMENT (INVALID_FIELD).
absl::StatusOr<ReleaseKey> ToReleaseKey(const std::string& ns, const std::string& name);

}  // namespace berth::helm
