#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "helm-service/domain/object_ref.h"

namespace berth::helm {

/// An object that was asked for.
struct LiveObject {
  /// As asked for, without a namespace if its kind lives in the whole cluster.
  ObjectRef ref;
  /// Nothing if it is not there, or the API server serves no such kind.
  std::optional<kube::Json> object;
};

/// Warning events of one namespace from the first Take on. Used by one thread at a time.
class WarningSource {
 public:
  virtual ~WarningSource() = default;

  /// The events that have come since the last call, a few hundred at the most. Does not wait for
  /// any; may block for an API request.
  virtual absl::StatusOr<std::vector<kube::Json>> Take() = 0;
};

/// The log of a container from its beginning, while it is written. Used by one thread at a time.
class LogSource {
 public:
  struct Piece {
    std::vector<std::string> lines;
    /// Nothing more will come.
    bool ended = false;
  };

  virtual ~LogSource() = default;

  /// The lines that have come since the last call; waits at most `wait` for the first of them.
  virtual Piece Take(std::chrono::milliseconds wait) = 0;
};

/// The cluster, as far as following a release needs it. Thread safe. Calls block for an API request
/// or two; errors are those of the Kubernetes client.
class ClusterReader {
 public:
  virtual ~ClusterReader() = default;

  /// An object as the API server remembers it, which may be a moment old.
  virtual absl::StatusOr<LiveObject> Read(const ObjectRef& ref) = 0;

  /// The pods that a Job's controller made for it, a few at the most.
  virtual absl::StatusOr<std::vector<kube::Json>> PodsOfJob(const std::string& ns,
                                                            const std::string& job) = 0;

  virtual std::unique_ptr<WarningSource> FollowWarnings(const std::string& ns) = 0;

  /// What it holds is bounded: the rest of a long log is left out.
  virtual std::unique_ptr<LogSource> FollowLog(const std::string& ns, const std::string& pod,
                                               const std::string& container) = 0;
};

}  // namespace berth::helm
