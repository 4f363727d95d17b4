#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/operation/handler.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// A handler whose operations begin their effects, say so, and go on when the test lets them: they
/// succeed once their gate is open, and end when they are cancelled or out of time. Any thread.
class GatedHandler final : public Handler {
 public:
  /// What a test may do instead.
  using Behaviour = std::function<Progress(Run& run)>;

  Progress Advance(Run& run) override;
  std::chrono::seconds undo_allowance() const override { return std::chrono::seconds(2); }

  /// Replaces what operations do from now on.
  void Behave(Behaviour behaviour);

  /// Lets the operation with this request_id, or any that comes with it later, succeed.
  void Open(const std::string& request_id);

  /// Waits until the operation has begun here; false if it does not within 20 s.
  bool WaitUntilBegun(const std::string& request_id);

  /// What it reports through; only after WaitUntilBegun.
  std::shared_ptr<Reporter> ReporterOf(const std::string& request_id);

  /// request_ids in the order in which their operations began here.
  std::vector<std::string> begun() const;
  /// Whether it began here after another replica had run it, and without its request.
  bool recovered(const std::string& request_id) const;
  /// The most operations that were between begin and end at one time.
  int most_at_once() const;

 private:
  struct Known {
    bool open = false;
    bool begun = false;
    bool ended = false;
    bool recovered = false;
    std::shared_ptr<Reporter> reporter;
  };

  Progress AdvanceGated(Run& run);
  bool NoteBegun(const Run& run);
  Progress End(const Run& run, Progress progress);

  mutable Mutex mutex_;
  CondVar changed_;
  Behaviour behaviour_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> begun_ ABSL_GUARDED_BY(mutex_);
  int now_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::operation
