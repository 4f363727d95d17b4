#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/time.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_store.h"

// Exposure objects as they are stored. Writing changes what was read: fields that this version does
// not know survive.
namespace berth::gateway {

/// Keeps an Exposure until its loop has removed what it holds.
inline constexpr std::string_view kExposureFinalizer = "berth.dev/exposure";
/// Names the operation that created an Exposure and may still take it back.
inline constexpr std::string_view kCreatedByAnnotation = "berth.dev/created-by";
/// Names the release that Deploy made an Exposure for.
inline constexpr std::string_view kReleaseLabel = "berth.dev/release";

/// INTERNAL for an object whose namespace or name no exposure can have. A spec that cannot be read
/// is the exposure's `spec` error.
absl::StatusOr<Exposure> ExposureFromJson(const kube::Json& object);

kube::Json NewExposureJson(const ExposureStore::NewExposure& exposure);

void PutSpec(const ExposureSpec& spec, kube::Json& object);

/// `now` becomes the transition time of conditions whose status changes.
void PutStatus(const ExposureStatus& status, kube::Time now, kube::Json& object);

}  // namespace berth::gateway
