#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/domain/exposure.h"

namespace berth::gateway {

/// The stored exposures, as those who wish for one see them. Every call may block for a bounded
/// time. Writes go through only if the object still is as `seen`: ABORTED otherwise, NOT_FOUND once
/// it is gone. An error of another code may hide a write that went through: read again.
class ExposureStore {
 public:
  virtual ~ExposureStore() = default;

  /// Read consistently; nothing if there is none.
  virtual absl::StatusOr<std::optional<Exposure>> Get(const ExposureKey& key) = 0;
  /// Those of a namespace, read consistently.
  virtual absl::StatusOr<std::vector<Exposure>> List(const Namespace& ns) = 0;

  struct NewExposure {
    ExposureKey key;
    ExposureSpec spec;
    /// The operation that makes it.
    std::string created_by;
    /// The release that it is deployed for; empty for none.
    std::string deployed_release;
  };
  /// With its finalizer from the start. ALREADY_EXISTS if the name is taken; FAILED_PRECONDITION
  /// (NAMESPACE_NOT_FOUND) if the namespace is missing or going.
  virtual absl::Status Create(const NewExposure& exposure) = 0;
  virtual absl::Status ReplaceSpec(const Exposure& seen, const ExposureSpec& spec) = 0;
  /// From then on no operation takes the exposure back.
  virtual absl::Status DropCreatedBy(const Exposure& seen) = 0;
  /// Asks for deletion; the object stays until its loop has removed what it holds.
  virtual absl::Status Delete(const Exposure& seen) = 0;
};

/// What only the loop writes. The same rules.
class ExposureKeeper {
 public:
  virtual ~ExposureKeeper() = default;

  virtual absl::Status AddFinalizer(const Exposure& seen) = 0;
  virtual absl::Status DropFinalizer(const Exposure& seen) = 0;
  virtual absl::Status WriteStatus(const Exposure& seen, const ExposureStatus& status) = 0;
};

}  // namespace berth::gateway
