#pragma once

#include "absl/status/statusor.h"
#include "common/operation/spec.h"

#include "berth/operation/v1/run_options.pb.h"

namespace berth::operation {

/// `spec` with what the caller said in `run`; checked, so that validate_only finds it too.
absl::StatusOr<Spec> WithRunOptions(absl::StatusOr<Spec> spec, const v1::RunOptions& run);

}  // namespace berth::operation
