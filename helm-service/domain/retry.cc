#include "helm-service/domain/retry.h"

namespace berth::helm {

bool IsPassing(const absl::Status& error) {
  return absl::IsUnavailable(error) || absl::IsDeadlineExceeded(error);
}

operation::Progress WaitOrFail(const absl::Status& error) {
  if (IsPassing(error)) return operation::Wait{kRetry};
  return operation::Failed{error};
}

}  // namespace berth::helm
