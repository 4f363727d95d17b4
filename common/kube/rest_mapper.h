#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/kube/resource.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// A kind that the API server serves.
struct ServedKind {
  std::string group;
  std::string version;
  std::string plural;
  std::string kind;
  Scope scope = Scope::kNamespaced;

  /// Refers to this object's texts.
  Resource resource() const;
};

/// Finds out under which path the API server serves a kind of object, by discovery. Answers are
/// kept for a while, at most 500 versions of groups. Thread safe; calls may block for an API
/// request.
class RestMapper {
 public:
  struct Options {
    /// How long an answer counts.
    std::chrono::milliseconds max_age = std::chrono::minutes(10);
    /// A kind that is not in the answer may have been added since: asked again after so long.
    std::chrono::milliseconds max_age_of_absence = std::chrono::seconds(5);
    CallOptions call = {.timeout = std::chrono::seconds(5)};
  };

  /// Both are borrowed.
  explicit RestMapper(Client& client, Clock& clock = RealClock());
  RestMapper(Client& client, Clock& clock, Options options);

  /// Nothing if the server serves no such kind; names that cannot be a group's or a version's are
  /// not asked for. Errors as under errors.h.
  absl::StatusOr<std::optional<ServedKind>> Find(const std::string& group,
                                                 const std::string& version,
                                                 const std::string& kind);

 private:
  struct Answer {
    Clock::TimePoint asked;
    std::map<std::string, ServedKind> kinds;
  };

  absl::StatusOr<std::shared_ptr<const Answer>> Ask(const std::string& group,
                                                    const std::string& version);

  Client& client_;
  Clock& clock_;
  const Options options_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const Answer>> answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::kube
