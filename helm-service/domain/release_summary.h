#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "helm-service/domain/release.h"

namespace berth::helm {

/// Which chart a revision was made from.
struct ChartIdentity {
  std::string name;
  std::string version;
  std::string app_version;

  friend auto operator<=>(const ChartIdentity&, const ChartIdentity&) = default;
};

/// What the body of a stored revision adds to its labels in a list. Never changed once made.
struct RevisionFacts {
  using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

  /// Never null; shared by all revisions of one chart, for a cluster has many of them.
  std::shared_ptr<const ChartIdentity> chart;
  std::optional<Time> first_deployed;
  std::optional<Time> last_deployed;
  /// Helm's; cut to 512 bytes.
  std::string description;
};

/// What lists show of a revision.
struct ReleaseSummary {
  ReleaseKey key;
  RevisionInfo info;
  /// resourceVersion of the Secret that says so.
  std::uint64_t version = 0;
  Labels labels;
  /// Null until the body was read.
  std::shared_ptr<const RevisionFacts> facts;
};

/// Shared by the index, lists and watches; a change makes a new one.
using Summary = std::shared_ptr<const ReleaseSummary>;

}  // namespace berth::helm
