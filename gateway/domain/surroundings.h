#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/domain/held.h"
#include "gateway/domain/names.h"
#include "gateway/domain/target.h"

namespace berth::gateway {

/// What an answer may rest on.
enum class Freshness {
  /// A watch that may lag a little.
  kWatched,
  /// The store itself.
  kConsistent,
};

/// What an exposure depends on and does not own. Calls may block for a bounded time.
class Surroundings {
 public:
  virtual ~Surroundings() = default;

  /// Claims and rules that carry this exposure's uid.
  virtual absl::StatusOr<Held> HeldBy(const std::string& exposure_uid, Freshness freshness) = 0;
  virtual absl::StatusOr<std::vector<Service>> Services(const Namespace& ns,
                                                        Freshness freshness) = 0;
  /// Whether the namespace is being deleted, or gone.
  virtual absl::StatusOr<bool> IsTerminating(const Namespace& ns) = 0;
  /// Whether the operation ended without success. One that is not known any more did not.
  virtual absl::StatusOr<bool> EndedWithoutSuccess(const std::string& operation) = 0;
};

}  // namespace berth::gateway
