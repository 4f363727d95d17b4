#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {

/// What Helm prints of a release that it would make.
struct DryRunRelease {
  ReleaseContent content;
  std::string notes;
  int revision = 0;
};

/// Reads the output of `helm upgrade --dry-run --output=json`. The chart, which is in it too, is
/// passed over. Errors: DATA_LOSS for what is no such output.
absl::StatusOr<DryRunRelease> ReadDryRun(const std::string& json);

}  // namespace berth::helm
