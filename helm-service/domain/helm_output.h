#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/operation/handler.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/helm_log.h"
#include "helm-service/domain/helm_runner.h"
#include "helm-service/domain/redactor.h"

namespace berth::helm {

/// Takes what one Helm process says: publishes it without secrets, keeps what its failure will be
/// explained with, and wakes the operation at its end. OnLine and OnExit are called by the runner's
/// thread, the rest by any.
class HelmOutput {
 public:
  HelmOutput(std::shared_ptr<operation::Reporter> reporter,
             std::shared_ptr<const Redactor> redactor, const Action& action);

  void OnLine(HelmStream stream, const std::string& line);
  void OnExit(absl::StatusOr<HelmExit> exit);

  /// Nothing while it runs.
  std::optional<absl::StatusOr<HelmExit>> exit() const;

  /// The last things it said that are no steps of its work.
  std::vector<std::string> messages() const;

 private:
  const std::shared_ptr<operation::Reporter> reporter_;
  const std::shared_ptr<const Redactor> redactor_;
  HelmLog log_;  // used by OnLine alone
  mutable Mutex mutex_;
  std::deque<std::string> messages_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::StatusOr<HelmExit>> exit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::helm
