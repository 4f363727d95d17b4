#include "common/operation/run_options.h"

#include <chrono>

#include "common/operation/spec_check.h"
#include "common/status/macros.h"

namespace berth::operation {

absl::StatusOr<Spec> WithRunOptions(absl::StatusOr<Spec> spec, const v1::RunOptions& run) {
  RETURN_IF_ERROR(spec.status());
  spec->request_id = run.request_id();
  spec->parent = run.parent_operation();
  if (run.has_timeout()) {
    const bool fraction = run.timeout().nanos() > 0;
    spec->timeout = std::chrono::seconds(run.timeout().seconds() + (fraction ? 1 : 0));
  }
  RETURN_IF_ERROR(CheckSpec(*spec));
  return spec;
}

}  // namespace berth::operation
